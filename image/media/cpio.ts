/** Archives as `run` and iPXE append them to an initrd: cpio, newc (Documentation/driver-api/early-userspace/buffer-format.rst). */

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

function newc(members: readonly Member[]): Buffer {
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
