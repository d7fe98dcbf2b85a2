import { readBytes } from './files.ts';
import { paths } from '../paths.ts';

/**
 * Configuration files that kexec or iPXE appended to the initrd, as sources in their order: later ones override earlier
 * ones. The second is what was asked of `run` besides its --config.
 * @param directory where the root of the initramfs is found; by default, where /init moved it
 */
export function readAppendedFiles(
  directory: string = paths.bootDirectory,
): { path: string; bytes: Buffer }[] {
  return ['dabei.json', 'dabei/options.json'].flatMap(name => {
    const bytes = readBytes(`${directory}/${name}`);
    return bytes === null ? [] : [{ path: `/${name}`, bytes }];
  });
}
