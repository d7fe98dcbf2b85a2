import { gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { DabeiError, type ErrorCode } from '../../errors.ts';

/** Limit of a configuration, compressed and uncompressed, in bytes. A real one has a few kilobytes. */
export const maximumBytes = 2 ** 20;

/** A decoder should support windows of 8 MiB (RFC 8878, 3.1.1.1.2); a larger one would exhaust a small machine's memory. */
const maximumWindowBytes = 8 * 2 ** 20;

const doing = 'reading the configuration';

function refuse(code: ErrorCode, problem: string, remedy: string): DabeiError {
  return new DabeiError(code, { doing, problem, remedy });
}

/**
 * Decodes base64 or base64url (RFC 4648, 4 and 5), padding optional, otherwise strict: a character
 * that was lost in transit must not result in another passphrase.
 * @throws DabeiError CONFIG_BASE64, naming the position (1-based) and never the text
 */
export function decodeBase64(text: string): Buffer {
  const remedy = 'encode it with "base64 -w0", or "basenc --base64url -w0"';
  const fail = (problem: string) => refuse('CONFIG_BASE64', problem, remedy);
  const [body = ''] = /^[^=]*/.exec(text)!;
  const padding = text.slice(body.length);
  const wrong = /[^A-Za-z0-9+/_-]/.exec(body);
  if (wrong) {
    const what = /\s/.test(wrong[0]) ? 'white space' : 'not a base64 character';
    throw fail(`character ${wrong.index + 1} is ${what}`);
  }
  const standard = body.search(/[+/]/);
  const url = body.search(/[_-]/);
  if (standard >= 0 && url >= 0) {
    throw fail(
      `character ${Math.max(standard, url) + 1} belongs to another base64 alphabet than the characters before it`,
    );
  }
  const tooMuch = /^={0,2}/.exec(padding)![0].length;
  if (tooMuch < padding.length) {
    const what = padding[tooMuch] === '=' ? 'a third "="' : 'after the final "="';
    throw fail(`character ${body.length + tooMuch + 1} is ${what}`);
  }
  if (body.length % 4 === 1 || (padding !== '' && text.length % 4 !== 0)) {
    throw fail(`it has ${text.length} characters, a length that base64 does not produce: it was cut off`);
  }
  const bytes = Buffer.from(body, 'base64');
  // The unused bits of the last character are zero (RFC 4648, 3.5).
  if (bytes.toString('base64url') !== body.replaceAll('+', '-').replaceAll('/', '_')) {
    throw fail(`character ${body.length} cannot be the last one: it was cut off`);
  }
  return bytes;
}

/**
 * Unpacks gzip (RFC 1952) or zstd (RFC 8878), recognised by their first bytes; returns other bytes unchanged.
 * It verifies gzip's checksum; fzstd does not verify zstd's.
 * @throws DabeiError CONFIG_COMPRESSION, or CONFIG_TOO_LARGE for more than `maximumBytes`, before they are in memory
 */
export function unpack(bytes: Buffer): Buffer {
  if (bytes.length > maximumBytes) throw tooLarge();
  if (startsWith(bytes, [0x1f, 0x8b])) return unpackGzip(bytes);
  if (startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd])) return unpackZstd(bytes);
  return bytes;
}

function unpackGzip(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maximumBytes });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw damaged('gzip', code === 'Z_BUF_ERROR');
  }
}

function unpackZstd(bytes: Buffer): Buffer {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (const frame of zstdFrames(bytes)) {
    const decoder = new Decompress(chunk => {
      length += chunk.length;
      if (length > maximumBytes) throw tooLarge();
      chunks.push(chunk);
    });
    try {
      decoder.push(frame, true);
    } catch (error) {
      if (error instanceof DabeiError) throw error;
      // fzstd's code 5 is an unexpected end; damaged input also makes it read and write past its arrays.
      throw damaged('zstd', error instanceof Error && 'code' in error && error.code === 5);
    }
  }
  return Buffer.concat(chunks);
}

/** More frames than anybody concatenates by hand; fzstd allocates a window for each. */
const maximumFrames = 16;

