import { join } from 'node:path';
import t from 'tap';
import { run } from '../../agent/host/exec.ts';
import { walk } from '../../agent/host/files.ts';
import { requireNix } from '../support/nix.ts';

const root = join(import.meta.dirname, '../..');
/** With placeholders; test/unit/plan/host-flake/host-flake.test.ts and test/unit/collect.test.ts have them filled in. */
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
