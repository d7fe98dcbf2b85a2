import { placeOf, valueAt, type Located } from '../located.ts';
import type { Path, Problem } from '../report.ts';

/** What `disks.layout: "disko"` excludes and requires elsewhere in the configuration. */

/** Settings of dabei's own layouts, which would have no effect. */
const ownLayouts: readonly Path[] = [
  ...['poolName', 'swap', 'esp', 'encryption', 'keyFormat', 'key'].map(name => ['disks', name]),
  ['system', 'impermanence'],
];

export function asksForDisko(merged: Located): boolean {
  const layout = valueAt(merged, ['disks', 'layout']);
  return layout?.kind === 'scalar' && layout.value === 'disko';
}

/** @param merged all sources, before validation */
export function diskoProblems(merged: Located): Problem[] {
  const problem = (path: Path, message: string, remedy: string): Problem => ({
    code: 'CONFIG_SCHEMA',
    ...placeOf(merged, path),
    message,
    remedy,
  });
  const has = (...path: string[]) => valueAt(merged, path) !== undefined;
  if (!asksForDisko(merged)) {
    const stray = [
      ['disks', 'keyFiles'],
      ['system', 'diskoScript'],
    ].filter(path => has(...path));
    const remedy = 'set disks.layout to "disko", or leave it out';
    return stray.map(path => problem(path, 'has an effect only with the layout "disko"', remedy));
  }
  const problems = ownLayouts
    .filter(path => has(...path.map(String)))
    .map(path =>
      problem(
        path,
        'has no effect with the layout "disko"',
        path.at(-1) === 'key'
          ? 'give the files that the layout reads its keys from as disks.keyFiles'
          : 'leave it out: the flake decides it',
      ),
    );
  if (has('system', 'storePath') !== has('system', 'diskoScript')) {
    const isScript = has('system', 'storePath');
    problems.push(
      problem(
        ['system', isScript ? 'diskoScript' : 'storePath'],
        `is missing; with the layout "disko", system.${isScript ? 'storePath' : 'diskoScript'} requires it`,
        'give both, of the same system: config.system.build.toplevel and config.system.build.diskoScriptNoDeps',
      ),
    );
  } else if (!has('system', 'storePath') && !has('system', 'flake')) {
    problems.push(
      problem(
        ['system', 'flake'],
        'is missing, and the layout "disko" is that of a flake',
        'give system.flake; or system.storePath with system.diskoScript',
      ),
    );
  }
  return problems;
}
