import { cleanLine } from '../clean-text.ts';
import type { Content, Disk } from '../facts.ts';
import { formatBytes } from '../format.ts';

/** What lies on a disk, a line each: people recognise their own disk by its partitions, labels and sizes. */

/** Lines of a table; a disk may have 128 partitions, and a screen has 25 lines. */
const mostLines = 8;

export function describeFound(disk: Disk): string[] {
  // The partition table itself says nothing where its partitions are listed.
  const found = disk.contents.filter(
    ({ device, signature }, _, all) =>
      !(device === disk.path && all.length > 1 && ['gpt', 'dos', 'PMBR'].includes(signature ?? '')),
  );
  if (found.length === 0) return ['empty'];
  const lines = found.map(describe);
  const more = lines.length - mostLines;
  return more > 0 ? [...lines.slice(0, mostLines), `and ${more} more`] : lines;
}

function describe({ device, deviceType, signature, label, sizeBytes, mountPoints }: Content): string {
  const what =
    deviceType === 'zpool'
      ? 'imported pool'
      : (signature ?? (deviceType === 'part' ? 'unknown' : deviceType));
  return cleanLine(
    [
      device.replace(/^\/dev\//, ''),
      what,
      label === null ? '' : JSON.stringify(label),
      sizeBytes === 0 ? '' : formatBytes(sizeBytes),
      mountPoints.length === 0 ? '' : `in use at ${mountPoints.join(' and ')}`,
    ]
      .filter(Boolean)
      .join(' '),
  );
}
