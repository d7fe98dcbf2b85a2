import { createHash } from 'node:crypto';
import { newc, readNewc, type Member } from '../cpio.ts';

/**
 * The reserved file of a medium: so many zeros that every boot loader loads it after the initrd. The kernel skips zeros between
 * archives (Documentation/driver-api/early-userspace/buffer-format.rst), so a medium whose reserved file was never written starts as
 * it is. An archive in place of the zeros configures the machine. Pure.
 *
 * The archive begins with a file that has the length of the archive and the SHA-256 of the contents of all other files, in
 * their order: a damaged passphrase must not become the passphrase of a machine.
 */

/** Bytes. INVARIANT: a multiple of 4, as the kernel asks of an archive, and of 2048, the block of a medium. */
export const reservedBytes = 65536;

/** In the initramfs, without a slash in front. */
export const sumPath = 'dabei/reserved.sum';

/** What the machine reads as its configuration, later ones over earlier ones (agent/host/old-system/appended.ts). */
export const configurationPaths = ['dabei.json', 'dabei/options.json'] as const;
type ConfigurationPath = (typeof configurationPaths)[number];

export interface ReservedContent {
  members: readonly Required<Member>[];
  /** Of the archive, in bytes. */
  length: number;
  /** Of the contents of its files, in hexadecimal digits. */
  sha256: string;
}

/** What a reserved file holds. "damaged": something else than `encodeReserved` wrote. */
export type Reserved =
  { state: 'empty' } | { state: 'damaged'; problem: string } | ({ state: 'configured' } & ReservedContent);

/**
 * The archive for these files, which only root can read.
 * @returns bytes that are not padded, and may be more than fit
 */
export function encodeReserved(
  contents: Readonly<Partial<Record<ConfigurationPath, Buffer>>>,
): ReservedContent & { bytes: Buffer } {
  const members = Object.entries(contents).map(([path, content]) => ({ path, content, mode: 0o600 }));
  const sha256 = hashOf(members);
  const pack = (length: number) => newc([{ path: sumPath, content: sumText(length, sha256) }, ...members]);
  const { length } = pack(0);
  return { members, length, sha256, bytes: pack(length) };
}

/** @param bytes the whole reserved file */
export function decodeReserved(bytes: Buffer): Reserved {
  if (isZero(bytes)) return { state: 'empty' };
  const damaged = (problem: string): Reserved => ({ state: 'damaged', problem });
  const archive = readNewc(bytes);
  const [sum, ...members] = archive?.members ?? [];
  if (archive === null || sum?.path !== sumPath)
    return damaged('it holds something else than a configuration by dabei-image');
  if (!isZero(bytes.subarray(archive.length))) return damaged('bytes follow its archive');
  const contents = Object.fromEntries(members.map(({ path, content }) => [path, Buffer.from(content)]));
  const others = members.filter(({ path }) => !configurationPaths.some(known => known === path));
  if (others.length > 0) return damaged('a file in it has a name that the machine does not read');
  const written = encodeReserved(contents);
  if (!sum.content.toString().endsWith(`sha256 ${written.sha256}\n`))
    return damaged('the SHA-256 of its files is not the one that was written with them');
  // Names, modes and the length, too.
  if (!written.bytes.equals(bytes.subarray(0, archive.length)))
    return damaged('its archive is not as it was written');
  const { length, sha256 } = written;
  return { state: 'configured', members, length, sha256 };
}

/** Of one length for every archive. */
const sumText = (length: number, sha256: string): string =>
  `bytes ${String(length).padStart(8, '0')}\nsha256 ${sha256}\n`;

function hashOf(members: readonly Member[]): string {
  const hash = createHash('sha256');
  for (const { content } of members) hash.update(content);
  return hash.digest('hex');
}

const isZero = (bytes: Buffer): boolean => bytes.every(byte => byte === 0);
