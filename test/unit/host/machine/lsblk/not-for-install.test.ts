import t from 'tap';
import { node, part, read } from './nodes.ts';

t.test('what is no disk to install to', async t => {
  const devices = [
    node('/dev/loop0', { type: 'loop' }),
    node('/dev/ram0'),
    node('/dev/zram0'),
    node('/dev/fd0'),
    node('/dev/sr0', { type: 'rom' }),
    node('/dev/nbd0', { size: 0 }),
    node('/dev/sdq', { size: 0, rm: true }),
    node('/dev/mmcblk0boot0', { ro: true }),
    node('/dev/mmcblk0rpmb'),
    node('/dev/md127', { type: 'raid1' }),
    node('/dev/mapper/x', { type: 'lvm' }),
  ];
  t.same(read(devices), []);
  t.equal(read([node('/dev/mmcblk0'), node('/dev/xvda'), node('/dev/sdaa'), node('/dev/nvme0n1')]).length, 4);
});

t.test('zvols are listed, as what they are', async t => {
  const virtual = { path: '/sys/devices/virtual/block/zd0', transports: [], devices: [] };
  const [zvol, disk] = read([node('/dev/zd0'), node('/dev/sda')], {
    attachments: new Map([['/dev/zd0', virtual]]),
  });
  t.match(zvol, { path: '/dev/zd0', notHardware: { kind: 'software' } });
  t.notOk(disk!.notHardware);
});

t.test('boot medium', async t => {
  const mountedAt = (...mountpoints: (string | null)[]) =>
    read([node('/dev/sda', { children: [part('/dev/sda1', { mountpoints })] })])[0]!.bootMedium;
  const rows: [(string | null)[], boolean][] = [
    [[], false],
    [[null], false],
    [['[SWAP]'], false],
    [['/mnt'], false],
    [['/mnt/boot'], false],
    [['/mnt2'], true],
    [['/'], true],
    [['/run/medium'], true],
    [['/mnt/nix', '/srv'], true],
  ];
  for (const [mountPoints, expected] of rows)
    t.equal(mountedAt(...mountPoints), expected, JSON.stringify(mountPoints));
});
