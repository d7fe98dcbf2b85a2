/** Program headers, and the hash of names, as the dynamic loader reads them (load.ts has the sources). */

export const pt = { load: 1, dynamic: 2 } as const;

/** The hash by which DT_GNU_HASH finds a name (Bernstein's). */
export function hashOf(name: string): number {
  let hash = 5381;
  for (let at = 0; at < name.length; at++) hash = (hash * 33 + name.charCodeAt(at)) % 2 ** 32;
  return hash;
}

export function segmentsOf(file: Buffer) {
  const start = Number(file.readBigUInt64LE(0x20));
  return Array.from({ length: file.readUInt16LE(0x38) }, (_, index) => {
    const at = start + index * 56;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}
