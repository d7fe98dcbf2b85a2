import { basename, join } from 'node:path';
import { cached, type Built } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import { run } from '../../../image/lib/host.ts';
import { unpack, type PackageSet } from '../../../image/debian/packages.ts';
import { appendix } from '../../../image/media/cpio.ts';
import { guestSet, oldDiskMegabytes, oldHostName, type OldSystem } from './debian.ts';
import { makeExt4, personalDisk, requireExt4Tools } from '../harness/ext4.ts';
import { takeModules } from './modules.ts';
import type { Site } from '../harness/site.ts';

/**
 * An old system with nothing of GNU's programs, iproute2, util-linux or systemd, like Alpine, from Debian's packages: busybox
 * is init, shell and all programs, and dropbear is the SSH server. The C library is there for dropbear alone.
 */

const busyboxSet: PackageSet = {
  name: 'busybox-guest',
  variant: 'extract',
  packages: ['busybox-static', 'udhcpc', 'dropbear-bin'],
};

/** For the disk, before it can be read; and for the card, and what `run` asks the kernel for. */
const modules = { initrd: ['virtio_blk'], root: ['virtio_net', 'loop', 'squashfs', 'efivarfs'] };

const hostKeyFile = '/etc/dropbear/dropbear_ed25519_host_key';

const initOfInitrd = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox insmod /lib/virtio_blk.ko
until [ -b /dev/vda ]; do /bin/busybox sleep 1; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
`;

const configuration: Readonly<Record<string, string>> = {
  'etc/inittab': `::sysinit:/etc/rc
ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100
::ctrlaltdel:/sbin/reboot
`,
  'etc/hostname': `${oldHostName}\n`,
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/shadow': 'root:*:20000:0:::::\n',
  'etc/group': 'root:x:0:\n',
  'etc/shells': '/bin/sh\n',
  'etc/fstab': '/dev/vda / ext4 rw 0 1\n',
  'etc/resolv.conf': 'nameserver 10.0.2.3\n',
};

const loopback = 'auto lo\niface lo inet loopback\n\nauto eth0\n';

/** For ifup: /etc/network/interfaces. */
export const busyboxNetworks = {
  static: `${loopback}iface eth0 inet static
	address 10.0.2.15
	netmask 255.255.255.0
	gateway 10.0.2.2
iface eth0 inet6 static
	address fd00:da:be:2::15
	netmask 64
	gateway fd00:da:be:2::2
`,
  leased: `${loopback}iface eth0 inet dhcp\n`,
};

/** dropbear keeps its keys in a form of its own. */
const startScript = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t securityfs securityfs /sys/kernel/security
if [ -d /sys/firmware/efi ]; then
  modprobe efivarfs
  mount -t efivarfs efivarfs /sys/firmware/efi/efivars
fi
mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
hostname -F /etc/hostname
modprobe virtio_net
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_ra
ifup -a
if [ -e /etc/dropbear/given ]; then
  dropbearconvert openssh dropbear /etc/dropbear/given ${hostKeyFile}
  rm /etc/dropbear/given
fi
dropbear -s -r ${hostKeyFile}
`;

/** A disk of its own with the site's keys on it. */
export async function makeBusybox(site: Site, network: keyof typeof busyboxNetworks): Promise<OldSystem> {
  const system = await busyboxSystem();
  const file = join(site.directory, 'busybox.raw');
  const { user, host } = site.keys;
  await personalDisk(join(system.path, 'disk.raw'), file, oldDiskMegabytes, [
    { path: '/root/.ssh/authorized_keys', text: `${user.public} me\n`, mode: 0o600 },
    { path: '/etc/network/interfaces', text: busyboxNetworks[network] },
    { path: '/etc/dropbear/given', text: host.private, mode: 0o600 },
  ]);
  return {
    disks: [{ file, serial: 'busybox' }],
    boot: {
      from: 'kernel',
      kernel: join(system.path, 'vmlinuz'),
      initrd: join(system.path, 'initrd'),
      append: 'console=ttyS0 loglevel=4',
    },
  };
}

async function busyboxSystem(): Promise<Built> {
  await requireExt4Tools();
  const packages = await unpack(busyboxSet);
  const debian = await unpack(guestSet('trixie'));
  const texts = [initOfInitrd, startScript, JSON.stringify(configuration), JSON.stringify(modules)];
  return cached('busybox-disk', ['busybox disk 3', packages, debian, ...texts], async directory => {
    files.copy(join(debian.path, files.readLink(join(debian.path, 'vmlinuz'))), join(directory, 'vmlinuz'));
    const root = join(directory, 'root');
    await run({
      doing: 'copying the packages',
      argv: ['cp', '-a', packages.path, root],
      timeoutSeconds: 300,
    });
    // As base-files has them, which is not among the packages.
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) files.symlink(`usr/${name}`, join(root, name));
    await linkApplets(root);
    files.copy(join(directory, 'vmlinuz'), join(root, 'vmlinuz'));
    const early = await takeModules(debian.path, modules.initrd, join(directory, 'early'));
    await takeModules(debian.path, modules.root, join(root, 'usr/lib/modules'));
    for (const [path, text] of Object.entries(configuration)) files.write(join(root, path), text);
    files.setMode(join(root, 'etc/shadow'), 0o600);
    files.write(join(root, 'etc/rc'), startScript, 0o755);
    for (const event of ['up', 'down', 'pre-up', 'post-down'])
      files.makeDirectory(join(root, `etc/network/if-${event}.d`));
    for (const path of ['etc/dropbear', 'root/.ssh', 'proc', 'sys', 'dev', 'run', 'tmp', 'mnt'])
      files.makeDirectory(join(root, path));
    files.symlink('/run', join(root, 'var/run'));
    files.setMode(join(root, 'root/.ssh'), 0o700);
    await makeExt4(root, join(directory, 'disk.raw'), 256);

    const content = (path: string) => files.readBytes(path);
    const initrd = appendix(0, [
      { path: 'init', content: initOfInitrd, mode: 0o755 },
      { path: 'bin/busybox', content: content(join(root, 'usr/bin/busybox')), mode: 0o755 },
      ...early.files.map(file => ({ path: `lib/${basename(file)}`, content: content(file) })),
    ]);
    files.write(join(directory, 'initrd'), initrd);
    for (const name of ['root', 'early']) files.remove(join(directory, name));
  });
}

/** Where busybox itself would install them. */
async function linkApplets(root: string): Promise<void> {
  const { stdout } = await run({
    doing: 'asking busybox for its programs',
    argv: [join(root, 'usr/bin/busybox'), '--list-full'],
    timeoutSeconds: 20,
  });
  for (const path of stdout.trim().split('\n')) {
    if (!path.endsWith('/busybox')) files.symlink('/bin/busybox', join(root, path));
  }
}
