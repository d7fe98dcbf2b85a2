import { maximumBytes } from '../../config/sources/decode.ts';
import type { SourceFile } from '../../config/sources/sources.ts';
import { asDabeiError } from '../../errors.ts';
import { paths } from '../../paths.ts';
import type { Doors } from '../doors.ts';

/**
 * Configuration files that kexec or iPXE appended to the initrd, as sources in their order: later ones override earlier
 * ones. The second is what was asked of `run` besides its --config. One that cannot be read is a problem of the
 * configuration like others.
 * @param directory where the root of the initramfs is found; by default, where /init moved it
 */
export function readAppendedFiles({ files }: Doors, directory: string = paths.bootDirectory): SourceFile[] {
  return ['dabei.json', 'dabei/options.json'].flatMap((name): SourceFile[] => {
    try {
      // One more than is taken, so that a larger file is seen to be too large.
      const bytes = files.readStart(`${directory}/${name}`, maximumBytes + 1);
      return bytes === null ? [] : [{ path: `/${name}`, bytes }];
    } catch (thrown) {
      return [{ path: `/${name}`, bytes: asDabeiError(thrown, `reading /${name}`) }];
    }
  });
}
