import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { rows } from '../../../../../agent/arch.ts';
import { machines } from '../../../../../image/media/kexec-bundle.ts';
import { shell, underEachShell } from './shells.ts';

t.test('a bundle names itself, then the other bundles that there are', async t => {
  const [first, second] = rows.map(row => ({ ...row, lacks: null }));
  const unfinished = { ...second!, lacks: 'its media' };
  t.equal(machines(first!, [first!, second!]), 'x86_64\naarch64\n');
  t.equal(machines(second!, [first!, second!]), 'aarch64\nx86_64\n');
  t.equal(machines(first!, [first!, unfinished]), 'x86_64\n', 'there is no second one yet');
});

underEachShell('a bundle of another architecture', (t, argv) => {
  const worlds: [name: string, machine: string, bundle: string, says: RegExp | null][] = [
    ['its own', 'x86_64', 'x86_64\n', null],
    ['its own, first of two', 'aarch64', 'aarch64\nx86_64\n', null],
    ['the right one is named', 'aarch64', 'x86_64\naarch64\n', /take nix-dabei-kexec-aarch64-linux\.tar\.gz/],
    ['the other way round', 'x86_64', 'aarch64\nx86_64\n', /take nix-dabei-kexec-x86_64-linux\.tar\.gz/],
    ['there is none yet', 'aarch64', 'x86_64\n', /there is no bundle for aarch64/],
    ['an old kernel', 'i686', 'x86_64\naarch64\n', /if the processor is x86_64, start a kernel of that/],
  ];
  for (const [name, machine, content, says] of worlds) {
    const here = t.testdir({});
    writeFileSync(join(here, 'machine'), content);
    const script =
      'uname() { echo "$machine"; }; id() { echo 0; }; name_container() { :; }; require_machine; echo accepted';
    const { stdout, stderr, status } = shell(argv, script, { here, machine });
    if (says === null) {
      t.same([status, stdout, stderr], [0, 'accepted\n', ''], name);
      continue;
    }
    t.equal(status, 10, name);
    t.match(
      stderr,
      new RegExp(`^error PREFLIGHT_ARCHITECTURE: this machine is ${machine}, this bundle is for `),
    );
    t.match(stderr, says, name);
  }
});
