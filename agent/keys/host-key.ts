import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import { DabeiError } from '../errors.ts';
import { Secret } from '../secret.ts';

/** SSH host keys as data: the type of a private key, and its public key. Starts no program. */

export const hostKeyTypes = ['ed25519', 'ecdsa', 'rsa'] as const;
export type HostKeyType = (typeof hostKeyTypes)[number];

/** First bytes of the binary data inside "BEGIN OPENSSH PRIVATE KEY" (OpenSSH's PROTOCOL.key). */
const magic = Buffer.from('openssh-key-v1\0');

/**
 * The type of a private key, as in the file name ssh_host_TYPE_key.
 * @throws DabeiError SSH_HOST_KEY
 */
export function hostKeyType(key: Secret): HostKeyType {
  const name = readString(publicBlob(key), 0).toString('latin1');
  if (name === 'ssh-ed25519') return 'ed25519';
  if (name === 'ssh-rsa') return 'rsa';
  if (name.startsWith('ecdsa-sha2-')) return 'ecdsa';
  throw unusable(`its type ${name} is not one of ${hostKeyTypes.join(', ')}`);
}

/**
 * The public key, as in ssh_host_TYPE_key.pub: type and base64, without comment and line end.
 * @throws DabeiError SSH_HOST_KEY
 */
export function hostPublicKey(key: Secret): string {
  const blob = publicBlob(key);
  return `${readString(blob, 0).toString('latin1')} ${blob.toString('base64')}`;
}

/** The key in the form that sshd requires: only line feeds, and one at the end; without it, sshd finds no key. */
export function hostKeyFile(key: Secret): Secret {
  return new Secret(`${key.reveal().toString('latin1').replaceAll('\r', '').trim()}\n`);
}

/** The public key in SSH's wire format (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4). */
function publicBlob(key: Secret): Buffer {
  const text = key.reveal().toString('latin1');
  const body = opensshBody(text);
  if (body !== null) return fromOpenssh(Buffer.from(body, 'base64'));
  let jwk: JsonWebKey;
  try {
    jwk = createPublicKey(createPrivateKey(key.reveal())).export({ format: 'jwk' });
  } catch {
    // OpenSSL's own message could quote the input.
    throw unusable('it is neither in OpenSSH format nor an unencrypted PEM key');
  }
  return fromJwk(jwk);
}

/** PROTOCOL.key: magic, cipher name, KDF name, KDF options, number of keys, public key, private section. */
function fromOpenssh(binary: Buffer): Buffer {
  try {
    if (!binary.subarray(0, magic.length).equals(magic)) throw new RangeError('no magic');
    let at = magic.length;
    const next = () => {
      const value = readString(binary, at);
      at += 4 + value.length;
      return value;
    };
    const cipher = next().toString('latin1');
    next();
    next();
    if (cipher !== 'none') throw unusable('it is protected by a passphrase');
    at += 4;
    const blob = next();
    readString(blob, 0);
    return blob;
  } catch (error) {
    if (error instanceof RangeError) throw unusable('it is cut off or damaged');
    throw error;
  }
}

/** The text between the first BEGIN line and the next END line, found in linear time. */
function opensshBody(text: string): string | null {
  const [begin, end] = ['-----BEGIN OPENSSH PRIVATE KEY-----', '-----END OPENSSH PRIVATE KEY-----'];
  const start = text.indexOf(begin);
  const stop = start < 0 ? -1 : text.indexOf(end, start + begin.length + 1);
  return stop < 0 ? null : text.slice(start + begin.length, stop);
}

function fromJwk(jwk: JsonWebKey): Buffer {
  const part = (value: string | undefined) => Buffer.from(value ?? '', 'base64url');
  switch (jwk.kty) {
    case 'RSA':
      return Buffer.concat([string('ssh-rsa'), mpint(part(jwk.e)), mpint(part(jwk.n))]);
    case 'EC': {
      const curve = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' }[jwk.crv ?? ''];
      if (curve === undefined) throw unusable(`SSH has no host keys on the curve ${jwk.crv}`);
      // SEC 1, 2.3.3: an uncompressed point.
      const point = Buffer.concat([Buffer.from([4]), part(jwk.x), part(jwk.y)]);
      return Buffer.concat([string(`ecdsa-sha2-${curve}`), string(curve), string(point)]);
    }
    case 'OKP':
      if (jwk.crv === 'Ed25519') return Buffer.concat([string('ssh-ed25519'), string(part(jwk.x))]);
  }
  throw unusable(`SSH has no host keys of its kind (${jwk.kty} ${jwk.crv ?? ''})`);
}

/** RFC 4251, 5: length as 4 bytes, then the bytes. */
function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** RFC 4251, 5: a zero byte precedes a positive number whose first bit is set. */
function mpint(bytes: Buffer): Buffer {
  return string((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** @throws RangeError if the bytes end too early */
function readString(bytes: Buffer, at: number): Buffer {
  const length = bytes.readUInt32BE(at);
  if (at + 4 + length > bytes.length) throw new RangeError('too short');
  return bytes.subarray(at + 4, at + 4 + length);
}

function unusable(problem: string): DabeiError {
  return new DabeiError('SSH_HOST_KEY', {
    doing: 'reading an SSH host key',
    problem,
    remedy: 'give an unencrypted private key in OpenSSH or PEM format, as ssh-keygen(1) writes it',
  });
}
