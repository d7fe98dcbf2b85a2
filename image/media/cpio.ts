/**
 * Archives that are appended to an initrd, by `run`, iPXE or a boot loader: cpio, newc
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Pure.
 */

export interface Member {
  /** Without a slash in front. Directories above it are added. */
  path: string;
  content: string | Buffer;
  mode?: number;
}

/** An archive that the kernel takes after any other, uncompressed ones included: padded in front to a multiple of 4. */
export function appendix(initrdBytes: number, members: readonly Member[]): Buffer {
  return Buffer.concat([Buffer.alloc((4 - (initrdBytes % 4)) % 4), newc(members)]);
}

/** A whole archive, without padding after its end. The same members always give the same bytes. */
export function newc(members: readonly Member[]): Buffer {
  const directories = new Set<string>();
  for (const { path } of members) {
    const parts = path.split('/');
    for (let length = 1; length < parts.length; length++) directories.add(parts.slice(0, length).join('/'));
  }
  const entries = [
    ...[...directories].sort().map(path => entry(path, 0o040700, Buffer.alloc(0))),
    ...members.map(({ path, content, mode }) =>
      entry(path, 0o100000 | (mode ?? 0o600), Buffer.from(content)),
    ),
    entry('TRAILER!!!', 0, Buffer.alloc(0)),
  ];
  return Buffer.concat(entries);
}

/** Magic, then 13 numbers of 8 hexadecimal digits, the name with its NUL, the data; both padded to 4. */
function entry(name: string, mode: number, content: Buffer): Buffer {
  const [inode, uid, gid, links, time] = [0, 0, 0, 1, 0];
  const numbers = [inode, mode, uid, gid, links, time, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${numbers.map(number => number.toString(16).padStart(8, '0')).join('')}${name}\0`;
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return Buffer.concat([pad(Buffer.from(head, 'latin1')), pad(content)]);
}

/** Bytes of a header, without the name. */
const headBytes = 110;
const toFour = (bytes: number) => Math.ceil(bytes / 4) * 4;

/**
 * Reads the regular files of an archive that `newc` wrote.
 * @returns the files, and the length of the archive in bytes; null if it is damaged or not an archive
 */
export function readNewc(bytes: Buffer): { members: Required<Member>[]; length: number } | null {
  const members: Required<Member>[] = [];
  for (let at = 0; ;) {
    const head = bytes.toString('latin1', at, at + headBytes);
    if (!/^070701[0-9a-f]{104}$/.test(head)) return null;
    const number = (index: number) => Number.parseInt(head.slice(6 + 8 * index, 14 + 8 * index), 16);
    const [mode, size, nameBytes] = [number(1), number(6), number(11)];
    const start = toFour(at + headBytes + nameBytes);
    const end = toFour(start + size);
    if (nameBytes === 0 || end > bytes.length) return null;
    const path = bytes.toString('latin1', at + headBytes, at + headBytes + nameBytes - 1);
    if (path === 'TRAILER!!!') return { members, length: end };
    if (mode >>> 12 === 0o10)
      members.push({ path, content: bytes.subarray(start, start + size), mode: mode & 0o7777 });
    at = end;
  }
}
