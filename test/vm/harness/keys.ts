import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { run } from '../../../agent/host/exec.ts';

/** Key material of one world: made fresh, so that finding a piece of it anywhere means that this world leaked it. */

export interface KeyPair {
  /** Private key in OpenSSH's format, a file with mode 0600. */
  file: string;
  private: string;
  /** "ssh-ed25519 AAAA…", without a comment. */
  public: string;
}

export interface Keys {
  /** Who may log in. */
  user: KeyPair;
  /** The host key that the machine is given. */
  host: KeyPair;
  /** Unlocks the pool; 24 characters that need no quoting anywhere. */
  passphrase: string;
}

export async function makeKeys(directory: string): Promise<Keys> {
  files.makeDirectory(directory);
  return {
    user: await makeKeyPair(join(directory, 'user')),
    host: await makeKeyPair(join(directory, 'host')),
    passphrase: `pass-${randomBytes(9).toString('hex')}`,
  };
}

/** Makes keys those of another directory, their files, too. */
export function adoptKeys(keys: Keys, { user, host, passphrase }: Keys): void {
  for (const [own, other] of [
    [keys.user, user],
    [keys.host, host],
  ] as const) {
    files.write(own.file, other.private, 0o600);
    files.write(`${own.file}.pub`, `${other.public}\n`);
    Object.assign(own, { private: other.private, public: other.public });
  }
  keys.passphrase = passphrase;
}

async function makeKeyPair(file: string): Promise<KeyPair> {
  for (const old of [file, `${file}.pub`]) files.remove(old);
  const argv = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file];
  await run({ doing: 'making an SSH key', argv, timeoutSeconds: 20 });
  const [type, body] = files.readText(`${file}.pub`).split(' ');
  return { file, private: files.readText(file), public: `${type} ${body}` };
}

/**
 * What must be nowhere in clear: the passphrase and the private host key, as given and as they travel.
 * @returns name -> bytes, for searchDisk and findSecrets
 */
export function secretBytes(keys: Keys): Record<string, Buffer> {
  const lines = keys.host.private.trim().split('\n');
  const encoded = lines.slice(1, -1).join('');
  return {
    'the passphrase': Buffer.from(keys.passphrase),
    ...inBase64('the passphrase', keys.passphrase),
    // Lines of the file: 70 characters each. The private half of an ed25519 key is in the third.
    'the private host key': Buffer.from(lines[3]!),
    ...inBase64('the private host key', lines[3]!),
    'the private host key in binary': privateSeed(Buffer.from(encoded, 'base64')),
  };
}

/** A text inside of a longer one that is in base64: groups of three bytes start at one of three places. */
function inBase64(name: string, text: string): Record<string, Buffer> {
  const forms = [0, 1, 2].map(skip => {
    const groups = Math.floor((text.length - skip) / 3);
    const encoded = Buffer.from(text.slice(skip, skip + groups * 3)).toString('base64');
    return [`${name} in base64 (${skip})`, Buffer.from(encoded)] as const;
  });
  return Object.fromEntries(forms);
}

/**
 * The 32 secret bytes: in openssh-key-v1 the private section repeats the public key and is followed by a string of 64
 * bytes, seed and public key (PROTOCOL.key of OpenSSH).
 */
function privateSeed(file: Buffer): Buffer {
  const marker = Buffer.from([0, 0, 0, 64]);
  const place = file.lastIndexOf(marker);
  if (place < 0) throw new Error('not an unencrypted ed25519 key in OpenSSH format');
  return file.subarray(place + 4, place + 36);
}

/** Names of the secrets that a text or binary holds. */
export function findSecrets(content: string | Buffer, secrets: Readonly<Record<string, Buffer>>): string[] {
  const bytes = Buffer.from(content);
  return Object.entries(secrets)
    .filter(([, secret]) => bytes.includes(secret))
    .map(([name]) => name);
}
