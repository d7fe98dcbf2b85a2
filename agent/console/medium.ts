import { withdrawn, type Resolution } from '../config/resolve.ts';
import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';

/** Whether /init found the configuration of the medium damaged, and removed it. */
export function mediumIsDamaged({ files }: Doors): boolean {
  return files.exists(`${paths.bootDirectory}/medium-damaged`);
}

/** Without the configuration of the medium, dabei installs nothing, and nobody has a password. Pure. */
export function withoutMedium(resolution: Resolution): Resolution {
  return withdrawn(resolution, [
    {
      code: 'MEDIUM_DAMAGED',
      source: 'the medium',
      path: '',
      line: null,
      column: null,
      message: 'its configuration is not as dabei-image wrote it, and is not used',
      remedy: 'write it again with dabei-image customize, or write the medium again',
    },
  ]);
}
