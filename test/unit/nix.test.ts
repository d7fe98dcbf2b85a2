import { symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import { run } from '../../agent/host/exec.ts';
import { walk } from '../../agent/host/files.ts';
import * as files from '../../image/lib/files.ts';
import { requireNix } from '../support/nix.ts';

const root = join(import.meta.dirname, '../..');
/** With placeholders; test/unit/plan/host-flake/host-flake.test.ts and test/unit/commands/collect.test.ts have them filled in. */
const templates = ['nix/host-flake/flake.nix', 'nix/host-flake/flake-with-config.nix', 'nix/infra-host.nix'];

t.test('every Nix file of the project parses', async t => {
  const nix = requireNix();
  const files = ['nix', 'test/nixos', 'test/fixtures'].flatMap(directory =>
    walk(join(root, directory)).map(path => `${directory}/${path}`),
  );
  const parsed = ['flake.nix', ...files].filter(path => path.endsWith('.nix') && !templates.includes(path));
  t.ok(parsed.length > 30, `${parsed.length} files`);
  await run({
    doing: 'parsing',
    argv: [...nix.argv, '--parse', ...parsed.map(path => join(root, path))],
    env: nix.env,
    timeoutSeconds: 60,
  });
});

// Nothing of TypeScript's looks into Nix files, so what they call can disappear unnoticed.
t.test('dabei.nix bundles the agent from the sources that it names', async t => {
  const text = files.readText(join(root, 'nix/packages/dabei.nix'));
  const sources = [...text.matchAll(/^ {4}(\.\.\/\S+)$/gm)].map(([, path]) =>
    join(root, 'nix/packages', path!),
  );
  t.ok(sources.includes(join(root, 'agent')), 'the sources');
  const [, program] = /--eval "(.*)"$/m.exec(text)!;
  const directory = t.testdir({});
  for (const source of sources) {
    const copy = join(directory, relative(root, source));
    await run({ doing: 'making a directory', argv: ['mkdir', '-p', dirname(copy)], timeoutSeconds: 20 });
    await run({ doing: 'copying', argv: ['cp', '-a', source, copy], timeoutSeconds: 60 });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  await run({
    doing: 'bundling',
    argv: [process.execPath, '--import=tsx', '--eval', program!],
    cwd: directory,
    timeoutSeconds: 120,
  });
  const { stdout } = await run({
    doing: 'starting the bundle',
    argv: [process.execPath, join(directory, 'dabei.cjs'), '--version'],
    timeoutSeconds: 60,
  });
  t.match(stdout, /^dabei \d+\.\d+\.\d+$/m);
});
