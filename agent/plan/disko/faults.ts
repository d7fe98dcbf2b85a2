import type { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { hiddenDirectories } from './hidden.ts';
import { asksForKey, keyFaults, keyFilesReadBy } from './keys.ts';
import { diskFaults, disksKeptIn, disksNamedIn, keptFaults } from './script.ts';

/** What has to hold of a disko script before it may run, from its text alone. Pure. */
export interface ScriptPlace {
  /** Chosen by selectDisks. */
  members: readonly Disk[];
  /** All that there are. */
  disks: readonly Disk[];
  /** Paths of disks.keyFiles. */
  keyFiles: readonly string[];
  /** Whether a file that is not a key file of the configuration is on this machine. */
  isFile: (path: string) => boolean;
}

/** @returns DISKO_DISKS and DISKO_KEY */
export function scriptFaults(text: string, { members, disks, keyFiles, isFile }: ScriptPlace): DabeiError[] {
  const hidden = hiddenDirectories(keyFiles);
  const isVisible = (path: string) =>
    keyFiles.includes(path) || (isFile(path) && !hidden.some(directory => path.startsWith(`${directory}/`)));
  return [
    ...diskFaults(disksNamedIn(text), members, disks),
    ...keptFaults(disksKeptIn(text)),
    ...keyFaults(
      keyFilesReadBy(text).filter(path => !isVisible(path)),
      asksForKey(text),
    ),
  ];
}
