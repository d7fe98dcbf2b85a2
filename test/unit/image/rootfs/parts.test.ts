import t from 'tap';
import { filesInOrder, listParts } from '../../../../image/rootfs/parts.ts';
import { manifest, readAtBoot } from '../../../../image/rootfs/manifest.ts';
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

t.test('what every boot reads lies first, part by part', t => {
  const names = [...manifest, ...ownParts].map(({ name }) => name);
  for (const name of readAtBoot) t.ok(names.includes(name), name);
  const parts = [
    { name: 'Nix', files: ['usr/bin/nix'] },
    { name: 'Node', files: ['usr/lib/libnode.so'] },
    { name: 'devices', files: ['usr/bin/udevadm', 'usr/bin/kmod'] },
    { name: 'ZFS tools', files: ['usr/sbin/zfs'] },
  ];
  t.same(filesInOrder(parts), [
    'usr/bin/kmod',
    'usr/bin/udevadm',
    'usr/lib/libnode.so',
    'usr/bin/nix',
    'usr/sbin/zfs',
  ]);
  t.end();
});
