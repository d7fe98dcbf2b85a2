import type { Part } from './manifest.ts';

/** Modules of kernel-config/wifi.config, and those that only these need: modules.ts checks that no other needs one of them. */
const wirelessModules = new RegExp(
  '^usr/lib/modules/[^/]+/kernel/(net/(mac80211|rfkill|wireless)/' +
    '|crypto/(asymmetric_keys/pkcs8_key_parser|ccm|cmac|des_generic|md5|sha1_generic)[.]ko$' +
    '|lib/crypto/lib(arc4|des)[.]ko$)',
);

/** Parts that do not come from Debian, or not file by file. The first matching pattern decides. */
export const ownParts: readonly (Omit<Part, 'files'> & { files: RegExp })[] = [
  {
    name: 'dabei',
    why: "the agent, with V8's code cache",
    files: /^usr\/bin\/dabei$/,
  },
  {
    name: 'certificates',
    why: 'HTTPS to substituters, flakes and configurations',
    files: /^etc\/ssl\/certs\//,
  },
  {
    name: 'ZFS modules',
    why: 'the pool that dabei installs to',
    files: /^usr\/lib\/modules\/[^/]+\/extra\//,
  },
  {
    name: 'modules: wireless',
    why: 'what drivers of wireless cards share, and the ciphers that only iwd uses (kernel-config/wifi.config)',
    initrd: 'wifi',
    files: wirelessModules,
  },
  {
    name: 'modules: network',
    why: 'network cards of machines and hypervisors, by vendor; bonds, VLANs, bridges (kernel-config/)',
    files: /^usr\/lib\/modules\/[^/]+\/kernel\/(net|drivers\/net)\//,
  },
  {
    name: 'modules: disks',
    why: 'disk controllers of machines and hypervisors; md and device mapper, to dismantle old arrays and to set up new ones',
    files: /^usr\/lib\/modules\/[^/]+\/kernel\/(block|drivers\/(ata|block|cdrom|md|message|mmc|nvme|scsi))\//,
  },
  {
    name: 'modules: file systems',
    why: 'the ESP and media; ext4, XFS and btrfs, which people rescue or create with disko',
    files: /^usr\/lib\/modules\/[^/]+\/kernel\/fs\//,
  },
  {
    name: 'modules: others',
    why: 'USB, keyboards, watchdogs, Hyper-V, ciphers, compression, and the index by which udev finds modules',
    files: /^usr\/lib\/modules\//,
  },
  {
    name: 'scripts and settings',
    why: "the project's own scripts and settings (image/rootfs/root)",
    files: /^(etc|usr\/lib\/dabei)\/|^usr\/s?bin\/(nixos-enter|nohup|partprobe|zvol_wait)$/,
  },
];
