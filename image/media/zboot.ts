/** "MZ", an EFI program, and then "zimg": drivers/firmware/efi/libstub/zboot-header.S. */
const magic = Buffer.from('zimg');
/** Where the header has the offset and the size of what is compressed, little-endian. */
const [offsetAt, sizeAt, compressionAt] = [8, 12, 24];

/**
 * How large the kernel in an EFI zboot image is. gzip's last four bytes are the size of what it packed (RFC 1952, 2.3.1).
 * @returns null for a file that is no such image
 * @throws Error for one that is compressed in another way than by gzip, or cut off
 */
export function unpackedBytes(kernel: Buffer): number | null {
  if (!kernel.subarray(0, 2).equals(Buffer.from('MZ')) || !kernel.subarray(4, 8).equals(magic)) return null;
  const compression = kernel.toString('latin1', compressionAt, kernel.indexOf(0, compressionAt));
  if (compression !== 'gzip') throw new Error(`an EFI zboot image compressed by "${compression}"`);
  const end = kernel.readUInt32LE(offsetAt) + kernel.readUInt32LE(sizeAt);
  if (end > kernel.length) throw new Error('an EFI zboot image that is cut off');
  return kernel.readUInt32LE(end - 4);
}
