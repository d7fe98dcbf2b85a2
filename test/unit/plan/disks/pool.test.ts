import t from 'tap';
import { arcMaxBytes } from '../../../../agent/plan/disks/pool.ts';

t.test("limit of ZFS' cache while installing", async t => {
  const MiB = 2 ** 20;
  const rows: [number, number][] = [
    [256, 64],
    [1023, 64],
    [1024, 128],
    [2000, 250],
    [65536, 8192],
  ];
  for (const [memory, limit] of rows) t.equal(arcMaxBytes(memory * MiB), limit * MiB, `${memory} MiB`);
  for (let memory = 128; memory < 2 ** 20; memory *= 2) {
    t.ok(
      arcMaxBytes(memory * MiB) > Math.max((memory * MiB) / 32, 32 * MiB),
      'above the lower limit, or it is ignored',
    );
  }
});
