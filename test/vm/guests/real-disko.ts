import { basename, dirname, join } from 'node:path';
import * as files from '../../../image/lib/files.ts';

/**
 * disko's own script in the place of ours, for a world whose name ends in that of the layout. DABEI_DISKO_SCRIPT names the file, or a
 * directory with a file for each layout, as test/nixos/disko.ts writes them.
 */
export interface RealDisko {
  /** With `placeholder` where the directory of the programs that wipe is named. */
  text: string;
  /** Those programs, by name. */
  deactivate: Readonly<Record<string, string>>;
}

export const placeholder = '@disk-deactivate@';

/** null where the variable is not set. */
export function realDisko(layout: string): RealDisko | null {
  const given = process.env['DABEI_DISKO_SCRIPT'];
  if (given === undefined) return null;
  const file = files.kind(given) === 'directory' ? join(given, layout) : given;
  const text = files.readText(file);
  const [inStore] = /\/nix\/store\/[\w+.?=-]+-disk-deactivate/.exec(text) ?? [];
  if (inStore === undefined)
    throw new Error(`${file} does not name disk-deactivate: it is not a script of disko`);
  const directory = files.kind(inStore) === 'directory' ? inStore : join(dirname(file), 'disk-deactivate');
  const names = files.walk(directory).map(path => basename(path));
  return {
    text: text.replaceAll(inStore, placeholder),
    deactivate: Object.fromEntries(names.map(name => [name, files.readText(join(directory, name))])),
  };
}
