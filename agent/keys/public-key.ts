import { createPublicKey } from 'node:crypto';

/**
 * Public keys in the form that sshd accepts in a line: type, blank, base64 (sshkey_read and the deserialize_public functions of
 * OpenSSH 10.0, which the image has). Pure; never throws because of the contents.
 */

interface KeyType {
  kind: 'ed25519' | 'rsa' | 'ecdsa';
  /** The curve of an ECDSA key, by its SSH name. */
  curve?: keyof typeof curves;
  /** A security key: the name of the application follows (PROTOCOL.u2f). */
  token?: true;
}

/** RFC 5656, 10.1: the JOSE name, and the bytes of one coordinate. */
const curves = {
  nistp256: { jose: 'P-256', bytes: 32 },
  nistp384: { jose: 'P-384', bytes: 48 },
  nistp521: { jose: 'P-521', bytes: 66 },
} as const;

/** Types that sshd accepts in a line; it also accepts the names of signature algorithms for the types of their keys. */
const types: ReadonlyMap<string, KeyType> = new Map<string, KeyType>([
  ['ssh-ed25519', { kind: 'ed25519' }],
  ['sk-ssh-ed25519@openssh.com', { kind: 'ed25519', token: true }],
  ['ecdsa-sha2-nistp256', { kind: 'ecdsa', curve: 'nistp256' }],
  ['ecdsa-sha2-nistp384', { kind: 'ecdsa', curve: 'nistp384' }],
  ['ecdsa-sha2-nistp521', { kind: 'ecdsa', curve: 'nistp521' }],
  ['sk-ecdsa-sha2-nistp256@openssh.com', { kind: 'ecdsa', curve: 'nistp256', token: true }],
  ['webauthn-sk-ecdsa-sha2-nistp256@openssh.com', { kind: 'ecdsa', curve: 'nistp256', token: true }],
  ['ssh-rsa', { kind: 'rsa' }],
  ['rsa-sha2-256', { kind: 'rsa' }],
  ['rsa-sha2-512', { kind: 'rsa' }],
]);

/** SSH_RSA_MINIMUM_MODULUS_SIZE, the default of RequiredRSASize (sshd_config(5)). */
const leastRsaBits = 1024;
/** SSHBUF_MAX_BIGNUM: 16384 bits. */
const mostBignumBytes = 2048;

export type PublicKey = { type: string; blob: Buffer };

/** Whether a word looks like the name of a type of SSH key, even an obsolete one. */
export function looksLikeKeyType(word: string): boolean {
  return /^(ssh|ecdsa|sk|rsa|webauthn)-[a-z0-9@.-]{2,80}$/i.test(word);
}

/** @returns the key, or why sshd refuses it, as the end of a sentence about it */
export function readPublicKey(type: string, base64: string): PublicKey | string {
  const expected = types.get(type);
  if (expected === undefined) return refusedType(type);
  const blob = decode(base64);
  if (blob === null) return `has a ${type} key whose base64 is damaged or cut off`;
  const reader = new Reader(blob);
  const inner = withoutNul(reader.string());
  const found = types.get(inner ?? '');
  if (inner === null) return `has a ${type} key that is cut off`;
  if (found === undefined || !isSameType(found, expected))
    return `says ${type}, and the key inside is ${found === undefined ? 'of another type' : inner}`;
  const problem = readBody(expected, reader);
  if (problem !== null) return `has a ${type} key that ${problem}`;
  return { type, blob };
}

function refusedType(type: string): string {
  if (/^(ssh-)?dss\b/i.test(type) || /^ssh-dss/i.test(type))
    return 'has a DSA key (ssh-dss), which sshd no longer accepts';
  if (/-cert-v0\d@openssh\.com$/i.test(type)) return 'is a certificate; sshd expects the key itself';
  if (looksLikeKeyType(type))
    return `has a key of the type ${type}, which the sshd of this image does not support`;
  return 'has no public key';
}

function isSameType(a: KeyType, b: KeyType): boolean {
  return a.kind === b.kind && a.curve === b.curve && a.token === b.token;
}

function readBody({ kind, curve, token }: KeyType, reader: Reader): string | null {
  let problem: string | null = null;
  if (kind === 'ed25519') problem = reader.string()?.length === 32 ? null : 'is cut off or damaged';
  else if (kind === 'rsa') problem = readRsa(reader);
  else problem = readEcdsa(curve!, reader);
  if (problem === null && token && withoutNul(reader.string()) === null) problem = 'is cut off or damaged';
  return problem ?? (reader.isAtEnd ? null : 'is longer than its parts');
}

/** RFC 4253, 6.6: e and n. */
function readRsa(reader: Reader): string | null {
  const parts = [reader.string(), reader.string()];
  for (const part of parts) {
    if (part === null || (part[0] ?? 0) >= 0x80) return 'is cut off or damaged';
    if (part.length > mostBignumBytes + 1 || (part.length === mostBignumBytes + 1 && part[0] !== 0))
      return 'is longer than 16384 bits';
  }
  const bits = bitLength(parts[1]!);
  return bits < leastRsaBits ? `has ${bits} bits; sshd requires at least ${leastRsaBits}` : null;
}

function bitLength(number: Buffer): number {
  const first = number.findIndex(byte => byte !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - (Math.clz32(number[first]!) - 24);
}

/** RFC 5656, 3.1: the curve again, and an uncompressed point (SEC 1, 2.3.3) that is on it. */
function readEcdsa(curve: keyof typeof curves, reader: Reader): string | null {
  const { jose, bytes } = curves[curve];
  if (withoutNul(reader.string()) !== curve) return 'contains another curve';
  const point = reader.string();
  if (point === null || point.length !== 1 + 2 * bytes || point[0] !== 4) return 'is cut off or damaged';
  const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)].map(part =>
    part.toString('base64url'),
  );
  try {
    createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: jose, x: x!, y: y! } });
    return null;
  } catch {
    return 'is not a point on its curve';
  }
}

/**
 * As b64_pton of the C library: ignores white space, requires padding, and refuses unused bits that are set.
 * @returns null if the text is not valid base64
 */
function decode(text: string): Buffer | null {
  const packed = text.replace(/[\n\v\f\r]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(packed) || packed.length % 4 !== 0) return null;
  const bytes = Buffer.from(packed, 'base64');
  return bytes.toString('base64') === packed ? bytes : null;
}

/** sshbuf_get_cstring: a NUL may end the string, but not be inside it. */
function withoutNul(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const text = bytes.toString('latin1').replace(/\0$/, '');
  return text.includes('\0') ? null : text;
}

/** Strings of RFC 4251, 5: length as 4 bytes, then the bytes. */
class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @returns null if the bytes end too early */
  string(): Buffer | null {
    if (this.#at + 4 > this.#bytes.length) return null;
    const end = this.#at + 4 + this.#bytes.readUInt32BE(this.#at);
    if (end > this.#bytes.length) return null;
    const value = this.#bytes.subarray(this.#at + 4, end);
    this.#at = end;
    return value;
  }
}
