import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../../../image/lib/host.ts';

/** disko creates a volume, calls zvol_wait and opens /dev/zvol/…. */

const program = readFileSync(checkout('image/rootfs/root/usr/bin/zvol_wait'), 'utf8');

/** @param directory where links are, below zvol/. @param volumes what zfs lists. @param later name of a link that comes while it waits */
function wait(directory: string, volumes: string, later: string) {
  const programs = { udevadm: ':', sleep: `touch '${directory}/zvol/${later}'`, zfs: `printf '${volumes}'` };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  const script = program.replaceAll('/dev/zvol', `${directory}/zvol`).replace('left=60', 'left=2');
  const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
  return spawnSync('dash', ['-c', script], { env, encoding: 'utf8', timeout: 20_000 });
}

t.test('volumes with a device are waited for, up to a limit', async t => {
  const rows: [about: string, volumes: string, status: number, stderr: RegExp][] = [
    ['none', '', 0, /^$/],
    ['there', 'default\\t-\\tthere\\n', 0, /^$/],
    ['without-device', 'none\\t-\\ta\\ndefault\\tunavailable\\tb\\n', 0, /^$/],
    ['later', 'full\\t-\\ta b\\n', 0, /^$/],
    ['never', 'dev\\tavailable\\ttank/x\\n', 1, /^zvol_wait: not there after 60 s: \S+\/zvol\/tank\/x\n$/],
  ];
  const directory = t.testdir(Object.fromEntries(rows.map(([about]) => [about, { zvol: { there: '' } }])));
  for (const [about, volumes, status, stderr] of rows) {
    const result = wait(join(directory, about), volumes, 'a+b');
    t.equal(result.status, status, about);
    t.match(result.stderr, stderr, about);
  }
});
