import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { matchGolden } from '../support/golden.ts';

const made = { 'web-01': { 'flake.nix': '{ }\n', 'hosts/a.json': '{}\n' } };

/** What failed, in place of the real test. */
function failures(root: string, directories: typeof made, update = false): string[] {
  const failed: string[] = [];
  const spy = {
    same: (found: unknown, wanted: unknown, name: string) =>
      JSON.stringify(found) === JSON.stringify(wanted) || failed.push(name.replace(/;.*/, '')),
    equal: (found: unknown, wanted: unknown, name: string) => found === wanted || failed.push(name),
  };
  matchGolden(spy as unknown as Test, directories, root, update);
  return failed;
}

t.test('golden directories', async t => {
  const root = `${t.testdir()}/golden`;
  t.same(failures(root, made), ['files', 'web-01/flake.nix', 'web-01/hosts/a.json'], 'nothing is there yet');
  t.same(failures(root, made, true), [], 'written');
  t.equal(readFileSync(`${root}/web-01/hosts/a.json`, 'utf8'), '{}\n');
  t.same(failures(root, made), [], 'compared');

  writeFileSync(`${root}/web-01/stale.nix`, '');
  t.same(failures(root, made), ['files'], 'a stale file fails');
  writeFileSync(`${root}/web-01/flake.nix`, '{\n}\n');
  t.same(failures(root, made), ['files', 'web-01/flake.nix'], 'a difference fails');
  t.same(failures(root, made, true), [], 'written anew');
  t.notOk(existsSync(`${root}/web-01/stale.nix`), 'without the stale file');
});
