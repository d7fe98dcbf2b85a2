import t from 'tap';
import { describeDisks, parseLsblk, withMountsOf } from '../../../../../agent/host/machine/lsblk.ts';
import { node, nothing, part, read } from './nodes.ts';

t.test('SATA with md, LVM and LUKS, stacked: parents first, each once', async t => {
  const crypt = node('/dev/mapper/home', { type: 'crypt', fstype: 'xfs' });
  const volumes = [
    node('/dev/mapper/vg-root', { type: 'lvm', fstype: 'ext4' }),
    node('/dev/mapper/vg-home', { type: 'lvm', fstype: 'crypto_LUKS', children: [crypt] }),
  ];
  const array = node('/dev/md0', { type: 'raid0', fstype: 'LVM2_member', children: volumes });
  const [disk] = read([
    node('/dev/sda', {
      tran: 'sata',
      pttype: 'gpt',
      children: [
        part('/dev/sda1', { fstype: 'linux_raid_member', children: [array] }),
        part('/dev/sda2', { fstype: 'swap', mountpoints: ['[SWAP]'] }),
        part('/dev/sda3', { fstype: 'linux_raid_member', children: [array] }),
      ],
    }),
  ]);
  const devices = disk!.contents.map(content => content.device);
  t.same([...devices].sort(), [
    '/dev/mapper/home',
    '/dev/mapper/vg-home',
    '/dev/mapper/vg-root',
    '/dev/md0',
    '/dev/sda',
    '/dev/sda1',
    '/dev/sda2',
    '/dev/sda3',
  ]);
  const order = (...chain: string[]) => chain.map(device => devices.indexOf(device));
  for (const chain of [
    order('/dev/sda', '/dev/sda1', '/dev/md0', '/dev/mapper/vg-root'),
    order('/dev/sda', '/dev/sda3', '/dev/md0', '/dev/mapper/vg-home', '/dev/mapper/home'),
  ]) {
    t.same(
      chain,
      [...chain].sort((a, b) => a - b),
    );
  }
  t.equal(disk!.bootMedium, false, 'swap is no boot medium');
});

t.test('the children of a repeated node may stand at one of its places only', async t => {
  const bare = node('/dev/md0', { type: 'raid0' });
  const volume = node('/dev/mapper/v', { type: 'lvm' });
  const [disk] = read([
    node('/dev/sda', {
      children: [
        part('/dev/sda1', { children: [{ ...bare, children: [volume] }] }),
        part('/dev/sda2', { children: [bare] }),
      ],
    }),
  ]);
  const devices = disk!.contents.map(content => content.device);
  t.ok(devices.indexOf('/dev/md0') > devices.indexOf('/dev/sda2'));
  t.ok(devices.indexOf('/dev/mapper/v') > devices.indexOf('/dev/md0'));
});

t.test('an imported pool lies on the disks of its vdevs', async t => {
  const pools = [{ name: 'rpool', devices: ['/dev/vda4'], mountPoints: ['/mnt', '/mnt/nix'] }];
  const [vda, vdb] = read(
    [
      node('/dev/vda', {
        pttype: 'gpt',
        children: [part('/dev/vda4', { fstype: 'zfs_member', label: 'rpool' })],
      }),
      node('/dev/vdb', {
        pttype: 'gpt',
        children: [part('/dev/vdb4', { fstype: 'zfs_member', label: 'rpool' })],
      }),
    ],
    { pools },
  );
  t.match(vda!.contents.at(-1), { device: 'rpool', deviceType: 'zpool', mountPoints: ['/mnt', '/mnt/nix'] });
  t.equal(vdb!.contents.length, 2);
});

t.test('trees of any shape', async t => {
  const levels = Array.from({ length: 5000 }, (_, level) =>
    JSON.stringify(node(`/dev/dm-${level}`, { type: level === 0 ? 'disk' : 'crypt' })).slice(0, -1),
  );
  const deep = parseLsblk(`{"blockdevices":[${levels.join(',"children":[')}${'}]'.repeat(levels.length)}}`);
  const devices = describeDisks(deep, nothing)[0]!.contents.map(({ device }) => device);
  t.same([devices.length, devices[0], devices.at(-1)], [4999, '/dev/dm-1', '/dev/dm-4999']);

  const below = part('/dev/sda1', { children: [node('/dev/sda'), part('/dev/sda1'), part('/dev/sda2')] });
  t.same(
    read([node('/dev/sda', { children: [below] })])[0]!.contents.map(({ device }) => device),
    ['/dev/sda1', '/dev/sda2'],
    'a device below itself',
  );

  /** Each level twice: 2^levels paths through so many devices. */
  const twice = (levels: number): object =>
    Array.from({ length: levels }).reduce<object>(
      (below, _, index) => ({
        ...node(`/dev/dm-${index}a`, { type: 'lvm' }),
        children: [below, { ...below, children: [] }],
      }),
      node('/dev/dm-x', { type: 'lvm' }),
    );
  t.equal(read([node('/dev/sda', { children: [twice(200)] })])[0]!.contents.length, 201);
});

t.test('time grows with the number of disks', async t => {
  const seconds = (count: number): number => {
    const devices = Array.from({ length: count }, (_, index) =>
      node(`/dev/sd${index}`, {
        'maj:min': `8:${index}`,
        children: [part(`/dev/sd${index}p1`), part(`/dev/sd${index}p2`, { fstype: 'zfs_member' })],
      }),
    );
    const mountinfo = Array.from(
      { length: count },
      (_, index) => `1 1 8:${index} / /m${index} rw - ext4 /dev/sd${index} rw`,
    );
    const json = JSON.stringify({ blockdevices: devices });
    const start = process.cpuUsage();
    t.equal(describeDisks(withMountsOf(parseLsblk(json), mountinfo.join('\n')), nothing).length, count);
    return process.cpuUsage(start).user / 1e6;
  };
  const [once, fourfold] = [Math.min(seconds(300), seconds(300)), seconds(1200)];
  t.ok(fourfold < once * 10, `300: ${once} s, 1200: ${fourfold} s`);
});
