import { cleanLine } from '../../clean-text.ts';
import { formatBytes } from '../../format.ts';
import type { Content, Disk } from '../../facts.ts';
import { hiddenTwins } from './cleared-ids.ts';
import { mediumOn } from './medium.ts';

/** Descriptions of disks for refusals and for the plan's summary, and names of disks that survive a reboot. */

/**
 * Links that udev's own rules create on every system (60-persistent-storage.rules), best first: with model and serial number,
 * with a world wide name, by the path to the disk. Clouds and vendors add others, which other systems do not have.
 * INVARIANT: image/media/bundle/lib/options.sh (stable_links) has the same list as shell patterns.
 */
const stableLinks: readonly RegExp[] = [
  /^by-id\/ata-/,
  /^by-id\/ieee1394-/,
  /^by-id\/memstick-/,
  /^by-id\/mmc-/,
  /^by-id\/nvme-(?!eui\.|uuid\.|nvme\.)/,
  /^by-id\/scsi-/,
  /^by-id\/usb-/,
  /^by-id\/virtio-/,
  /^by-id\/nvme-/,
  /^by-id\/wwn-/,
  /^by-path\//,
];

/**
 * The path by which the disk can be found again after a reboot. For a disk without a stable link it is the kernel name, which may
 * belong to another disk by then.
 */
export function stablePath(disk: Disk): string {
  const names = disk.aliases.map(alias => alias.replace(/^\/dev\/disk\//, ''));
  for (const pattern of stableLinks) {
    const [first] = names.filter(name => pattern.test(name)).sort();
    if (first !== undefined) return `/dev/disk/${first}`;
  }
  return disk.path;
}

/** Describes the disk in one line: path, size, properties, contents. */
export function describeDisk(disk: Disk): string {
  const medium = mediumOn(disk);
  const properties = [
    formatBytes(disk.sizeBytes),
    disk.transport,
    disk.model && `model ${JSON.stringify(disk.model)}`,
    disk.serial && `serial ${JSON.stringify(disk.serial)}`,
    disk.readOnly && 'read-only',
    disk.removable && 'removable',
    disk.bootMedium && 'boot medium',
    medium && `with ${medium}`,
  ].filter(property => typeof property === 'string');
  return cleanLine(`${disk.path} (${properties.join(', ')}): ${describeContents(disk)}`);
}

/** Lists the contents of the disk in one line; "empty" if there are none. */
export function describeContents(disk: Disk): string {
  const found = disk.contents.map(content => describeContent(content, disk));
  return found.length === 0 ? 'empty' : cleanLine(found.join(', '));
}

function describeContent(content: Content, disk: Disk): string {
  const signature = content.signature ?? (content.deviceType === 'part' ? 'unknown' : content.deviceType);
  const words = [
    ...(content.device === disk.path ? [] : [content.device]),
    content.deviceType === 'zpool' ? 'imported pool' : signature,
    ...(content.label === null ? [] : [JSON.stringify(content.label)]),
  ];
  if (content.mountPoints.includes('[SWAP]')) words.push('in use as swap');
  const mounts = content.mountPoints.filter(mountPoint => mountPoint !== '[SWAP]');
  if (mounts.length > 0) words.push(`mounted at ${mounts.map(mount => cleanLine(mount)).join(' and ')}`);
  return words.join(' ');
}

/** @returns a value for `disks.devices`, as JSON, that matches this disk and no other of `disks` */
export function uniqueSelector(disk: Disk, disks: readonly Disk[]): string {
  for (const key of ['serial', 'wwn'] as const) {
    const value = disk[key];
    // The kernel may have removed this id from another disk (cleared-ids.ts).
    if (key === 'wwn' && hiddenTwins(disk, disks).length > 0) continue;
    if (value !== null && disks.every(other => other === disk || other[key] !== value)) {
      return JSON.stringify({ [key]: value });
    }
  }
  return JSON.stringify(stablePath(disk));
}
