import { join } from 'node:path';
import { cached, type Built } from '../../image/cache.ts';
import * as files from '../../image/files.ts';
import { requireHostPackages, run } from '../../image/host.ts';
import { unpack, type PackageSet } from '../../image/packages.ts';
import type { BootSource, DiskOptions } from './qemu.ts';
import type { Site } from './site.ts';

/** A small Debian system that somebody rents: what the kexec bundle is started on. */

const guestSet: PackageSet = {
  name: 'debian-13-guest',
  variant: 'apt',
  packages: [
    ...['linux-image-cloud-amd64', 'initramfs-tools', 'systemd-sysv', 'udev', 'kmod'],
    ...['openssh-server', 'iproute2'],
  ],
};

/** How the one interface is configured, in networkd's words (systemd.network(5)). */
export const staticNetwork = `[Match]
Type=ether

[Network]
Address=10.0.2.15/32
Address=fd00:da:be:2::15/64
IPv6AcceptRA=no
DNS=10.0.2.3

[Route]
Gateway=10.0.2.2
GatewayOnLink=yes
`;

export const leasedNetwork = `[Match]
Type=ether

[Network]
DHCP=ipv4
`;

/** QEMU 7.2 corrupts flags around cmpxchg16b, which Debian's allocator uses where it is there: double faults. */
export const debianCpu = 'max,-cx16,-la57';

export interface Debian {
  disk: DiskOptions;
  boot: BootSource;
}

export const oldHostName = 'rented-01';
export const oldMachineId = '0123456789abcdef0123456789abcdef';

/** A disk of its own with the site's keys on it. */
export async function makeDebian(site: Site, network: string, megabytes = 4096): Promise<Debian> {
  await requireHostPackages({ '/usr/sbin/mke2fs': 'e2fsprogs', '/usr/sbin/debugfs': 'e2fsprogs' });
  const system = await debianSystem();
  const file = join(site.directory, 'debian.raw');
  await run({
    doing: 'copying the disk of the Debian system',
    argv: ['cp', '--sparse=always', join(system.path, 'disk.raw'), file],
    timeoutSeconds: 120,
  });
  await run({ doing: 'growing it', argv: ['truncate', '--size', `${megabytes}M`, file], timeoutSeconds: 20 });
  const write = (path: string, text: string, mode: number) => {
    const source = join(site.directory, 'file');
    files.write(source, text, mode);
    const [, directory, name] = /^(.*)\/([^/]+)$/.exec(path)!;
    return run({
      doing: `writing ${path} to the disk`,
      argv: ['debugfs', '-w', '-f', '-', file],
      stdin: `cd ${directory}\nrm ${name}\nwrite ${source} ${name}\n`,
      timeoutSeconds: 30,
    });
  };
  const { user, host } = site.keys;
  await write(
    '/root/.ssh/authorized_keys',
    `# ${user.public} taken out\nno-x11-forwarding ${user.public} me\n`,
    0o600,
  );
  await write('/etc/ssh/ssh_host_ed25519_key', host.private, 0o600);
  await write('/etc/ssh/ssh_host_ed25519_key.pub', `${host.public} root@${oldHostName}\n`, 0o644);
  await write('/etc/systemd/network/10-wired.network', network, 0o644);
  return {
    disk: { file, serial: 'debian' },
    boot: {
      from: 'kernel',
      kernel: join(system.path, 'vmlinuz'),
      initrd: join(system.path, 'initrd'),
      append: 'root=/dev/vda rw console=ttyS0 loglevel=4 systemd.show_status=no',
    },
  };
}

/** Kernel, initrd, and a disk without a partition table, made without loop devices (mke2fs(8), -d). */
async function debianSystem(): Promise<Built> {
  const guest = await unpack(guestSet);
  return cached('debian-13-disk', ['debian disk 1', guest], async directory => {
    const root = join(directory, 'root');
    await run({ doing: 'copying Debian', argv: ['cp', '-a', guest.path, root], timeoutSeconds: 300 });
    for (const [name, link] of [
      ['vmlinuz', 'vmlinuz'],
      ['initrd', 'initrd.img'],
    ] as const)
      files.copy(join(root, files.readLink(join(root, link))), join(directory, name));
    files.write(join(root, 'etc/fstab'), '/dev/vda / ext4 rw 0 1\n');
    files.write(join(root, 'etc/hostname'), `${oldHostName}\n`);
    files.write(join(root, 'etc/machine-id'), `${oldMachineId}\n`);
    files.write(join(root, 'etc/resolv.conf'), 'search old.example\nnameserver 10.0.2.3\n');
    files.makeDirectory(join(root, 'root/.ssh'));
    files.setMode(join(root, 'root/.ssh'), 0o700);
    files.write(join(root, 'root/.ssh/authorized_keys'), '');
    files.write(join(root, 'etc/systemd/network/10-wired.network'), '');
    const wanted = 'etc/systemd/system/multi-user.target.wants/systemd-networkd.service';
    files.symlink('/usr/lib/systemd/system/systemd-networkd.service', join(root, wanted));
    await run({
      doing: 'making the disk of the Debian system',
      argv: ['mke2fs', '-q', '-t', 'ext4', '-d', root, join(directory, 'disk.raw'), '1500M'],
      timeoutSeconds: 300,
    });
    files.remove(root);
  });
}
