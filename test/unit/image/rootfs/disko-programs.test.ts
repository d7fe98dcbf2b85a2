import { spawnSync } from 'node:child_process';
import { readlinkSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { otherNames } from '../../../../agent/names.ts';
import { diskoPrograms } from '../../../../agent/plan/disko/programs.ts';
import { absentPrograms } from '../../../../image/rootfs/disko-programs.ts';
import { takeFurther } from '../../../../image/rootfs/further-initrds.ts';
import { droppedApplets, manifest } from '../../../../image/rootfs/manifest.ts';
import { walk } from '../../../../image/lib/files.ts';
import { checkout } from '../../../../image/lib/host.ts';

/** Names below usr/bin and usr/sbin of the image, by who provides them. */
const fromDebian = manifest.flatMap(({ files }) => files).filter(path => /^\/usr\/s?bin\//.test(path)).map(path => basename(path)); // prettier-ignore
const ourOwn = walk(checkout('image/rootfs/root/usr')).filter(path => /\/s?bin\//.test(path)).map(path => basename(path)); // prettier-ignore
const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean).filter(name => !droppedApplets.includes(name)); // prettier-ignore

t.test('every program of a NoDeps script is in the image, or says that it is not', async t => {
  t.ok(applets.length > 100, 'busybox of this machine lists its applets');
  const there = new Set([...fromDebian, ...ourOwn, ...applets, ...otherNames]);
  for (const [type, programs] of Object.entries(diskoPrograms))
    t.strictSame(programs.filter(name => !there.has(name) && !absentPrograms.includes(name)), [], type); // prettier-ignore
  t.strictSame(absentPrograms.filter(name => there.has(name)), [], 'none of the absent ones is there'); // prettier-ignore
});

t.test('what disko starts for every disk is in the image itself', async t => {
  const second = manifest.filter(part => part.initrd === 'second').flatMap(({ files }) => files).map(path => basename(path)); // prettier-ignore
  const always = [
    'every script',
    'wipe',
    'gpt',
    'luks',
    'mdadm',
    'zpool',
    'zfs_fs',
    'zfs_volume',
    'swap',
    'nodev',
  ];
  const missing = always.flatMap(type => diskoPrograms[type] ?? [type]).filter(name => second.includes(name));
  t.strictSame([...new Set(missing)], ['pvs', 'vgchange', 'vgremove', 'lvremove', 'sfdisk'], 'LVM and hybrid tables alone'); // prettier-ignore
});

t.test('in the image, a program of the second initrd says where it is', async t => {
  const directory = t.testdir({
    root: { usr: { sbin: { lvm: 'program', sgdisk: 'program' }, lib: { 'liblvm.so': 'library' } } },
  });
  const second = "disko's other tools";
  const owners = {
    'usr/sbin/lvm': second,
    'usr/lib/liblvm.so': second,
    'usr/sbin/pvs': second,
    'usr/sbin/sgdisk': 'disk tools',
  };
  symlinkSync('lvm', join(directory, 'root/usr/sbin/pvs'));
  takeFurther(directory, new Map(Object.entries(owners).map(([path, part]) => [path, [part]])));
  const below = (root: string) => walk(join(directory, root)).map(path => path.slice(directory.length + 1));
  t.strictSame(below('root'), ['root/usr/sbin/lvm', 'root/usr/sbin/pvs', 'root/usr/sbin/sgdisk']);
  t.equal(readlinkSync(join(directory, 'root/usr/sbin/pvs')), '/usr/lib/dabei/absent');
  t.strictSame(below('further-tools'), [
    'further-tools/usr/lib/liblvm.so',
    'further-tools/usr/sbin/lvm',
    'further-tools/usr/sbin/pvs',
  ]);
  t.equal(readlinkSync(join(directory, 'further-tools/usr/sbin/pvs')), 'lvm');
});

t.test('each further initrd has what it needs, and nothing that the image has', async t => {
  const bin = { tor: 'program', lvm: 'program' };
  const lib = { 'libboth.so': 'b', 'libtor.so': 't', 'libimage.so': 'i' };
  const directory = t.testdir({ root: { usr: { bin, lib } } });
  const owners: Record<string, string[]> = {
    'usr/bin/tor': ['Tor'],
    'usr/bin/lvm': ["disko's other tools"],
    'usr/lib/libboth.so': ["disko's other tools", 'Tor'],
    'usr/lib/libtor.so': ['Tor'],
    'usr/lib/libimage.so': ['OpenSSH'],
  };
  takeFurther(directory, new Map(Object.entries(owners)));
  const below = (root: string) => walk(join(directory, root)).map(path => basename(path));
  t.strictSame(below('root'), ['lvm', 'libimage.so'], 'no name of tor: its presence shows the variant');
  t.strictSame(below('further-tools'), ['lvm', 'libboth.so']);
  t.strictSame(below('further-tor'), ['tor', 'libboth.so', 'libtor.so']);
});

t.test('an absent program says what to do instead, and fails like one that is not there', async t => {
  const directory = t.testdir();
  const absent = checkout('image/rootfs/root/usr/lib/dabei/absent');
  for (const name of [...absentPrograms, 'lvcreate']) {
    symlinkSync(absent, join(directory, name));
    const { status, stdout, stderr } = spawnSync(join(directory, name), ['--version'], { encoding: 'utf8' });
    t.strictSame([status, stdout], [127, ''], name);
    const instead = /^(?:mkfs\.)?(?:f2fs|bcachefs)$/.test(name)
      ? /the kernel of this image cannot mount (f2fs|bcachefs); choose ext4, XFS, btrfs or ZFS\n$/
      : (({ rsync: /tar -C/, curl: /nix-prefetch-url/ } as const)[name] ??
        /the kexec bundle, whose file "tools" can be loaded as a second initrd\n$/);
    t.ok(stderr.startsWith(`${name}: not in this image: `), stderr);
    t.match(stderr, instead);
  }
});
