import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import * as clock from '../../../../agent/host/clock.ts';
import { run } from '../../../../agent/host/exec.ts';
import {
  buildThere,
  copy,
  facts,
  leaveForInstaller,
  remotely,
  sendKey,
  sshOptions,
  tryRemote,
} from '../../guests/anywhere.ts';
import { leasedNetwork, makeDebian } from '../../guests/debian.ts';
import { stageDone } from '../../guests/install.ts';
import { startOld } from '../../guests/leave.ts';
import { hireOperator, type Operator } from '../../guests/operator.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/**
 * A driver in the shape of nixos-anywhere, from a running Debian to the restart into the installed system: the same commands to the
 * same programs in the same order, over real OpenSSH and with real Nix at the other end. What it sends as disko's script
 * and as system is small, but built and copied as those are.
 */

/** As gptfdisk(8) takes them; the system finds its ESP by it. */
const espGuid = 'e5b0e5b0-0001-4000-8000-00000000da0b';
const hostId = '8425e349';

/** Every program that nixos-anywhere, its heredocs and disko's scripts start by name. */
const programs =
  'cat mkdir dirname tail chmod chown cp id uname nohup sleep realpath stat mktemp readlink ln touch rm rmdir install timeout ' +
  'sync grep tar cpio sh bash env sed awk umount mount unshare swapoff findmnt lsblk blkid wipefs reboot nix nix-store nix-env ' +
  'nixos-install nixos-enter zpool zfs sgdisk partprobe udevadm mkfs.vfat blockdev nixos-generate-config nixos-facter ' +
  'jq cryptsetup mdadm mkfs.ext4 mkfs.xfs zvol_wait mkfs.btrfs btrfs pvcreate vgcreate lvcreate vgchange parted sfdisk';

/** What disko runs alone for `--disko-mode mount`, too: it takes what is mounted or imported already as it is. */
const mountScript = `zpool list rpool >/dev/null 2>&1 || zpool import -l -R /mnt rpool
findmnt rpool/root /mnt >/dev/null || mount rpool/root /mnt -o X-mount.mkdir -t zfs
esp=/dev/disk/by-partlabel/disk-main-ESP
findmnt "$esp" /mnt/boot >/dev/null || mount "$esp" /mnt/boot -t vfat -o umask=0077 -o X-mount.mkdir
`;

const diskoScript = `#!/usr/bin/env bash
set -euo pipefail
disk=/dev/vda
umask 0022
wipefs --all --force "$disk"
sgdisk --zap-all "$disk"
sgdisk --new=1:0:+1M --typecode=1:EF02 --new=2:0:+512M --typecode=2:EF00 --partition-guid=2:${espGuid} \\
  --change-name=2:disk-main-ESP --new=3:0:0 --typecode=3:BF01 --change-name=3:disk-main-zfs "$disk"
partprobe "$disk"
udevadm trigger --subsystem-match=block
udevadm settle --timeout 120
mkfs.vfat -F 32 /dev/disk/by-partlabel/disk-main-ESP
test "$(cat /tmp/secret.key)" = the-key
zpool create -f -o ashift=12 -O mountpoint=none -O compression=lz4 -R /mnt rpool /dev/disk/by-partlabel/disk-main-zfs
zfs create -o mountpoint=legacy rpool/root
${mountScript}`;

const configuration = (userKey: string) => `{
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
  networking = { hostName = "anywhere"; hostId = "${hostId}"; useDHCP = false; useNetworkd = true; };
  systemd.network.enable = true;
  systemd.network.networks."10-ethernet" = {
    matchConfig = { Type = "ether"; Kind = "!*"; };
    networkConfig = { DHCP = "yes"; IPv6AcceptRA = true; };
  };
  boot.initrd.systemd.enable = true;
  boot.initrd.availableKernelModules = [ "virtio_pci" "virtio_blk" "virtio_net" ];
  boot.kernelParams = [ "console=ttyS0" ];
  boot.loader.grub.device = "/dev/vda";
  boot.supportedFilesystems = [ "zfs" ];
  boot.zfs.devNodes = "/dev/disk/by-partuuid";
  fileSystems."/" = { device = "rpool/root"; fsType = "zfs"; };
  fileSystems."/boot" = {
    device = "/dev/disk/by-partuuid/${espGuid}";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };
  services.openssh.enable = true;
  users.users.root.openssh.authorizedKeys.keys = [ "${userKey}" ];
}`;

