import t from 'tap';
import { filesInOrder, listParts } from '../../../../image/rootfs/parts.ts';
import { manifest } from '../../../../image/rootfs/manifest.ts';
import { ownParts } from '../../../../image/rootfs/own-parts.ts';

t.test('every name stands once', t => {
  const names = [...manifest, ...ownParts].map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  t.end();
});

t.test('a file that no line asks for, and a line that asks for nothing', t => {
  const root = t.testdir({
    etc: { hosts: '127.0.0.1 localhost\n' },
    usr: {
      bin: { nix: 'program', stray: 'nobody asked' },
      sbin: { init: t.fixture('symlink', '../bin/nix') },
    },
  });
  const owners = new Map([['usr/bin/nix', ['Nix']]]);
  t.throws(() => listParts(root, owners), { message: '/usr/bin/stray: no line of the manifest includes it' });
  t.throws(() => listParts(root, owners), { message: '"OpenSSH": no file of the image belongs to it' });
  t.end();
});

t.test('what a start reads lies first, in the order of reading', t => {
  const parts = [
    { name: 'Nix', files: ['usr/bin/nix'] },
    {
      name: 'Node',
      files: ['usr/lib/aarch64-linux-gnu/libuv.so.1.0.0', 'usr/lib/x86_64-linux-gnu/libnode.so.115'],
    },
    { name: 'devices', files: ['usr/bin/udevadm', 'usr/bin/kmod', 'usr/lib/udev/rules.d/60-block.rules'] },
    { name: 'ZFS tools', files: ['usr/sbin/zfs', 'etc/zfs/x', 'etc/inittab'] },
  ];
  t.same(filesInOrder(parts), [
    'etc/inittab',
    'usr/bin/udevadm',
    'usr/bin/kmod',
    'usr/lib/udev/rules.d/60-block.rules',
    'usr/lib/aarch64-linux-gnu/libuv.so.1.0.0',
    'usr/bin/nix',
    'usr/lib/x86_64-linux-gnu/libnode.so.115',
    'etc/zfs/x',
    'usr/sbin/zfs',
  ]);
  t.end();
});
