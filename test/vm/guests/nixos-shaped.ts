import { join } from 'node:path';
import { cached, type Built } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import { run } from '../../../image/lib/host.ts';
import { unpack } from '../../../image/debian/packages.ts';
import { debianSystem, guestSet, oldDiskMegabytes, oldHostName, type OldSystem } from './debian.ts';
import { makeExt4, personalDisk, requireExt4Tools } from '../harness/ext4.ts';
import type { Site } from '../harness/site.ts';

/**
 * An old system whose programs lie where NixOS has them, from Debian's packages: in the store and in
 * /run/current-system/sw/bin, with nothing but sh in /bin and env in /usr/bin. What is no program (libraries above all)
 * stays where Debian's programs look for it, and a script stands in for systemd.
 */

const systemPath = '/nix/store/3v1mq4h7yk0bd8xw9pcs6ra5zjn2lfig-system-path';
const system = `/nix/store/8l2k5dcn0r7gyaw3zh4xvb1qmj6f9sip-nixos-system-${oldHostName}-26.05`;

/** The way of NixOS' scripts with networking.defaultGateway: a route to the gateway, then the one by it. */
const startScript = `#!${systemPath}/bin/bash
export PATH=${systemPath}/bin
ln -sfn ${system} /run/current-system
ln -sfn ${system} /run/booted-system
mkdir -p /run/sshd /run/wrappers/bin
cat /etc/hostname >/proc/sys/kernel/hostname
mount -t securityfs securityfs /sys/kernel/security
modprobe virtio_net
for link in /sys/class/net/*; do
  [ ! -e "$link/device" ] || card=\${link##*/}
done
echo 0 >/proc/sys/net/ipv6/conf/$card/accept_ra
ip link set lo up
ip link set $card up
ip address add 10.0.2.15/32 dev $card
ip address add fd00:da:be:2::15/64 dev $card
ip route replace 10.0.2.2 dev $card proto static
ip route replace default via 10.0.2.2 dev $card proto static
ip route replace default via fd00:da:be:2::2 dev $card proto static
${systemPath}/bin/sshd
while :; do
  sleep 3600 &
  wait
done
`;

/** PATH is set by PAM on NixOS; sshd's own is what it was built with. */
const sshdConfiguration = `HostKey /etc/ssh/ssh_host_rsa_key
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u
UsePAM no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv PATH=/run/current-system/sw/bin
`;

/** A disk of its own with the site's keys on it. */
export async function makeNixosShaped(site: Site): Promise<OldSystem> {
  const shaped = await nixosShaped();
  const file = join(site.directory, 'nixos-shaped.raw');
  const { user, host } = site.keys;
  await personalDisk(join(shaped.path, 'disk.raw'), file, oldDiskMegabytes, [
    { path: '/etc/ssh/authorized_keys.d/root', text: `${user.public} me\n` },
    { path: '/etc/ssh/ssh_host_ed25519_key', text: host.private, mode: 0o600 },
    { path: '/etc/ssh/ssh_host_ed25519_key.pub', text: `${host.public} root@${oldHostName}\n` },
  ]);
  const { path } = await debianSystem('trixie');
  return {
    disks: [{ file, serial: 'nixos-shaped' }],
    boot: {
      from: 'kernel',
      kernel: join(path, 'vmlinuz'),
      initrd: join(path, 'initrd'),
      append: `root=/dev/vda rw console=ttyS0 loglevel=4 init=${system}/init`,
    },
  };
}

async function nixosShaped(): Promise<Built> {
  await requireExt4Tools();
  const debian = await unpack(guestSet('trixie'));
  const recipe = ['NixOS-shaped disk 1', debian, startScript, sshdConfiguration];
  return cached('nixos-shaped-disk', recipe, async directory => {
    const root = join(directory, 'root');
    await run({ doing: 'copying Debian', argv: ['cp', '-a', debian.path, root], timeoutSeconds: 300 });
    moveProgramsToStore(root);
    files.write(join(root, system, 'init'), startScript, 0o755);
    files.symlink(systemPath, join(root, system, 'sw'));
    files.write(join(root, 'etc/fstab'), '/dev/vda / ext4 rw 0 1\n');
    files.write(join(root, 'etc/hostname'), `${oldHostName}\n`);
    files.write(join(root, 'etc/resolv.conf'), 'nameserver 10.0.2.3\n');
    const users = files.readText(join(root, 'etc/passwd'));
    files.write(
      join(root, 'etc/passwd'),
      users.replace(/^root:.*$/m, 'root:x:0:0::/root:/run/current-system/sw/bin/bash'),
    );
    files.write(join(root, 'etc/ssh/sshd_config'), sshdConfiguration);
    for (const name of ['ssh_host_ecdsa_key', 'ssh_host_ecdsa_key.pub'])
      files.remove(join(root, 'etc/ssh', name));
    files.makeDirectory(join(root, 'etc/ssh/authorized_keys.d'));
    await makeExt4(root, join(directory, 'disk.raw'), 1500);
    files.remove(root);
  });
}

function moveProgramsToStore(root: string): void {
  const programs = join(root, systemPath, 'bin');
  files.makeDirectory(join(root, systemPath));
  files.rename(join(root, 'usr/bin'), programs);
  // Some of its links are called like programs that are there already.
  const there = new Set(files.list(programs));
  for (const name of files.list(join(root, 'usr/sbin')))
    if (!there.has(name)) files.rename(join(root, 'usr/sbin', name), join(programs, name));
  // Links of the form ../sbin/NAME.
  files.symlink('bin', join(root, systemPath, 'sbin'));
  for (const path of ['bin', 'sbin', 'usr/sbin', 'usr/local']) files.remove(join(root, path));
  files.symlink(`${systemPath}/bin/bash`, join(root, 'bin/sh'));
  files.symlink(`${systemPath}/bin/env`, join(root, 'usr/bin/env'));
}
