/**
 * A static ELF program for x86-64, that prints the processor's time stamp counter as 8 bytes, little endian: in a
 * counted machine the number of nanoseconds since the machine's start, which kexec does not reset (elf(5); Intel's manual,
 * volume 2, RDTSC).
 */
export function counterProgram(): Buffer {
  const base = 0x400000;
  const [fileHeader, programHeader] = [64, 56];
  const code = Buffer.from(
    [
      '0f31', // rdtsc
      '48c1e220', // shl rdx, 32
      '4809d0', // or rax, rdx
      '50', // push rax
      'b801000000', // mov eax, 1 (write)
      'bf01000000', // mov edi, 1
      '4889e6', // mov rsi, rsp
      'ba08000000', // mov edx, 8
      '0f05', // syscall
      'b83c000000', // mov eax, 60 (exit)
      '31ff', // xor edi, edi
      '0f05', // syscall
    ].join(''),
    'hex',
  );
  const entry = fileHeader + programHeader;
  const bytes = Buffer.alloc(entry + code.length);
  // 64 bits, little endian, version 1; an executable (2) for x86-64 (62).
  Buffer.from('7f454c46020101', 'hex').copy(bytes);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(base + entry), 24);
  bytes.writeBigUInt64LE(BigInt(fileHeader), 32);
  bytes.writeUInt16LE(fileHeader, 52);
  bytes.writeUInt16LE(programHeader, 54);
  bytes.writeUInt16LE(1, 56);
  // One segment, readable and executable, that is the whole file.
  const segment = bytes.subarray(fileHeader);
  segment.writeUInt32LE(1, 0);
  segment.writeUInt32LE(5, 4);
  segment.writeBigUInt64LE(BigInt(base), 16);
  segment.writeBigUInt64LE(BigInt(base), 24);
  segment.writeBigUInt64LE(BigInt(bytes.length), 32);
  segment.writeBigUInt64LE(BigInt(bytes.length), 40);
  segment.writeBigUInt64LE(0x1000n, 48);
  code.copy(bytes, entry);
  return bytes;
}
