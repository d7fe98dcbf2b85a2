import { createPublicKey, verify } from 'node:crypto';
import { cleanLine } from '../../clean-text.ts';
import { DabeiError } from '../../errors.ts';

/** Parses what a binary cache says about a store path, and checks its signatures. Pure. */

export const storeDirectory = '/nix/store';

/** A narinfo (https://nix.dev/manual/nix/2.26/protocols/binary-cache). Sizes are in bytes. */
export interface Narinfo {
  /** Absolute path. */
  storePath: string;
  /** Address of the archive, relative to the cache. */
  url: string;
  /** "sha256:" and 52 digits in Nix's base 32. */
  narHash: string;
  narSize: number;
  /** Size of the compressed archive; `narSize` if the cache does not report one. */
  fileSize: number;
  /** Absolute paths; they include the path itself if it refers to itself. */
  references: readonly string[];
  /** Each in the form "NAME:BASE64". */
  signatures: readonly string[];
}

/** Name of the cache's file about a store path: the hash part of the path's name. */
export function narinfoName(storePath: string): string {
  return `${storePath.slice(storeDirectory.length + 1).slice(0, 32)}.narinfo`;
}

/** In characters: 200 for a name, and 88 for an Ed25519 signature in base 64. */
const signatureLimit = 300;
/** Bounds the number of verifications. */
const mostSignatures = 100;

const baseName = /^[0-9a-df-np-sv-z]{32}-[\w+.?=-]{1,211}$/;

/**
 * @param storePath the requested path
 * @throws DabeiError CLOSURE_NARINFO if the text is not a valid narinfo of this path
 */
export function parseNarinfo(text: string, storePath: string): Narinfo {
  const refuse = (problem: string): never => {
    throw new DabeiError('CLOSURE_NARINFO', {
      doing: `parsing the narinfo of ${storePath}`,
      problem,
      remedy: `check what the caches answer to ${storePath.split('/').at(-1)!.slice(0, 32)}.narinfo; remove those from system.substituters that do not answer with a narinfo`,
    });
  };
  const fields = new Map<string, string>();
  const signatures: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, name = refuse('a line has no colon'), value = ''] = /^([\w-]+): ?(.*?)\r?$/.exec(line) ?? [];
    // Only this field may be repeated.
    if (name === 'Sig') signatures.push(cleanLine(value, signatureLimit));
    else if (fields.has(name)) refuse(`${name} appears twice`);
    else fields.set(name, value);
  }
  if (signatures.length > mostSignatures) refuse(`it has more than ${mostSignatures} signatures`);
  const field = (name: string): string => fields.get(name) || refuse(`${name} is missing`);
  const size = (name: string): number => {
    const value = field(name);
    return /^\d{1,15}$/.test(value) ? Number(value) : refuse(`${name} is not a valid number`);
  };
  if (field('StorePath') !== storePath) refuse('it describes another path');
  const references = (fields.get('References') ?? '').split(' ').filter(Boolean);
  if (references.some(name => !baseName.test(name))) refuse('invalid reference');
  const url = field('URL');
  if (/^[a-z]+:|^\/|(^|\/)\.\.(\/|$)/i.test(url)) refuse('URL leads out of the cache');
  const narSize = size('NarSize');
  if (narSize === 0) refuse('NarSize is 0');
  return {
    storePath,
    url,
    narHash: canonicalHash(field('NarHash')) ?? refuse('NarHash is not a valid SHA-256'),
    narSize,
    fileSize: fields.has('FileSize') ? size('FileSize') : narSize,
    references: references.map(name => `${storeDirectory}/${name}`),
    signatures,
  };
}

/** The text to which signatures apply (libstore/path-info.cc, ValidPathInfo::fingerprint). */
export function fingerprint({ storePath, narHash, narSize, references }: Narinfo): string {
  return ['1', storePath, narHash, narSize, references.toSorted().join(',')].join(';');
}

/**
 * Whether at least one of the keys has signed the narinfo.
 * @param keys public Ed25519 keys, each in the form "NAME:BASE64"
 */
export function isSignedBy(narinfo: Narinfo, keys: readonly string[]): boolean {
  const message = Buffer.from(fingerprint(narinfo));
  return narinfo.signatures.some(signature => {
    const [name, bytes] = named(signature);
    return keys.some(key => {
      const [keyName, keyBytes] = named(key);
      return keyName === name && bytes.length === 64 && verify(null, message, publicKey(keyBytes), bytes);
    });
  });
}

function named(text: string): [string, Buffer] {
  const colon = text.indexOf(':');
  return [text.slice(0, Math.max(0, colon)), Buffer.from(text.slice(colon + 1), 'base64')];
}

/** The bytes before the key's own 32 bytes in an Ed25519 SubjectPublicKeyInfo (RFC 8410, 4). */
const keyHead = Buffer.from('302a300506032b6570032100', 'hex');

function publicKey(bytes: Buffer) {
  return createPublicKey({ key: Buffer.concat([keyHead, bytes]), format: 'der', type: 'spki' });
}

/** Converts a hash to base 32, the form in signatures; caches also use base 16 and base 64. null if it has no such form. */
function canonicalHash(text: string): string | null {
  if (/^sha256:[0-9a-df-np-sv-z]{52}$/.test(text)) return text;
  const hexadecimal = /^sha256:([0-9a-f]{64})$/.exec(text)?.[1];
  if (hexadecimal) return `sha256:${base32(Buffer.from(hexadecimal, 'hex'))}`;
  const base64 = /^sha256[:-]([A-Za-z0-9+/]{43}=)$/.exec(text)?.[1];
  return base64 ? `sha256:${base32(Buffer.from(base64, 'base64'))}` : null;
}

/** Nix's own base 32: digits of five bits, the most significant first of a little-endian number (libutil/hash.cc, printHash32). */
export function base32(bytes: Buffer): string {
  const digits = '0123456789abcdfghijklmnpqrsvwxyz';
  const length = Math.ceil((bytes.length * 8) / 5);
  return Array.from({ length }, (_, index) => {
    const bit = (length - 1 - index) * 5;
    const [at, shift] = [bit >> 3, bit & 7];
    return digits[(((bytes[at] ?? 0) >> shift) | ((bytes[at + 1] ?? 0) << (8 - shift))) & 31];
  }).join('');
}
