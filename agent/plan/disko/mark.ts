import { createHash } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from '../disks/describe-disk.ts';
import { configurationHash } from '../disks/install-state.ts';
import { deriveGuid } from '../disks/partitions.ts';
import { serialOf } from '../disks/serial.ts';

/**
 * What an installation with the layout "disko" notes on its disks. Their partitions are the flake's, so there is no place for a file;
 * but nothing refers to the GUID of a partition table itself (UEFI specification, 5.3.2), and it survives everything but a new table.
 *
 * The GUID is a hash of the configuration (RFC 9562, 5.8: version 8, whose contents the application defines). With a serial, it is
 *
 *     hhhhhhhh-cccc-8ccc-Vsss-ssssssssssss
 *
 * h: the first 32 bits of that hash. c: 28 bits, and the 9 bits that follow the two of the variant in "Vsss", of a hash of h and the
 * serial: no other GUID looks like this. s: the serial, 53 bits, as many as an integer of JSON has. Pure.
 */
export interface Mark {
  /** Of the configuration and the disk. */
  hash: string;
  serial: number;
}

/** What a later start compares: a machine that always boots the installer would erase itself otherwise. */
export function installedGuid(config: Config, disk: Disk): string {
  const plain = plainGuid(config, disk);
  const serial = serialOf(config);
  return serial === undefined ? plain : numbered({ hash: plain.slice(0, 8), serial });
}

/** @param guid of the disk, in any case */
export function isInstalledBy(guid: string, config: Config, disk: Disk): boolean {
  const plain = plainGuid(config, disk);
  const found = guid.trim().toLowerCase();
  // A number is not another configuration.
  return found === plain || readMark(found)?.hash === plain.slice(0, 8);
}

/** @returns null for a GUID that notes no serial */
export function readMark(guid: string): Mark | null {
  const text = guid.trim().toLowerCase();
  const hex = text.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(hex)) return null;
  const serial = Number(BigInt(`0x${hex.slice(16)}`) & serialBits);
  const mark = { hash: hex.slice(0, 8), serial };
  return serial >= 1 && numbered(mark) === text ? mark : null;
}

const serialBits = (1n << 53n) - 1n;

function plainGuid(config: Config, disk: Disk): string {
  return deriveGuid(`disko ${configurationHash(config)}`, stablePath(disk), 0, 0);
}

function numbered({ hash, serial }: Mark): string {
  const check = createHash('sha256').update(`dabei serial\n${hash}\n${serial}`).digest();
  const variant = 0b10n << 62n;
  const tail = variant | (BigInt(check.readUInt16BE(4) & 0x1ff) << 53n) | BigInt(serial);
  const middle = check.subarray(0, 4).toString('hex');
  const last = tail.toString(16);
  return `${hash}-${middle.slice(0, 4)}-8${middle.slice(4, 7)}-${last.slice(0, 4)}-${last.slice(4)}`;
}
