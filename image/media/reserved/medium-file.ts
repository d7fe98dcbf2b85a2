import { mediumGuids } from '../../../agent/plan/disks/medium.ts';
import { variants, type Variant } from '../../../agent/variants.ts';
import { BuildError } from '../../lib/errors.ts';
import { imgName, isoName, onMedium, variantPath, volumeLabel } from '../boot/layout.ts';
import { findFatFile } from './fat.ts';
import { findPartition } from './gpt.ts';
import { findFile, readVolume, type Extent, type Read } from './iso9660.ts';
import { reservedBytes } from './reserved-file.ts';

/** What a file turned out to be. */
interface FoundMedium {
  /** Bytes from its first to its last one. */
  bytes: number;
  reserved: Extent | null;
}

/**
 * Finds the reserved file of a medium: of nix-dabei.iso or nix-dabei.img, or of the stick or disk that one of them was written onto. Reads a
 * few sectors only.
 * @param name of the file, for people
 * @param sectorBytes of a logical sector, if it is a block device
 * @returns where the reserved file is, or what the file is instead
 */
export function findReserved(
  read: Read,
  name: string,
  sectorBytes: number | null = null,
): Extent | BuildError {
  const refuse = (code: BuildError['code'], problem: string, remedy: string) =>
    new BuildError(code, { doing: `looking for the reserved file of ${name}`, problem, remedy });
  const other = `name ${isoName}, ${imgName}, or a stick or disk with one of them`;
  const volume = readVolume(read);
  if (volume !== null && volume.label !== volumeLabel)
    return refuse(
      'MEDIUM_UNKNOWN',
      `it is an ISO 9660 image, but of something else: ${JSON.stringify(volume.label)}`,
      other,
    );
  const found =
    volume === null
      ? findRaw(read)
      : { bytes: volume.bytes, reserved: findFile(read, volume, onMedium.reserved) };
  if (found === null)
    return refuse('MEDIUM_UNKNOWN', `it is neither an ISO 9660 image nor ${imgName}`, other);
  // A CD has sectors of 2048 bytes; partition table and ESP are made for 512.
  if (sectorBytes !== null && sectorBytes > 2048)
    return refuse(
      'MEDIUM_SECTORS',
      `it has sectors of ${sectorBytes} bytes: firmware finds neither the partition table nor the ESP there, which have sectors of 512`,
      'write the medium onto a stick or disk with sectors of 512 bytes (blockdev --getss), or start this machine by kexec or PXE',
    );
  // A block device has no size to ask for, and a stick is longer.
  if (read(found.bytes - 1, 1).length === 0) {
    const fetch = 'fetch or copy it again, and compare its SHA-256 with SHA256SUMS';
    return refuse('MEDIUM_TRUNCATED', `it ends before its ${found.bytes.toLocaleString('en')} bytes`, fetch);
  }
  const { reserved } = found;
  if (reserved?.bytes === reservedBytes) return reserved;
  const problem =
    reserved === null ? 'it has none' : `it has ${reserved.bytes} bytes instead of ${reservedBytes}`;
  return refuse('MEDIUM_UNKNOWN', problem, 'use dabei-image of the same build as the medium');
}

function findRaw(read: Read): FoundMedium | null {
  const esp = findPartition(read, mediumGuids.esp);
  if (esp === null) return null;
  return { bytes: esp.imageBytes, reserved: findFatFile(read, esp.offset, onMedium.reserved) };
}

/** What the image on a medium has beyond every image; no raw image has any. */
export function variantsOn(read: Read): Variant[] {
  const volume = readVolume(read);
  return volume === null
    ? []
    : variants.filter(variant => findFile(read, volume, variantPath(variant)) !== null);
}
