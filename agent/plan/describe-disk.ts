import type { Content, Disk } from '../facts.ts';

/** Disks in words, for refusals and for the plan's summary, and the names by which they stay the same disk. */

/** Bytes with a binary unit and at most one decimal: "512 MiB", "18.6 GiB". */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10} ${units[unit]}`;
}

/** Of udev's own rules (60-persistent-storage.rules); clouds and vendors add others, which other systems do not have. */
const everywhere = /\/(ata|ieee1394|memstick|mmc|nvme|scsi|usb|virtio)-/;

/**
 * The name by which the disk is found again after a reboot, best first: by-id with model and serial number, by-id with
 * a world wide name, by-path, and for a disk without any link its kernel name.
 */
export function stablePath(disk: Disk): string {
  const rank = (alias: string): number => {
    if (!alias.startsWith('/dev/disk/by-id/')) return 2;
    if (/\/(wwn-|nvme-eui\.|nvme-uuid\.|nvme-nvme\.)/.test(alias)) return 1;
    return everywhere.test(alias) ? 0 : 3;
  };
  const [best] = [...disk.aliases].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return best ?? disk.path;
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
  return `${disk.path} (${properties.join(', ')}): ${describeContents(disk)}`;
}

/** What lies on the disk, as a list in one line; "empty" where nothing was found. */
export function describeContents(disk: Disk): string {
  const found = disk.contents.map(content => describeContent(content, disk));
  return found.length === 0 ? 'empty' : found.join(', ');
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
  if (mounts.length > 0) words.push(`mounted at ${mounts.join(' and ')}`);
  return words.join(' ');
}

/** A value for `disks.devices` that matches this disk and no other of `disks`, as JSON. */
export function uniqueSelector(disk: Disk, disks: readonly Disk[]): string {
  for (const key of ['serial', 'wwn'] as const) {
    const value = disk[key];
    if (value !== null && disks.every(other => other === disk || other[key] !== value)) {
      return JSON.stringify({ [key]: value });
    }
  }
  return JSON.stringify(stablePath(disk));
}
