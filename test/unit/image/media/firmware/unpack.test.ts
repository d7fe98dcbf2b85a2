import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../../../../image/lib/host.ts';

/** The program itself, below a directory in place of the machine's root. */

t.test('an archive that could not be unpacked leaves nothing, and is tried again', async t => {
  const root = t.testdir({ work: { intel: { 'a.ucode': 'firmware', 'b.ucode': 'x'.repeat(200_000) } } });
  const at = (path: string) => join(root, path);
  for (const directory of ['usr/lib/firmware', 'usr/share/dabei/firmware', 'run/dabei', 'dev'])
    mkdirSync(at(directory), { recursive: true });
  writeFileSync(at('usr/lib/firmware/regulatory.db'), '');
  const archive = at('usr/share/dabei/firmware/intel.tar.xz');
  execFileSync('tar', ['-c', '-J', '-f', archive, '-C', at('work'), 'intel']);
  const whole = readFileSync(archive);
  const script = readFileSync(checkout('image/media/firmware/unpack.sh'), 'utf8').replace(
    /(?<=["\s=>])\/(usr|run|dev)\b(?!\/null)/g,
    `${root}/$1`,
  );
  const run = () => spawnSync('sh', ['-c', script, 'firmware', 'intel'], { encoding: 'utf8' });
  const unpacked = () => readdirSync(at('usr/lib/firmware'), { recursive: true }).map(String).toSorted();
  writeFileSync(archive, whole.subarray(0, whole.length - 40));
  t.equal(run().status, 1);
  t.match(readFileSync(at('dev/kmsg'), 'utf8'), /the firmware intel could not be unpacked/);
  t.same(unpacked().filter(path => path.endsWith('.ucode')), []); // prettier-ignore
  t.ok(existsSync(at('usr/lib/firmware/regulatory.db')));
  writeFileSync(archive, whole);
  const again = run();
  t.equal(again.status, 0, again.stderr);
  t.same(unpacked(), ['intel', 'intel/a.ucode', 'intel/b.ucode', 'regulatory.db']);
  t.equal(run().status, 0, 'once is enough');
});
