import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'tap';
import { bundle } from './shells.ts';

test('shellcheck', async t => {
  for (const file of ['run', 'unpack']) {
    const { stdout } = spawnSync(
      'shellcheck',
      ['--external-sources', '--check-sourced', '--shell=sh', `--source-path=${bundle}`, join(bundle, file)],
      { encoding: 'utf8' },
    );
    t.equal(stdout, '', file);
  }
});
