import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { checkout } from '../../../../image/lib/host.ts';

/** image/rootfs/root/usr/lib/dabei/swapoff-disks itself, in dash, with a list of swap and a swapoff of the test's own. */

const program = checkout('image/rootfs/root/usr/lib/dabei/swapoff-disks');
const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
const swap = (name: string) => `${name}                              partition\t1024\t\t0\t\t-2\n`;

const rows: [name: string, swaps: string, turnedOff: string, exitCode: number][] = [
  ['none', head, '', 0],
  ['compressed memory alone', head + swap('/dev/zram0'), '', 0],
  ['beside a partition', head + swap('/dev/zram0') + swap('/dev/null'), '/dev/null\n', 0],
  ['of another mount namespace', head + swap('/null'), '/dev/null\n', 0],
  ['a file with a blank in its name', head + swap('/a\\040b'), '/dev/a b\n', 0],
  ['one fails, the next is turned off', head + swap('/fails') + swap('/dev/null'), '/dev/fails\n/dev/null\n', 1],
]; // prettier-ignore

t.test('swap is turned off', async t => {
  const directory = t.testdir();
  const [list, log, swapoff] = ['swaps', 'log', 'swapoff'].map(name => join(directory, name)) as [string, string, string]; // prettier-ignore
  writeFileSync(swapoff, `#!/bin/sh\nprintf '%s\\n' "$1" >>${log}\n[ "$1" != /dev/fails ]\n`);
  chmodSync(swapoff, 0o755);
  for (const [name, swaps, turnedOff, exitCode] of rows) {
    writeFileSync(list, swaps);
    writeFileSync(log, '');
    const result = await attempt({
      doing: name,
      argv: [program, list],
      env: { PATH: `${directory}:/usr/bin:/bin` },
      timeoutSeconds: 30,
    });
    t.equal(result.exitCode, exitCode, name);
    t.equal(readFileSync(log, 'utf8'), turnedOff, name);
  }
});
