import { readFileSync } from 'node:fs';
import t from 'tap';
import { growth, growthLimit } from '../../../support/growth.ts';
import {
  blindDevices,
  describeDisks,
  parseLsblk,
  parseWipefs,
  withMountsOf,
  type DiskSources,
} from '../../../../agent/host/machine/lsblk.ts';

const nothing: DiskSources = {
  links: new Map(),
  signatures: new Map(),
  drivers: new Map(),
  attachments: new Map(),
  pools: [],
};

/** Output of lsblk from util-linux 2.41; in remains.json the loop device is called sda. */
function fixture(name: string) {
  return parseLsblk(readFileSync(new URL(`../../../fixtures/lsblk/${name}.json`, import.meta.url), 'utf8'));
}

/** As lsblk prints a device, of which only some columns matter to a case. */
function node(path: string, columns: object = {}) {
  return {
    path,
    type: 'disk',
    size: 8 * 2 ** 30,
    'log-sec': 512,
    'phy-sec': 512,
    mountpoints: [],
    ...columns,
  };
}

function part(path: string, columns: object = {}) {
  return node(path, { type: 'part', size: 2 ** 30, pttype: 'gpt', ...columns });
}

function read(devices: object[], sources: Partial<DiskSources> = {}) {
  const tree = parseLsblk(JSON.stringify({ blockdevices: devices }));
  return describeDisks(tree, { ...nothing, ...sources });
}

t.test('real output: a running machine with loop devices and zram', async t => {
  const [disk, ...rest] = describeDisks(fixture('host'), nothing);
  t.same(rest, []);
  t.match(disk, {
    path: '/dev/vda',
    sizeBytes: 274877906944,
    logicalSectorBytes: 512,
    physicalSectorBytes: 4096,
    serial: null,
    readOnly: false,
    bootMedium: true,
    contents: [{ device: '/dev/vda', deviceType: 'disk', mountPoints: ['/'] }],
  });
});

t.test(
  'real output: a disk with remains of LVM, LUKS, swap, and of two that libblkid does not tell',
  async t => {
    const tree = fixture('remains');
    t.same(blindDevices(tree), ['/dev/sda4', '/dev/sda5']);
    const signatures = new Map([
      ['/dev/sda4', [{ type: 'linux_raid_member', label: 'host:md0' }]],
      ['/dev/sda5', [{ type: 'zfs_member', label: null }]],
    ]);
    const [disk] = describeDisks(tree, { ...nothing, signatures });
    t.same(
      disk!.contents.map(content => [content.device, content.signature, content.label]),
      [
        ['/dev/sda', 'gpt', null],
        ['/dev/sda1', 'LVM2_member', null],
        ['/dev/sda2', 'crypto_LUKS', null],
        ['/dev/sda3', 'swap', null],
        ['/dev/sda4', 'linux_raid_member', 'host:md0'],
        ['/dev/sda5', 'zfs_member', null],
      ],
    );
    t.match(disk!.contents[1]!.partUuid, /^[0-9a-f-]{36}$/);
    t.equal(disk!.contents[1]!.sizeBytes, 200 * 2 ** 20);
    t.equal(disk!.bootMedium, false);
  },
);

t.test('virtio without a serial number', async t => {
  const links = new Map([['/dev/vda', ['/dev/disk/by-path/virtio-pci-0', '/dev/disk/by-path/pci-0']]]);
  const drivers = new Map([['/dev/vda', ['virtio_blk', 'virtio_pci']]]);
  t.same(read([node('/dev/vda', { tran: 'virtio', model: null, serial: '' })], { links, drivers }), [
    {
      path: '/dev/vda',
      aliases: ['/dev/disk/by-path/pci-0', '/dev/disk/by-path/virtio-pci-0'],
      sizeBytes: 8 * 2 ** 30,
      logicalSectorBytes: 512,
      physicalSectorBytes: 512,
      model: null,
      serial: null,
      wwn: null,
      transport: 'virtio',
      readOnly: false,
      removable: false,
      drivers: ['virtio_blk', 'virtio_pci'],
      bootMedium: false,
      contents: [],
    },
  ]);
});

t.test('NVMe with sectors of 4096 bytes', async t => {
  const [disk] = read([
    node('/dev/nvme0n1', {
      'log-sec': 4096,
      'phy-sec': 4096,
      model: 'SAMSUNG MZVL2  ',
      serial: 'S64D  ',
      wwn: 'eui.002538b',
      tran: 'nvme',
      pttype: 'gpt',
      children: [
        part('/dev/nvme0n1p1', {
          fstype: 'vfat',
          label: 'EFI',
          partuuid: 'ABCDEF00-0000-4000-8000-000000000000',
        }),
      ],
    }),
  ]);
  t.match(disk, {
    logicalSectorBytes: 4096,
    model: 'SAMSUNG MZVL2',
    serial: 'S64D',
    wwn: 'eui.002538b',
    transport: 'nvme',
  });
  t.match(disk!.contents, [
    { device: '/dev/nvme0n1', signature: 'gpt', partUuid: null },
    {
      device: '/dev/nvme0n1p1',
      signature: 'vfat',
      label: 'EFI',
      partUuid: 'abcdef00-0000-4000-8000-000000000000',
    },
  ]);
});

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

