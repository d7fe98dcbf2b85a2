import { createHash } from 'node:crypto';
import { publicKeyOf } from './ed25519.ts';

/** Keys and addresses of onion services of version 3, as Tor keeps them (rend-spec-v3; tor(1), "FILES"). Pure. */

/** hs_ed25519_secret_key: 32 bytes of header, then the expanded secret key (RFC 8032, 5.1.5). */
const secretHeader = header('== ed25519v1-secret: type0 ==');
const publicHeader = header('== ed25519v1-public: type0 ==');
const secretBytes = secretHeader.length + 64;

function header(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(32 - text.length)]);
}

/** @returns why these bytes are not the file, as the end of a sentence that says nothing of them; null if they are */
export function onionKeyProblem(file: Buffer): string | null {
  const start = file.subarray(0, secretHeader.length);
  if (start.equals(publicHeader)) return 'is the public key: give hs_ed25519_secret_key';
  if (!start.equals(secretHeader)) return 'does not begin as hs_ed25519_secret_key does';
  if (file.length !== secretBytes) return 'is not as long as hs_ed25519_secret_key is: 96 bytes';
  const scalar = scalarOf(file);
  // RFC 8032, 5.1.5, step 2: "pruned".
  const isPruned = (scalar[0]! & 0x07) === 0 && (scalar[31]! & 0xc0) === 0x40;
  return isPruned ? null : 'has no valid secret key of the type ed25519';
}

function scalarOf(file: Buffer): Buffer {
  return file.subarray(secretHeader.length, secretHeader.length + 32);
}

/** "….onion", the address of a secret key. @param file hs_ed25519_secret_key, without a problem */
export function addressOfKey(file: Buffer): string {
  return onionAddress(publicKeyOf(scalarOf(file)));
}

const version = 3;

/** rend-spec-v3, 6: base32(public key, checksum, version). @param publicKey 32 bytes */
export function onionAddress(publicKey: Buffer): string {
  const checksum = createHash('sha3-256')
    .update('.onion checksum')
    .update(publicKey)
    .update(Buffer.from([version]))
    .digest()
    .subarray(0, 2);
  return `${base32(Buffer.concat([publicKey, checksum, Buffer.from([version])]))}.onion`;
}

/** Whether a text is an address of version 3, its checksum included. */
export function isOnionAddress(text: string): boolean {
  const [, name] = /^([a-z2-7]{56})\.onion$/.exec(text) ?? [];
  return name !== undefined && onionAddress(fromBase32(name).subarray(0, 32)) === text;
}

/** RFC 4648, 6, in lower case. The lengths that occur here need no padding. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(bytes: Buffer): string {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map(five => alphabet[parseInt(five, 2)]).join('');
}

function fromBase32(text: string): Buffer {
  const bits = text.replaceAll(/./g, letter => alphabet.indexOf(letter).toString(2).padStart(5, '0'));
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(eight => parseInt(eight, 2)));
}
