import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { sectorBytesOf, writeSparse } from '../../../../image/lib/files.ts';
import { dabeiImage } from '../../../../image/media/reserved/command.ts';
import { makeSmallRaw, mediaTools } from '../../../support/small-media.ts';

/** Sectors of block devices: loop devices of this machine. */

t.setTimeout(300_000);
await requireHostPackages({ '/usr/sbin/losetup': 'mount' });

function withLoop<T>(file: string, sectorBytes: number, work: (device: string) => T): T {
  const argv = ['--show', '--find', '--partscan', '--sector-size', `${sectorBytes}`, file];
  const device = execFileSync('losetup', argv, { encoding: 'utf8' }).trim();
  try {
    return work(device);
  } finally {
    execFileSync('losetup', ['--detach', device]);
  }
}

t.test('a file has none; a block device says its own', async t => {
  const file = join(t.testdir({}), 'disk');
  writeSparse(file, 8 * 2 ** 20);
  t.equal(sectorBytesOf(file), null);
  for (const bytes of [512, 4096]) t.equal(withLoop(file, bytes, sectorBytesOf), bytes);
  t.throws(() => sectorBytesOf('/nonexistent'), { code: 'ENOENT' });
});

t.test('an image on a disk is configured in its place, unless nothing starts it from there', async t => {
  const file = await makeSmallRaw(await mediaTools(), t.testdir({}));
  truncateSync(file, 64 * 2 ** 20);
  t.match(
    withLoop(file, 512, device => dabeiImage(['customize', device, '--show'])),
    [/not configured/],
  );
  t.throws(
    () => withLoop(file, 4096, device => dabeiImage(['customize', device, '--show'])),
    /sectors of 4096 bytes/,
  );
});
