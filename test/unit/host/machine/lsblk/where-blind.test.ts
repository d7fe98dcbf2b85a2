import t from 'tap';
import {
  blindDevices,
  describeDisks,
  parseLsblk,
  parseWipefs,
} from '../../../../../agent/host/machine/lsblk.ts';
import { node, nothing, part } from './nodes.ts';

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
