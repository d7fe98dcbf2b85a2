import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import * as files from '../../../../image/lib/files.ts';
import { whenUnlocked } from '../../../../image/lib/host.ts';
import { withLock } from '../../../../image/lib/lock.ts';

/** Locks that somebody else holds. */

t.setTimeout(300_000);
const directory = mkdtempSync(join(tmpdir(), 'dabei-lock-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

/** Another program that holds a lock. @returns once it has it */
async function holder(path: string) {
  const ready = `${path}.ready`;
  const script = `exec 9>>"$1"; flock 9; echo > "$2"; exec sleep 300`;
  const child = spawn('sh', ['-c', script, 'sh', path, ready], { stdio: 'ignore' });
  while (!files.exists(ready)) await new Promise(resolve => setTimeout(resolve, 20));
  return child;
}

t.test('one after the other, in one process and in two', async t => {
  const path = join(directory, 'own');
  let inside = 0;
  const work = async () => {
    inside += 1;
    t.equal(inside, 1, 'alone');
    await new Promise(resolve => setTimeout(resolve, 100));
    inside -= 1;
    return 'done';
  };
  const all = await Promise.all([1, 2, 3].map(() => withLock(path, 'the kernel', 60, work)));
  t.strictSame(all, ['done', 'done', 'done']);
});

t.test('a lock that is held for too long', async t => {
  const path = join(directory, 'held');
  const child = await holder(path);
  files.write(path, '4711\n');
  await t.rejects(
    withLock(path, 'the kernel', 1, async () => 'never'),
    {
      code: 'LOCK_WAIT',
      problem: `another build (process 4711) has held ${path} for 1 s`,
      remedy: /wait for the other build/,
    },
  );
  child.kill('SIGKILL');
});

t.test('a build that was killed blocks nobody', async t => {
  const path = join(directory, 'killed');
  const child = await holder(path);
  const waiting = withLock(path, 'the kernel', 60, async () => 'done');
  child.kill('SIGKILL');
  t.equal(await waiting, 'done');
});

t.test('work that fails lets go', async t => {
  const path = join(directory, 'failed');
  await t.rejects(
    withLock(path, 'the kernel', 5, async () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  t.equal(await withLock(path, 'the kernel', 5, async () => 'done'), 'done');
});

/** What apt-get says on Debian 12 and 13, by lock. */
const held = [
  'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)\nE: Unable to lock directory /var/lib/apt/lists/',
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
  'E: Could not get lock /var/cache/apt/archives/lock - open (11: Resource temporarily unavailable)',
];
const finished = (exitCode: number, stderr: string) => ({
  ...{ argv: ['apt-get'], doing: '', exitCode, failed: false, stdout: '', stderr, seconds: 0 },
});

t.test("apt's locks are waited for", async t => {
  for (const stderr of held) {
    const answers = [finished(100, stderr), finished(100, stderr), finished(0, '')];
    const result = await whenUnlocked('installing', async () => answers.shift()!, {
      seconds: 5,
      every: 0.01,
    });
    t.equal(result.exitCode, 0);
    await t.rejects(
      whenUnlocked('installing', async () => finished(100, stderr), { seconds: 0.05, every: 0.02 }),
      {
        code: 'LOCK_WAIT',
        problem: /^(process 4711 \([\w-]+\)|another program) has held \/var\/\S+lock\S* for 0.05 s$/,
      },
    );
  }
  const other = finished(100, 'E: Unable to locate package nonesuch');
  t.equal(await whenUnlocked('installing', async () => other), other, 'any other error is not');
});