/** Something to build that needs nothing but busybox. */
const small = (flake: string, name: string) => `derivation {
  name = "${name}";
  system = "x86_64-linux";
  builder = "\${builtins.path {
    name = "blob";
    path = "${flake}/blob";
    filter = path: _: baseNameOf path == "busybox";
  }}/busybox";
  args = [ "sh" "-c" "echo built >$out" ];
}`;

/** Builds the two store paths that nixos-anywhere is given by its flake. */
export async function build(
  operator: Operator,
  userKey: string,
): Promise<{ disko: string; toplevel: string }> {
  const realise = async (what: string, expression: string) =>
    operator.run(`building ${what}`, [
      ...['nix', 'build', '--impure', '--no-link', '--print-out-paths', '--expr', expression],
    ]);
  const tiny = `(builtins.getFlake "path:${operator.flake}")`;
  const script = diskoScript.replaceAll('${', '\\${').replaceAll("''", "'''");
  const toplevel = await realise(
    'the system',
    `(${tiny}.lib.nixosSystem { modules = [ ${configuration(userKey)} ]; }).config.system.build.toplevel`,
  );
  const disko = await realise(
    "disko's script",
    `derivation {
      name = "disko";
      system = "x86_64-linux";
      builder = "\${${tiny}}/blob/busybox";
      args = [ "sh" "-c" "printf %s \\"$script\\" >$out; chmod 755 $out" ];
      script = ''${script}'';
    }`,
  );
  return { disko, toplevel };
}