t.test('what a disk says of itself makes no lines', async t => {
  const [disk] = read([
    node('/dev/sda', {
      model: 'A\u001b[2JB\u009b',
      serial: 'S\nerror: x\u2028\u202ey',
      fstype: 'ext4',
      label: 'root\r\n',
    }),
  ]);
  t.match(disk, { model: 'AB', serial: 'S error: x y' });
  t.equal(disk!.contents[0]!.label, 'root');
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

t.test('where lsblk is blind', async t => {
  const tree = parseLsblk(
    JSON.stringify({
      blockdevices: [
        node('/dev/sda'),
        node('/dev/sdb', { pttype: 'gpt' }),
        node('/dev/sdc', {
          pttype: 'dos',
          children: [part('/dev/sdc1'), part('/dev/sdc2', { fstype: 'ext4' })],
        }),
        node('/dev/zram0'),
      ],
    }),
  );
  t.same(blindDevices(tree), ['/dev/sda', '/dev/sdc1']);
  const signatures = new Map([
    [
      '/dev/sda',
      [
        { type: 'zfs_member', label: 'tank' },
        { type: 'gpt', label: null },
      ],
    ],
  ]);
  t.match(describeDisks(tree, { ...nothing, signatures })[0]!.contents, [
    { device: '/dev/sda', signature: 'zfs_member+gpt', label: 'tank' },
  ]);
});

t.test('wipefs', async t => {
  t.same(parseWipefs('{\n   "signatures": [\n\n   ]\n}\n'), []);
  t.same(parseWipefs(''), []);
  const signatures = [
    { device: 'sda', offset: '0x0', type: 'vfat', uuid: '9D4E-9263', label: '' },
    { device: 'sda', offset: '0x52', type: 'vfat', uuid: '9D4E-9263', label: 'ESP' },
    { device: 'sda', offset: '0x1fe', type: 'PMBR', uuid: null, label: null },
  ];
  t.same(parseWipefs(JSON.stringify({ signatures })), [
    { type: 'vfat', label: 'ESP' },
    { type: 'PMBR', label: null },
  ]);
  t.throws(() => parseWipefs('wipefs: error'), { code: 'INTERNAL' });
});

t.test('lsblk output that is none', async t => {
  for (const text of [
    '',
    'lsblk: failed',
    '{}',
    '{"blockdevices":[{}]}',
    '{"blockdevices":[{"path":"/dev/sda","size":"8G"}]}',
  ]) {
    t.throws(() => parseLsblk(text), { code: 'INTERNAL' }, JSON.stringify(text));
  }
});

t.test('the mounts of another root directory', async t => {
  const tree = parseLsblk(
    JSON.stringify({
      blockdevices: [
        node('/dev/vda', {
          'maj:min': '254:0',
          children: [
            part('/dev/vda1', { 'maj:min': '254:1', fstype: 'ext4', mountpoints: ['/mnt/image'] }),
            part('/dev/vda2', { 'maj:min': '254:2', fstype: 'btrfs' }),
            part('/dev/vda3', { 'maj:min': '254:3', fstype: 'swap', mountpoints: ['[SWAP]'] }),
          ],
        }),
      ],
    }),
  );
  const mountinfo = [
    '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
    '23 22 0:40 /@data /srv/my\\040data rw shared:2 master:3 - btrfs /dev/vda2 rw,subvolid=256',
    '24 22 0:5 / /dev rw - devtmpfs udev rw',
    '',
  ].join('\n');
  const seen = withMountsOf(tree, mountinfo);
  t.strictSame(
    seen[0]!.children.map(({ mountpoints }) => mountpoints),
    [['/'], ['/srv/my data'], ['[SWAP]']],
  );
  t.equal(describeDisks(seen, nothing)[0]!.bootMedium, true);
  t.equal(describeDisks(seen, { ...nothing, leaving: true })[0]!.bootMedium, false, 'it is going to be left');
});

t.test('and with the mounts of one device, of which containers make thousands', async t => {
  const tree = parseLsblk(JSON.stringify({ blockdevices: [node('/dev/sda', { 'maj:min': '8:0' })] }));
  const mounts = (count: number) =>
    Array.from({ length: count }, (_, index) => `1 1 0:30 / /m${index} rw - btrfs /dev/sda rw`).join('\n');
  t.equal(withMountsOf(tree, mounts(50_000))[0]!.mountpoints.length, 50_000);
  const ratio = growth(mounts, text => withMountsOf(tree, text), 5000);
  t.ok(ratio < growthLimit, `${ratio.toFixed(1)} times as long for twice as many`);
});
