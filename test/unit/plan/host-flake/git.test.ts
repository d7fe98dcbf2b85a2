import { join } from 'node:path';
import t from 'tap';
import { growth, growthLimit } from '../../../support/growth.ts';
import { realDoors } from '../../../../agent/host/doors.ts';
import { run } from '../../../../agent/host/exec.ts';
import { writeAtomic } from '../../../../agent/host/files.ts';
import { commitAll } from '../../../../agent/host/repository.ts';
import { gitRepository } from '../../../../agent/plan/host-flake/git.ts';

const author = 'dabei <root@localhost>';

t.test('objects have the ids that git gives them', async t => {
  const made: Record<string, Buffer> = {};
  const files = [{ path: 'a', mode: '100644' as const, read: () => Buffer.from('hello\n') }];
  gitRepository({ files, message: 'first', author, seconds: 1_700_000_000 }, (path, content) => {
    made[path] = content;
  });
  // printf 'hello\n' | git hash-object --stdin
  t.ok(made['objects/ce/013625030ba8dba906f756967f9e9ca394464a']);
  t.match(made['refs/heads/main']?.toString(), /^[0-9a-f]{40}\n$/);
});

const git = (directory: string, ...argv: string[]) => ({
  doing: `git ${argv[0]}`,
  argv: ['git', '-C', directory, ...argv] as const,
  env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_COUNT: '0' },
  timeoutSeconds: 20,
});

t.test('git takes it for its own', async t => {
  const directory = t.testdir();
  const files = {
    'flake.nix': '{ }\n',
    'hosts/b.nix': 'b',
    'hosts/a/default.nix': 'a',
    // Sorted before the directory of the same beginning, where names alone would come after it.
    'hosts.nix': '{ }',
    'ümlaut-and-a-name-that-needs-padding.json': '{}',
    empty: '',
  };
  for (const [path, text] of Object.entries(files)) writeAtomic(join(directory, path), text, 0o644);
  const commit = { directory, message: 'as installed', author };
  commitAll(realDoors, commit);
  const output = async (...argv: string[]) => (await run(git(directory, ...argv))).stdout;
  t.equal(await output('fsck', '--strict', '--full'), '');
  t.equal(await output('status', '--porcelain'), '');
  t.equal(await output('log', '--format=%an %s'), 'dabei as installed\n');
  const listed = await output('-c', 'core.quotePath=false', 'ls-files');
  t.same(new Set(listed.trim().split('\n')), new Set(Object.keys(files)));
  writeAtomic(join(directory, 'flake.nix'), '{ outputs = 1; }\n', 0o644);
  t.equal(await output('status', '--porcelain'), ' M flake.nix\n');
  commitAll(realDoors, commit);
  t.equal(await output('rev-list', '--count', 'HEAD'), '1\n', 'a repository that is there is left alone');
});

t.test('time grows with the number of files, also where one directory has all of them', async t => {
  const files = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      path: `hosts/${index}.nix`,
      mode: '100644' as const,
      read: () => Buffer.from('{ }'),
    }));
  const work = (all: ReturnType<typeof files>) =>
    gitRepository({ files: all, message: 'x', author, seconds: 1 }, () => {});
  const ratio = growth(files, work, 3000);
  t.ok(ratio < growthLimit, `${ratio.toFixed(1)} times as long for twice as many`);
});
