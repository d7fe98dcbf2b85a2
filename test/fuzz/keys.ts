import {
  checkPrimeSync,
  createECDH,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { Random } from '../support/random.ts';

/** SSH keys that a seed repeats: node:crypto draws its own from the kernel. */

export interface GeneratedKey {
  type: string;
  /** SSH's wire format (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4). */
  blob: Buffer;
  /** For a login; null where nobody has it. */
  privateKey: KeyObject | null;
}

/** A string of SSH's wire format (RFC 4251, 5). */
export const string = (value: string | Buffer) => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const mpint = (bytes: Buffer) =>
  string((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);

/** One of each type that OpenSSH knows, and RSA keys that are short or too short. */
export function makeFuzzKeys(random: Random): GeneratedKey[] {
  const token = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const application = string('ssh:');
  const ed25519 = makeEd25519(random);
  const p256 = makeEcdsa(random, '256');
  return [
    ed25519,
    p256,
    makeEcdsa(random, '384'),
    makeEcdsa(random, '521'),
    ...[2048, 1024, 768].map(bits => makeRsa(random, bits)),
    {
      type: 'sk-ssh-ed25519@openssh.com',
      blob: Buffer.concat([
        string('sk-ssh-ed25519@openssh.com'),
        ed25519.blob.subarray(string('ssh-ed25519').length),
        application,
      ]),
      privateKey: null,
    },
    {
      type: token,
      blob: Buffer.concat([string(token), p256.blob.subarray(string(p256.type).length), application]),
      privateKey: null,
    },
    // p, q, g and y of no real key: its type alone is what matters.
    {
      type: 'ssh-dss',
      blob: Buffer.concat([
        string('ssh-dss'),
        ...Array.from({ length: 4 }, () => mpint(Buffer.alloc(128, 0x71))),
      ]),
      privateKey: null,
    },
  ];
}

function makeEd25519(random: Random): GeneratedKey {
  // PrivateKeyInfo of a seed of 32 bytes (RFC 8410, 7).
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([head, random.bytes(32)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const blob = Buffer.concat([string('ssh-ed25519'), string(Buffer.from(x, 'base64url'))]);
  return { type: 'ssh-ed25519', blob, privateKey };
}

function makeEcdsa(random: Random, size: '256' | '384' | '521'): GeneratedKey {
  const bytes = Math.ceil(Number(size) / 8);
  const ecdh = createECDH(size === '256' ? 'prime256v1' : `secp${size}r1`);
  // Below the order of the group, which begins with a one bit, or in 521 bits with 0x01.
  const scalar = random.bytes(bytes);
  scalar[0]! &= size === '521' ? 0 : 0x7f;
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const coordinates = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)];
  const [x = '', y = ''] = coordinates.map(part => part.toString('base64url'));
  const jwk = { kty: 'EC', crv: `P-${size}`, x, y, d: scalar.toString('base64url') };
  const type = `ecdsa-sha2-nistp${size}`;
  const blob = Buffer.concat([string(type), string(`nistp${size}`), string(point)]);
  return { type, blob, privateKey: privateFrom(jwk) };
}

/** RFC 8017, 3.2. Keys of fewer than 1024 bits no OpenSSH logs in with: those are a public half alone. */
function makeRsa(random: Random, bits: number): GeneratedKey {
  const e = 65537n;
  const [p, q] = [makePrime(random, bits / 2, e), makePrime(random, bits / 2, e)];
  const d = inverse(e, (p - 1n) * (q - 1n));
  const base64 = (value: bigint) => bytesOf(value).toString('base64url');
  const jwk = {
    ...{ kty: 'RSA', n: base64(p * q), e: base64(e), d: base64(d), p: base64(p), q: base64(q) },
    ...{ dp: base64(d % (p - 1n)), dq: base64(d % (q - 1n)), qi: base64(inverse(q, p)) },
  };
  const blob = Buffer.concat([string('ssh-rsa'), mpint(bytesOf(e)), mpint(bytesOf(p * q))]);
  return { type: 'ssh-rsa', blob, privateKey: bits < 1024 ? null : privateFrom(jwk) };
}

/** With its two highest bits set, so that the product of two has all of its bits. */
function makePrime(random: Random, bits: number, e: bigint): bigint {
  for (;;) {
    const bytes = random.bytes(bits / 8);
    bytes[0]! |= 0xc0;
    bytes[bytes.length - 1]! |= 1;
    const candidate = BigInt(`0x${bytes.toString('hex')}`);
    if (checkPrimeSync(bytes) && (candidate - 1n) % e !== 0n) return candidate;
  }
}

/** Extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next, x, y] = [modulus, value % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

function privateFrom(jwk: JsonWebKey): KeyObject {
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

/** For `ssh -i`: PKCS#8, or for Ed25519, which OpenSSH reads in no other form, its own. */
export function privateKeyFile({ blob, privateKey, type }: GeneratedKey): string {
  if (privateKey === null) throw new Error(`nobody has the private half of the ${type} key`);
  if (type !== 'ssh-ed25519') return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  return opensshFile(blob, Buffer.concat([d, x].map(part => Buffer.from(part, 'base64url'))));
}

/**
 * An Ed25519 key in OpenSSH's format, without a passphrase (PROTOCOL.key).
 * @param pair private and public half, 32 bytes each; the private one is 64 bytes there
 * @param check any four bytes, which are there twice
 */
export function opensshFile(blob: Buffer, pair: Buffer, check: Buffer = Buffer.alloc(4)): string {
  const inner = Buffer.concat([check, check, blob, string(pair), string('')]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1));
  const binary = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[string('none'), string('none'), string(''), Buffer.from([0, 0, 0, 1]), string(blob)],
    string(Buffer.concat([inner, padding])),
  ]);
  const body = binary.toString('base64').replace(/.{70}/g, '$&\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
