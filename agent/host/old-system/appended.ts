import { maximumBytes } from '../../config/sources/decode.ts';
import type { SourceFile } from '../../config/sources/sources.ts';
import { asDabeiError } from '../../errors.ts';
import { paths } from '../../paths.ts';
import type { Doors } from '../doors.ts';

/**
 * Reads the configuration files that `run` or iPXE appended to the initrd, as sources in their order: later ones override earlier ones.
 * With `run --config`, the second file contains the other options. An unreadable file becomes a problem of the configuration.
 * @param directory directory with the files of the initramfs; by default, the one to which /init moves them
 */
export function readAppendedFiles(doors: Doors, directory: string = paths.bootDirectory): SourceFile[] {
  return ['dabei.json', 'dabei/options.json']
    .map(name => readAppended(doors, directory, name))
    .filter(file => file !== null);
}

/** Who may sign a configuration that is fetched: `/dabei/allowed_signers` of the initramfs; null without the file. */
export function readAppendedSigners(
  doors: Doors,
  directory: string = paths.bootDirectory,
): SourceFile | null {
  return readAppended(doors, directory, 'dabei/allowed_signers');
}

function readAppended({ files }: Doors, directory: string, name: string): SourceFile | null {
  try {
    // One byte more than the maximum, so the decoder can detect a file that is too large.
    const bytes = files.readStart(`${directory}/${name}`, maximumBytes + 1);
    return bytes === null ? null : { path: `/${name}`, bytes };
  } catch (thrown) {
    return { path: `/${name}`, bytes: asDabeiError(thrown, `reading /${name}`) };
  }
}
