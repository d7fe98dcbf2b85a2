import { cleanLine } from '../../clean-text.ts';
import { formatBytes } from '../../format.ts';
import type { Content, Disk } from '../../facts.ts';
import { hiddenTwins } from './cleared-ids.ts';

/** Disks in words, for refusals and for the plan's summary, and the names by which they stay the same disk. */

/**
 * Links that udev's own rules make on every system (60-persistent-storage.rules), best first: with model and serial number,
 * with a world wide name, by the way to the disk. Clouds and vendors add others, which another system does not have.
 * The same, as patterns of the shell, are in image/media/bundle/lib/options.sh (stable_links).
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
 * The name by which the disk is found again after a reboot; for a disk without a link that stays, its kernel name, which may be
 * another disk's by then.
 */
export function stablePath(disk: Disk): string {
  const names = disk.aliases.map(alias => alias.replace(/^\/dev\/disk\//, ''));
  for (const pattern of stableLinks) {
    const [first] = names.filter(name => pattern.test(name)).sort();
    if (first !== undefined) return `/dev/disk/${first}`;
  }
  return disk.path;
}

/** One line: path, size, what it is, and what lies on it. */
export function describeDisk(disk: Disk): string {
  const properties = [
    formatBytes(disk.sizeBytes),
    disk.transport,
    disk.model && `model ${JSON.stringify(disk.model)}`,
    disk.serial && `serial ${JSON.stringify(disk.serial)}`,
    disk.readOnly && 'read-only',
    disk.removable && 'removable',
    disk.bootMedium && 'boot medium',
  ].filter(property => typeof property === 'string');
  return cleanLine(`${disk.path} (${properties.join(', ')}): ${describeContents(disk)}`);
}

/** What lies on the disk, as a list in one line; "empty" where nothing was found. */
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

/** A value for `disks.devices` that matches this disk and no other of `disks`, as JSON. */
export function uniqueSelector(disk: Disk, disks: readonly Disk[]): string {
  for (const key of ['serial', 'wwn'] as const) {
    const value = disk[key];
    // The kernel may have taken it from another disk (cleared-ids.ts).
    if (key === 'wwn' && hiddenTwins(disk, disks).length > 0) continue;
    if (value !== null && disks.every(other => other === disk || other[key] !== value)) {
      return JSON.stringify({ [key]: value });
    }
  }
  return JSON.stringify(stablePath(disk));
}
