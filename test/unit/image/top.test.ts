import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { DabeiError } from '../../../agent/errors.ts';
import * as files from '../../../image/lib/files.ts';
import { BuildError, FetchMissing } from '../../../image/lib/errors.ts';
import { checkout } from '../../../image/lib/host.ts';
import { describeEnding, endingOf } from '../../../image/top.ts';

/** How commands end that do not end well. */

t.setTimeout(300_000);

t.test('what was foreseen is sentences', async t => {
  const cases: [unknown, string][] = [
    [
      new BuildError('LOCK_WAIT', { doing: 'waiting for the kernel', problem: 'it is held', remedy: 'wait' }),
      'error LOCK_WAIT: waiting for the kernel: it is held\nWhat to do: wait\n',
    ],
    [
      new DabeiError('COMMAND_FAILED', {
        doing: 'building curl',
        problem: 'make ended with exit code 2: no space',
      }),
      'error COMMAND_FAILED: building curl: make ended with exit code 2: no space\n',
    ],
    [
      Object.assign(new Error("Unknown option '--quik'"), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' }),
      "error USAGE: Unknown option '--quik'\nWhat to do: the README and docs/ name the options of each command\n",
    ],
    [
      Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
      'error FILE: ENOSPC: no space left on device, write\nWhat to do: free some space (a build needs 12 GB in the cache), or name another cache with DABEI_CACHE\n',
    ],
  ];
  for (const [thrown, text] of cases) t.equal(describeEnding(endingOf(thrown), null), text);
  const missing = new FetchMissing('fetching', [
    { kind: 'source', name: 'curl', version: '8-2', tried: ['8-2: http://mirror/curl: 404 Not Found'] },
    { kind: 'package', name: 'gcc', version: '14', tried: [] },
  ]);
  t.match(
    describeEnding(endingOf(missing), null),
    /^error FETCH_MISSING: fetching: 2 items are not available:\n {2}source curl 8-2\n {4}tried 8-2: http\S+ 404 Not Found\n {2}package gcc 14\nWhat to do: /,
  );
});

t.test('what was not is INTERNAL, with its stack kept', async t => {
  for (const thrown of [
    new TypeError('x is undefined'),
    new DabeiError('INTERNAL', { doing: 'a', problem: 'b' }),
    'text',
  ]) {
    const ending = endingOf(thrown);
    t.equal(ending.code, 'INTERNAL');
    t.ok(ending.stack);
  }
});

t.test('a program that image/start.mjs starts prints no stack', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'dabei-top-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'program.ts');
  const errors = checkout('image/lib/errors.ts');
  const start = (source: string) => {
    writeFileSync(program, source);
    return spawnSync(process.execPath, [checkout('image/start.mjs'), program], {
      encoding: 'utf8',
      timeout: 200_000,
    });
  };
  const foreseen = start(
    `import { BuildError } from '${errors}';\nthrow new BuildError('HOST_APT', { doing: 'asking apt', problem: 'no archive', remedy: 'add one' });`,
  );
  t.equal(foreseen.status, 1);
  t.equal(foreseen.stderr, 'error HOST_APT: asking apt: no archive\nWhat to do: add one\n');
  const bug = start(`setTimeout(() => Promise.reject(new Error('unforeseen')), 10);`);
  t.equal(bug.status, 1);
  const [, file = ''] = /^error INTERNAL: unforeseen\nThis is a bug; (\S+) says where/.exec(bug.stderr) ?? [];
  t.match(readFileSync(file, 'utf8'), /Error: unforeseen\n +at /);
  rmSync(file);
});

t.test('npm ci that fails is a sentence', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'dabei-npm-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  // A checkout of its own, and an npm that ends as one without its registry does.
  for (const part of ['image', 'bin']) spawnSync('mkdir', ['-p', join(directory, part)]);
  writeFileSync(join(directory, 'image/start.mjs'), readFileSync(checkout('image/start.mjs')));
  writeFileSync(join(directory, 'package-lock.json'), '{}');
  writeFileSync(join(directory, 'bin/npm'), '#!/bin/sh\necho "npm error code ECONNREFUSED" >&2\nexit 1\n', {
    mode: 0o755,
  });
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(directory, 'image/start.mjs'), 'image/build.ts'],
    {
      ...{ encoding: 'utf8', timeout: 200_000 },
      env: { ...process.env, PATH: `${join(directory, 'bin')}:${process.env['PATH']}` },
    },
  );
  t.equal(status, 1);
  t.equal(
    stderr,
    'npm error code ECONNREFUSED\nerror NPM_PACKAGES: installing npm packages: npm ci ended with exit code 1; see its messages above\nWhat to do: check that this machine reaches its npm registry (npm ping), then run the same command again\n',
  );
});

t.test('Ctrl-C ends the programs that a command waits for', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'dabei-top-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'program.ts');
  const argv = ['sh', '-c', 'sleep 1000 & echo $!; exec sleep 1000'];
  writeFileSync(
    program,
    `import { run } from '${checkout('agent/host/exec.ts')}';
const onLine = (line: string) => console.log(line);
void run({ doing: 'compiling', argv: ${JSON.stringify(argv)}, timeoutSeconds: 1000, onLine });`,
  );
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const node = ['--import=tsx', `--import=${checkout('image/top.ts')}`, program];
    const child = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const grandchild = Number(said.toString());
    child.kill(signal);
    t.same(await once(child, 'close'), [code, null], signal);
    // Ended, or a zombie that nobody has asked for: proc(5).
    const state = files.readIfThere(`/proc/${grandchild}/stat`)?.split(' ')[2] ?? 'gone';
    t.match(state, /gone|Z|X/, `${signal}: what it had started`);
  }
});
