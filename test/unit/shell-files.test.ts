import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { walk } from '../../agent/host/files.ts';

const root = join(import.meta.dirname, '../..');

/** Read as parts of `run`, which knows their variables; kexec-bundle/shellcheck.test.ts has both. */
const bundle = 'image/media/bundle/';

/** By its name or its first line, which also says in which shell it is written. */
const shellFiles = ['image', 'nix', 'test', '.ci']
  .flatMap(room => walk(join(root, room)).map(path => `${room}/${path}`))
  .filter(path => !path.startsWith(bundle))
  .flatMap(path => {
    const [first = ''] = readFileSync(join(root, path), 'latin1').split('\n', 1);
    const shell = /^#! ?\/\S*(?: |\/)(bash|sh|ash)\b/.exec(first)?.[1];
    if (shell === undefined && !path.endsWith('.sh')) return [];
    return [{ path, dialect: shell === 'bash' ? 'bash' : 'sh' }];
  });

t.test('shellcheck finds nothing in any shell file', async t => {
  t.ok(shellFiles.length >= 35, `${shellFiles.length} files`);
  for (const dialect of ['sh', 'bash']) {
    const files = shellFiles.filter(file => file.dialect === dialect).map(({ path }) => join(root, path));
    if (files.length === 0) continue;
    const { stdout, status } = spawnSync(
      'shellcheck',
      ['--external-sources', `--shell=${dialect}`, ...files],
      {
        encoding: 'utf8',
      },
    );
    t.equal(stdout, '', dialect);
    t.equal(status, 0, dialect);
  }
});

t.test('dash and busybox ash read every file for sh', async t => {
  for (const shell of [['dash'], ['busybox', 'ash']]) {
    const [program = '', ...applet] = shell;
    for (const { path } of shellFiles.filter(({ dialect }) => dialect === 'sh')) {
      const { stderr, status } = spawnSync(program, [...applet, '-n', join(root, path)], {
        encoding: 'utf8',
      });
      t.strictSame([status, stderr], [0, ''], `${shell.join(' ')} ${path}`);
    }
  }
});
