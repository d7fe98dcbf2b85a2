import { join } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { sectorBytesOf, writeSparse } from '../../../../image/lib/files.ts';

/** Sectors of block devices: those of this machine. What is refused by them: test/unit/image/media/reserved/raw-image.test.ts. */

t.test('a file has none', async t => {
  const file = join(t.testdir({}), 'disk');
  writeSparse(file, 8 * 2 ** 20);
  t.equal(sectorBytesOf(file), null);
  t.throws(() => sectorBytesOf('/nonexistent'), { code: 'ENOENT' });
});

t.test('a disk, and a partition, have what the kernel says', async t => {
  const { stdout } = await realDoors.exec.run({
    doing: 'listing the block devices of this machine',
    argv: ['lsblk', '--noheadings', '--list', '--paths', '--output', 'NAME,LOG-SEC'],
    timeoutSeconds: 30,
  });
  const devices = stdout
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([path = '']) => realDoors.files.exists(path));
  t.ok(devices.length > 0, 'this machine runs from one');
  for (const [path = '', bytes] of devices) t.equal(sectorBytesOf(path), Number(bytes), path);
});