async function script(site: Site): Promise<void> {
  const operator = await hireOperator(join(site.directory, 'operator'));
  const { disko, toplevel } = await build(operator, site.keys.user.public);
  const debian = await makeDebian(site, { network: leasedNetwork });
  const [disk] = debian.disks;
  assert.ok(disk);
  const { machine } = await startOld(site, debian, { memoryMiB: 1024, limitSeconds: 1500 });
  const remote = await leaveForInstaller(site);
  await stageDone(machine, 'rescue', 30);
  const held = machine.console.stages.find(({ name, state }) => name === 'ssh' && state === 'done');
  assert.ok((held?.seconds ?? 0) >= 5, `port 22 was closed for ${held?.seconds} s with the address up`);

  // Each phase may be a run of its own, which begins with row 1 again. Row 5, as --debug asks it.
  await sendKey(site, remote, remote.key);
  const answers = await remotely(remote, 'enableDebug=-x sh --', `set -fu "$enableDebug"\n${facts}`);
  assert.match(answers, /^isOs=Linux\nisArch=x86_64\n/);
  assert.doesNotMatch(answers, /=n$|=$/m, answers);
  // What a person types is on a terminal.
  assert.match(
    await remotely(remote, 'tty; test -t 1 && echo terminal', undefined, true),
    /\/dev\/pts\/\d+\s+terminal/,
  );
  const missing = await remotely(
    remote,
    `for p in ${programs}; do
      case $(readlink -f "$(command -v $p)") in '' | /usr/lib/dabei/absent) echo $p ;; esac
    done`,
  );
  assert.equal(missing, '', 'programs that are missing, those of the second initrd among them');

  // Row 6, with either backend: what comes on the standard output becomes a file of the flake.
  const hardware = await remotely(remote, 'nixos-generate-config --show-hardware-config --no-filesystems');
  assert.match(
    hardware,
    /^# [^]*"virtio_blk"[^]*nixpkgs\.hostPlatform = lib\.mkDefault "x86_64-linux";\n\}\n$/,
  );
  const report = JSON.parse(await remotely(remote, 'nixos-facter')) as { hardware: { disk: object[] } };
  assert.equal(report.hardware.disk.length, 1);

  // Row 7.
  const system = await remotely(remote, 'nix --extra-experimental-features nix-command config show system');
  assert.equal(system.trim(), 'x86_64-linux');
  // Row 9.
  await remotely(
    remote,
    'sh',
    'mkdir -p ~/.config/nix\necho "extra-substituters = http://10.0.2.2:9/none" >> ~/.config/nix/nix.conf\n' +
      'echo "extra-trusted-public-keys = none:AAAA" >> ~/.config/nix/nix.conf\n',
  );
  await remotely(remote, 'rm ~/.config/nix/nix.conf');
  // Row 10.
  await remotely(remote, 'umask 077; mkdir -p "/tmp"; cat > /tmp/secret.key', 'the-key');

  // Row 11: the script, into the store in RAM. Row 12: run it.
  await copy(operator, remote, site, disko, `ssh://root@127.0.0.1?compress=true&max-connections=1`);
  await remotely(remote, disko);
  const mounted = 'findmnt -n -r -o SOURCE,TARGET -R /mnt';
  assert.match(await remotely(remote, mounted), /^rpool\/root \/mnt\n.* \/mnt\/boot\n$/);
  // --disko-mode mount, as for a machine that was laid out earlier.
  await remotely(remote, 'umount -R /mnt; zpool export rpool');
  await remotely(remote, 'bash -eux -o pipefail', mountScript);
  assert.match(await remotely(remote, mounted), /^rpool\/root \/mnt\n.* \/mnt\/boot\n$/);

  // Row 13: the closure, straight to the disk.
  const target = 'ssh://root@127.0.0.1?remote-store=local%3Froot=%2Fmnt&compress=true';
  await copy(operator, remote, site, toplevel, target);
  await remotely(remote, 'nix-store --store /mnt --verify');
  // The same rows with --build-on remote: in the store in RAM, then in that of the disk.
  for (const [name, settings, root] of [
    ['there', '', ''],
    ['on-disk', '&remote-store=local%3Froot=%2Fmnt', '/mnt'],
  ] as const) {
    const built = await buildThere(operator, remote, site, small(operator.flake, name), settings);
    assert.equal(await remotely(remote, `cat ${root}${built}`), 'built\n');
  }

  // Row 14 and 15.
  const extra = join(site.directory, 'extra');
  files.write(join(extra, 'etc/extra-file'), 'from the operator\n');
  const pipe = `tar -C '${extra}' -cpf- . | ssh -T ${sshOptions(remote).join(' ')} root@127.0.0.1 'tar -C /mnt -xf- --no-same-owner'`;
  await run({ doing: 'copying extra files', argv: ['sh', '-c', pipe], timeoutSeconds: 60 });
  await remotely(remote, 'chmod 755 /mnt');
  await remotely(
    remote,
    'while read file ownership; do chown -R "$ownership" "/mnt/$file"; done',
    '/etc/extra-file 12:34\n',
  );

  // Row 16. A wrong option first: it must be refused, and change nothing.
  const refused = await tryRemote(remote, `nixos-install --system ${toplevel} --no-such-option`);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /--no-such-option/);
  const installed = await remotely(
    remote,
    'sh',
    `set -eu
export PATH="$PATH:/run/current-system/sw/bin"
mkdir -p /mnt/tmp
chmod 777 /mnt/tmp
mkdir -m 755 -p /mnt/etc/ssh
for p in /etc/ssh/ssh_host_*; do
  test -f "$p" || continue
  cp -a "$p" "/mnt/etc/ssh"
done
nixos-install --no-root-passwd --no-channel-copy --system "${toplevel}" 2>&1
`,
  );
  assert.match(installed, /installation finished!/);

  // Row 17 and 18.
  const restarting = clock.uptimeSeconds();
  await remotely(
    remote,
    'sh',
    `if command -v zpool >/dev/null && [ "$(zpool list)" != "no pools available" ]; then
  umount -Rv /mnt/
  swapoff -a
  zpool export -a || true
fi
nohup sh -c 'sleep 6 && reboot' >/dev/null &
`,
  );
  await machine.waitForEnd(90);
  assert.ok(clock.uptimeSeconds() - restarting < 60, 'the restart does not hang');

  // The disk by itself, under the old system's host key.
  const own = await site.start({
    name: 'disk',
    boot: { from: 'disk' },
    memoryMiB: 512,
    disks: [disk],
    limitSeconds: 300,
  });
  const ssh = site.ssh();
  await ssh.waitUntilUp(200);
  assert.equal((await ssh.run('hostname')).trim(), 'anywhere');
  assert.equal((await ssh.run('readlink -f /run/current-system')).trim(), toplevel);
  assert.match(await ssh.run('stat -c "%u:%g" /etc/extra-file'), /^12:34$/m);
  await own.end();
}

export const nixosAnywhereWorlds: World[] = [
  {
    name: 'nixos-anywhere',
    about: "nixos-anywhere's commands from kexec to reboot, with a real closure: the disk boots by itself",
    limitSeconds: 1600,
    script,
  },
];
