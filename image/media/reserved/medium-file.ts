import { BuildError } from '../../lib/errors.ts';
import { onMedium, volumeLabel } from '../boot/layout.ts';
import { findFile, readVolume, type Extent, type Read } from './iso9660.ts';
import { reservedBytes } from './reserved-file.ts';

/**
 * Finds the reserved file of a medium: of an ISO, or of the stick that it was written onto. Reads a few sectors only.
 * @param name of the file, for people
 * @returns where the reserved file is, or what the file is instead
 */
export function findReserved(read: Read, name: string): Extent | BuildError {
  const refuse = (code: 'MEDIUM_UNKNOWN' | 'MEDIUM_TRUNCATED', problem: string, remedy: string) =>
    new BuildError(code, { doing: `looking for the reserved file of ${name}`, problem, remedy });
  const other = `name nix-dabei.iso, or a stick with it`;
  const volume = readVolume(read);
  if (volume === null) return refuse('MEDIUM_UNKNOWN', 'it is not an ISO 9660 image', other);
  if (volume.label !== volumeLabel)
    return refuse(
      'MEDIUM_UNKNOWN',
      `it is an ISO 9660 image, but of something else: ${JSON.stringify(volume.label)}`,
      other,
    );
  // A block device has no size to ask for, and a stick is longer.
  if (read(volume.bytes - 1, 1).length === 0) {
    const fetch = 'fetch or copy it again, and compare its SHA-256 with SHA256SUMS';
    return refuse('MEDIUM_TRUNCATED', `it ends before its ${volume.bytes.toLocaleString('en')} bytes`, fetch);
  }
  const found = findFile(read, volume, onMedium.reserved);
  if (found?.bytes === reservedBytes) return found;
  const problem = found === null ? 'it has none' : `it has ${found.bytes} bytes instead of ${reservedBytes}`;
  return refuse('MEDIUM_UNKNOWN', problem, 'use dabei-image of the same build as the medium');
}
