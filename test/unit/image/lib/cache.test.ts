import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BuildError } from '../../../../image/lib/errors.ts';
import * as files from '../../../../image/lib/files.ts';

/** What the cache does with directories of builds that did not end. */

const directory = mkdtempSync(join(tmpdir(), 'dabei-cache-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));
process.env['DABEI_CACHE'] = directory;
const { cached, keyOf } = await import('../../../../image/lib/cache.ts');

const boot = files.readText('/proc/sys/kernel/random/boot_id');
/** The largest number of a process is 2^22 (proc_sys_kernel(5), pid_max). */
const nobody = 4194305;
const failure = (code: 'BUILD_STEP' | 'LOCK_WAIT') =>
  new BuildError(code, { doing: 'compiling', problem: 'it ended' });

t.test('what an interrupted build left behind', async t => {
  const worlds: {
    name: string;
    process: number | string;
    mark: string | null;
    resumes: boolean;
    kept: boolean;
  }[] = [
    { name: 'killed', process: nobody, mark: boot, resumes: true, kept: true },
    {
      name: 'killed, of a step that starts afresh',
      process: nobody,
      mark: boot,
      resumes: false,
      kept: false,
    },
    {
      name: 'killed before the machine started again',
      process: nobody,
      mark: 'other',
      resumes: true,
      kept: false,
    },
    { name: 'of a step that did not resume then', process: nobody, mark: null, resumes: true, kept: false },
    {
      name: 'of an earlier process of the same number',
      process: process.pid,
      mark: boot,
      resumes: true,
      kept: true,
    },
  ];
  for (const [at, { name, process, mark, resumes, kept }] of worlds.entries()) {
    const inputs = [`world ${at}`];
    const left = join(directory, `.building-step-${keyOf(inputs)}-${process}`);
    files.write(join(left, 'work/object.o'), 'made');
    if (mark !== null) files.write(join(left, '.boot-id'), mark);
    const { path } = await cached(
      'step',
      inputs,
      async fresh => {
        t.equal(files.exists(join(fresh, 'work/object.o')), kept, name);
        files.write(join(fresh, 'result'), name);
      },
      { resumes },
    );
    t.strictSame(files.list(path), ['result'], `${name}: no mark is in the result`);
    t.strictSame(
      files.list(directory).filter(entry => entry.startsWith('.building')),
      [],
      `${name}: nothing is left`,
    );
  }
});

t.test('a build that was killed while it tidied up is not run again', async t => {
  const inputs = ['tidying'];
  const left = join(directory, `.building-step-${keyOf(inputs)}-${nobody}`);
  const texts = { '.boot-id': boot, '.whole': '', result: 'made', 'work/half-removed': '' };
  for (const [name, text] of Object.entries(texts)) files.write(join(left, name), text);
  const { path } = await cached('step', inputs, async () => void t.fail('built again'), { resumes: true });
  t.strictSame(files.list(path), ['result']);
});

t.test('a directory of a build that is still running belongs to it', async t => {
  const inputs = ['running'];
  const other = join(directory, `.building-step-${keyOf(inputs)}-1`);
  files.write(join(other, '.boot-id'), boot);
  await cached('step', inputs, async () => {}, { resumes: true });
  t.ok(files.exists(other));
  files.remove(other);
});

t.test('a build that fails', async t => {
  const worlds: { name: string; error: Error; resumes: boolean; kept: boolean }[] = [
    { name: 'a program ended with an error', error: failure('BUILD_STEP'), resumes: true, kept: true },
    { name: 'a step that starts afresh', error: failure('BUILD_STEP'), resumes: false, kept: false },
    { name: 'another code', error: failure('LOCK_WAIT'), resumes: true, kept: false },
    { name: 'the result is not as asked', error: new Error('symbols'), resumes: true, kept: false },
  ];
  for (const [at, { name, error, resumes, kept }] of worlds.entries()) {
    const inputs = [`failing ${at}`];
    let calls = 0;
    const build = async (fresh: string) => {
      calls += 1;
      const made = join(fresh, 'object.o');
      t.equal(files.exists(made), calls > 1 && kept, `${name}, call ${calls}`);
      files.write(made, 'made');
      if (calls === 1) throw error;
    };
    await t.rejects(cached('step', inputs, build, { resumes }), error, name);
    const { path } = await cached('step', inputs, build, { resumes });
    t.ok(files.exists(path), name);
    await cached('step', inputs, build, { resumes });
    t.equal(calls, 2, `${name}: built once`);
  }
});
