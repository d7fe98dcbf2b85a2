import { isCrossed, target } from '../../../image/lib/target.ts';
import { join } from 'node:path';
import { cached, type Built } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import { run } from '../../../image/lib/host.ts';
import { unpack, unpackForeign, type PackageSet } from '../../../image/debian/packages.ts';
import { copyOut, makeExt4, personalDisk, requireExt4Tools } from '../harness/ext4.ts';
import type { BootSource, DiskOptions, Firmware } from '../harness/machine/qemu.ts';
import { serialConsole, type Site } from '../harness/site.ts';
import { installPackages } from './second-stage.ts';

/** A small Debian system that somebody rents: what the kexec bundle is started on. */

export type Release = 'bookworm' | 'trixie';

/**
 * Debian 13 with the kernel for rented machines; Debian 12 with the one for all hardware, for network cards that only
 * that one has a driver for.
 */
export function guestSet(release: Release): PackageSet {
  const kernel = release === 'trixie' ? `linux-image-cloud-${target.debian}` : `linux-image-${target.debian}`;
  return {
    name: release === 'trixie' ? 'debian-13-guest' : 'debian-12-guest',
    variant: 'apt',
    packages: [
      ...[kernel, 'initramfs-tools', 'systemd-sysv', 'udev', 'kmod'],
      ...['openssh-server', 'iproute2', 'util-linux'],
    ],
    release,
    ...(isCrossed ? { architecture: target.debian } : {}),
  };
}

/** Files of systemd-networkd; systemd.network(5), systemd.netdev(5). */
export type NetworkUnits = Readonly<Record<string, string>>;

const ownAddresses = `Address=10.0.2.15/32
Address=fd00:da:be:2::15/64
IPv6AcceptRA=no
DNS=10.0.2.3

[Route]
Gateway=10.0.2.2
GatewayOnLink=yes

[Route]
Gateway=fd00:da:be:2::2
`;

export const staticNetwork: NetworkUnits = {
  '10-wired.network': `[Match]\nMACAddress=52:54:00:da:be:01\n\n[Network]\n${ownAddresses}`,
};

export const leasedNetwork: NetworkUnits = {
  '10-wired.network': '[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\n',
};

export const vlanOfBond = 123;

/** Two cards, one of which is active at a time, and a VLAN on them that has the addresses. */
export const bondedNetwork: NetworkUnits = {
  '10-bond0.netdev': '[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n',
  '10-public.netdev': `[NetDev]\nName=public\nKind=vlan\n\n[VLAN]\nId=${vlanOfBond}\n`,
  '20-cards.network': '[Match]\nType=ether\nKind=!*\n\n[Network]\nBond=bond0\n',
  '20-bond0.network':
    '[Match]\nName=bond0\n\n[Network]\nVLAN=public\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n',
  '20-public.network': `[Match]\nName=public\n\n[Network]\n${ownAddresses}`,
};

/** What an old system starts from. */
export interface OldSystem {
  disks: readonly DiskOptions[];
  boot: BootSource;
  firmware?: Firmware;
}

export const oldHostName = 'rented-01';
export const oldMachineId = '0123456789abcdef0123456789abcdef';

export interface DebianOptions {
  release?: Release;
  network: NetworkUnits;
}

export const oldDiskMegabytes = 4096;

/** A disk of its own with the site's keys on it. */
export async function makeDebian(
  site: Site,
  { release = 'trixie', network }: DebianOptions,
): Promise<OldSystem> {
  const system = await debianSystem(release);
  const file = join(site.directory, 'debian.raw');
  const { user, host } = site.keys;
  await personalDisk(join(system.path, 'disk.raw'), file, oldDiskMegabytes, [
    {
      path: '/root/.ssh/authorized_keys',
      text: `# ${user.public} taken out\nno-x11-forwarding ${user.public} me\n`,
      mode: 0o600,
    },
    { path: '/etc/ssh/ssh_host_ed25519_key', text: host.private, mode: 0o600 },
    { path: '/etc/ssh/ssh_host_ed25519_key.pub', text: `${host.public} root@${oldHostName}\n` },
    ...Object.entries(network).map(([name, text]) => ({ path: `/etc/systemd/network/${name}`, text })),
  ]);
  return {
    disks: [{ file, serial: 'debian' }],
    boot: {
      from: 'kernel',
      kernel: join(system.path, 'vmlinuz'),
      initrd: join(system.path, 'initrd'),
      append: `root=/dev/vda rw console=${serialConsole} loglevel=4 systemd.show_status=no`,
    },
  };
}

/** Of a system's directory -> Debian's links to them. */
const bootFiles = { vmlinuz: 'vmlinuz', initrd: 'initrd.img' } as const;

/** Kernel, initrd, and a disk. */
export async function debianSystem(release: Release): Promise<Built> {
  await requireExt4Tools();
  const set = guestSet(release);
  const guest = await (isCrossed ? unpackForeign(set) : unpack(set));
  return cached(`${set.name}-disk`, ['debian disk 2', guest], async directory => {
    const root = join(directory, 'root');
    await run({ doing: 'copying Debian', argv: ['cp', '-a', guest.path, root], timeoutSeconds: 300 });
    if (!isCrossed)
      for (const [name, link] of Object.entries(bootFiles))
        files.copy(join(root, files.readLink(join(root, link))), join(directory, name));
    files.write(join(root, 'etc/fstab'), '/dev/vda / ext4 rw 0 1\n');
    files.write(join(root, 'etc/hostname'), `${oldHostName}\n`);
    files.write(join(root, 'etc/machine-id'), `${oldMachineId}\n`);
    files.write(join(root, 'etc/resolv.conf'), 'search old.example\nnameserver 10.0.2.3\n');
    files.makeDirectory(join(root, 'root/.ssh'));
    files.setMode(join(root, 'root/.ssh'), 0o700);
    files.write(join(root, 'root/.ssh/authorized_keys'), '');
    const wanted = 'etc/systemd/system/multi-user.target.wants/systemd-networkd.service';
    files.symlink('/usr/lib/systemd/system/systemd-networkd.service', join(root, wanted));
    const disk = join(directory, 'disk.raw');
    await makeExt4(root, disk, isCrossed ? 2000 : 1500);
    files.remove(root);
    if (!isCrossed) return;
    await installPackages(disk);
    for (const [name, link] of Object.entries(bootFiles)) await copyOut(disk, link, join(directory, name));
  });
}
