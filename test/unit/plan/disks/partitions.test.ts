import t from 'tap';
import { disksSchema } from '../../../../agent/config/schema.ts';
import {
  espBytes,
  memberGuids,
  minimumDiskBytes,
  swapBytes,
  zfsBytes,
} from '../../../../agent/plan/disks/partitions.ts';
import { GiB, content, disk } from '../../../fixtures/disks.ts';

const MiB = 2 ** 20;

t.test('swap', async t => {
  // [swap, disk size in GiB, RAM in GiB, members, bytes on each member]
  const rows: [number | string, number, number, number, number][] = [
    [0, 20, 1, 1, 0],
    ['3GiB', 20, 1, 1, 3 * GiB],
    ['3GiB', 20, 1, 2, 1.5 * GiB],
    ['1GiB', 20, 1, 3, 342 * MiB],
    ['auto', 500, 0.5, 1, 2 * GiB],
    ['auto', 500, 4, 1, 4 * GiB],
    ['auto', 500, 64, 1, 8 * GiB],
    ['auto', 500, 64, 4, 2 * GiB],
    ['auto', 20, 64, 1, 2.5 * GiB],
    ['auto', 10, 0.5, 1, 1.25 * GiB],
    ['auto', 4, 0.5, 1, 0.5 * GiB],
    ['auto', 3, 0.5, 1, 384 * MiB],
    ['auto', 2.6, 0.5, 1, 0],
  ];
  for (const [swap, size, memory, count, expected] of rows) {
    const members = Array.from({ length: count }, () => disk({ sizeBytes: Math.floor(size * GiB) }));
    const config = disksSchema.parse({ devices: members.map(() => 'only'), swap });
    t.equal(
      swapBytes(config, members, memory * GiB),
      expected,
      `${swap}, ${size} GiB, RAM ${memory} GiB, ${count} disks`,
    );
  }
  const unequal = [disk({ sizeBytes: 100 * GiB }), disk({ sizeBytes: 8 * GiB })];
  const config = disksSchema.parse({ layout: 'mirror', devices: ['/dev/vda', '/dev/vdb'] });
  t.equal(swapBytes(config, unequal, 16 * GiB), GiB, 'the smallest member counts');
});

t.test('sizes', async t => {
  t.equal(minimumDiskBytes(disksSchema.parse({ devices: ['only'] })), 2 * GiB + 515 * MiB);
  t.equal(minimumDiskBytes(disksSchema.parse({ devices: ['only'], swap: '4GiB' })), 6 * GiB + 515 * MiB);
  const config = disksSchema.parse({ devices: ['only'] });
  const esps: [size: number, others: number[], bytes: number][] = [
    [20, [], GiB],
    [16, [16], GiB],
    [15.9, [], 512 * MiB],
    [500, [8], 512 * MiB],
  ];
  for (const [size, others, bytes] of esps) {
    const members = [size, ...others].map(each => disk({ sizeBytes: Math.floor(each * GiB) }));
    t.equal(
      espBytes(config, members),
      bytes,
      `ESP on ${size} GiB and ${others.join(', ') || 'nothing else'}`,
    );
  }
  t.equal(zfsBytes(GiB / 2, disk({ sizeBytes: 20 * GiB + 4095 }), GiB), 19 * GiB - 515 * MiB);
  t.equal(zfsBytes(GiB / 2, disk({ sizeBytes: 0 }), 0), 0);
  const roomy = disksSchema.parse({ devices: ['only'], esp: '1GiB' });
  t.equal(minimumDiskBytes(roomy), 3 * GiB + 3 * MiB, 'with a larger ESP');
  t.equal(espBytes(roomy, [disk({ sizeBytes: 4 * GiB })]), GiB, 'as asked');
  t.equal(zfsBytes(GiB, disk({ sizeBytes: 20 * GiB }), 0), 19 * GiB - 3 * MiB);
});

t.test('GUIDs', async t => {
  const [first] = memberGuids('8425e349', [disk()], [disk()], true);
  for (const guid of Object.values(first!)) {
    t.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  t.equal(new Set(Object.values(first!)).size, 5, 'all differ');
  t.same(
    memberGuids('8425e349', [disk({ path: '/dev/vdz' })], [], true),
    [first],
    'the kernel name does not count',
  );
  t.notSame(memberGuids('8425e34a', [disk()], [], true), [first], 'the host id counts');
  t.equal(memberGuids('8425e349', [disk()], [], false)[0]!.swap, null);

  const moved = disk({
    path: '/dev/vdb',
    aliases: [],
    contents: [content('/dev/vdb4', { partUuid: first!.zfs })],
  });
  const [avoiding] = memberGuids('8425e349', [disk()], [disk(), moved], true);
  t.not(avoiding!.zfs, first!.zfs, 'a GUID of another disk is passed over');
  const own = disk({ contents: [content('/dev/vda4', { partUuid: first!.zfs })] });
  t.same(memberGuids('8425e349', [own], [own], true), [first], 'a GUID of the member itself is taken again');
});