/**
 * Splits zstd data into frames (RFC 8878, 3), and checks each against the limits before fzstd allocates memory for it. Omits
 * skippable frames; bytes after the last frame are an error.
 */
function zstdFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    if (++count > maximumFrames)
      throw refuse(
        'CONFIG_COMPRESSION',
        `it has more than ${maximumFrames} zstd frames`,
        'pack it as one file',
      );
    const frame = bytes.subarray(at);
    if (frame.length < 8) throw damaged('zstd', count === 1);
    const magic = frame.readUInt32LE();
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + frame.readUInt32LE(4);
      continue;
    }
    if (magic !== 0xfd2fb528) throw damaged('zstd', false);
    const { windowBytes, contentBytes } = zstdHeader(frame);
    if (contentBytes > maximumBytes) throw tooLarge();
    if (windowBytes > maximumWindowBytes) {
      throw refuse(
        'CONFIG_COMPRESSION',
        'its zstd window is larger than 8 MiB',
        'pack it with "zstd -19" or gzip',
      );
    }
    const length = zstdFrameLength(frame);
    frames.push(frame.subarray(0, length));
    at += length;
  }
  return frames;
}

/** Bytes that fzstd would allocate for a frame: its window, or without one its content (RFC 8878, 3.1.1.1). */
function zstdHeader(frame: Buffer): { windowBytes: number; contentBytes: number; length: number } {
  const flags = frame[4] ?? 0;
  const singleSegment = (flags & 0x20) !== 0;
  const sizeOfSize = [singleSegment ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const sizeOfDictionary = [0, 1, 2, 4][flags & 3]!;
  const position = (singleSegment ? 5 : 6) + sizeOfDictionary;
  let contentBytes = sizeOfSize === 2 ? 256 : 0;
  for (let index = 0; index < sizeOfSize; index++)
    contentBytes += (frame[position + index] ?? 0) * 256 ** index;
  const descriptor = frame[5] ?? 0;
  const base = 2 ** (10 + (descriptor >> 3));
  const windowBytes = singleSegment ? 0 : base + (base / 8) * (descriptor & 7);
  return { windowBytes, contentBytes, length: position + sizeOfSize };
}

/** Header, blocks, and the checksum if the header announces one (RFC 8878, 3.1.1). */
function zstdFrameLength(frame: Buffer): number {
  const checksumBytes = ((frame[4] ?? 0) & 4) !== 0 ? 4 : 0;
  let at = zstdHeader(frame).length;
  for (let isLast = false; !isLast;) {
    if (at + 3 > frame.length) throw damaged('zstd', true);
    const block = frame.readUIntLE(at, 3);
    isLast = (block & 1) !== 0;
    const [type, size] = [(block >> 1) & 3, block >> 3];
    // An RLE block is one byte; type 3 is reserved.
    at += 3 + (type === 1 ? 1 : size);
    if (type === 3) throw damaged('zstd', false);
    if (at + (isLast ? checksumBytes : 0) > frame.length) throw damaged('zstd', true);
  }
  return at + checksumBytes;
}

function tooLarge(): DabeiError {
  return refuse(
    'CONFIG_TOO_LARGE',
    `it is larger than ${maximumBytes} bytes`,
    'keep files out of the configuration; a flake can hold them',
  );
}

function damaged(format: string, cut: boolean): DabeiError {
  return refuse(
    'CONFIG_COMPRESSION',
    cut ? `the ${format} data ends too early` : `the ${format} data is damaged`,
    'pack it again, and check that the transfer was complete',
  );
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/**
 * @param keepMark keeps a byte order mark, which is otherwise removed
 * @throws DabeiError `code` for bytes that are not UTF-8
 */
export function decodeUtf8(bytes: Buffer, code: ErrorCode, { keepMark = false } = {}): string {
  const utf16 = startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff]);
  try {
    if (!utf16) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: keepMark }).decode(bytes);
  } catch {
    // Said below.
  }
  throw refuse(code, utf16 ? 'it is UTF-16 text' : 'it is not UTF-8 text', 'save it as UTF-8');
}
