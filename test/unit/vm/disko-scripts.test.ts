import { spawnSync } from 'node:child_process';
import t from 'tap';
import { diskoPrograms } from '../../../agent/plan/disko/programs.ts';
import { diskoScripts } from '../../vm/guests/disko-scripts.ts';

const known = new Set(Object.values(diskoPrograms).flat());

for (const [name, { text, programs }] of Object.entries(diskoScripts))
  t.test(`the script of the world disko-${name}`, async t => {
    const { stdout, status } = spawnSync('shellcheck', ['--shell=bash', '-'], { input: text, encoding: 'utf8' }); // prettier-ignore
    t.equal(stdout, '');
    t.equal(status, 0);
    for (const program of programs) {
      t.ok(known.has(program), `${program} is what disko starts`);
      t.match(text, new RegExp(`\\b${program}\\b`), `${program} is started`);
    }
  });
