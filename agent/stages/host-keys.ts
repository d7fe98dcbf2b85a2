import { DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { hostKeyFile, hostKeyTypes, type HostKeyType } from '../keys/host-key.ts';
import { Secret } from '../secret.ts';

/** The private host keys at the places where sshd reads them. */

/**
 * Makes ssh-keygen read a private key, as sshd will.
 * @throws DabeiError SSH_HOST_KEY; its message never contains a part of the key
 */
export async function examineHostKey(
  { exec, files }: Doors,
  key: Secret,
  scratch: string,
): Promise<{ type: HostKeyType; publicKey: string }> {
  try {
    files.writeAtomic(scratch, hostKeyFile(key), 0o600);
    const { exitCode, stdout, stderr } = await exec.attempt({
      doing: 'reading an SSH host key',
      argv: ['ssh-keygen', '-y', '-P', '', '-f', scratch],
      timeoutSeconds: 10,
    });
    const [algorithm = '', blob = ''] = stdout.trim().split(' ');
    if (exitCode !== 0 || blob === '') {
      // ssh-keygen's "error in libcrypto" and "invalid format" add no information.
      const locked = stderr.includes('incorrect passphrase');
      throw unusable(
        locked
          ? 'it is protected by a passphrase'
          : 'it is damaged, or not a private key that ssh-keygen can read',
      );
    }
    const type = hostKeyTypes.find(name => typeOf(algorithm) === name);
    if (type === undefined) throw unusable(`sshd supports no host key of the type ${algorithm}`);
    return { type, publicKey: `${algorithm} ${blob}` };
  } finally {
    files.remove(scratch);
  }
}

/** RFC 8709 (ssh-ed25519), RFC 4253 (ssh-rsa), RFC 5656 (ecdsa-sha2-CURVE). */
function typeOf(algorithm: string): string {
  return algorithm.replace(/^ssh-/, '').replace(/^ecdsa-sha2-nistp\d+$/, 'ecdsa');
}

/** Writes a private key and its public key, which only comments and fingerprints need. */
export function writeHostKey(
  { files }: Doors,
  root: string,
  type: HostKeyType,
  key: Secret,
  publicKey: string,
): void {
  files.writeAtomic(privateFile(root, type), hostKeyFile(key), 0o600);
  files.writeAtomic(publicFile(root, type), `${publicKey}\n`, 0o644);
}

/**
 * Makes a key of the type ed25519, and then puts it in its place: /usr/lib/dabei/sshd may put a key there at any moment, and
 * ssh-keygen would ask whether to overwrite it.
 * @throws DabeiError COMMAND_FAILED, COMMAND_TIMEOUT, FILE
 */
export async function generateHostKey(doors: Doors, root: string): Promise<void> {
  const { exec, files } = doors;
  const doing = 'generating an SSH host key';
  const scratch = `${root}/run/dabei/new-host-key`;
  const remove = () => {
    for (const path of [scratch, `${scratch}.pub`]) files.remove(path);
  };
  remove();
  files.makeDirectory(`${root}/run/dabei`);
  try {
    await exec.run({
      doing,
      argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', scratch],
      timeoutSeconds: 30,
    });
    const [key, publicKey] = [files.readBytes(scratch), files.readText(`${scratch}.pub`)];
    if (key === null || publicKey === null)
      throw new DabeiError('FILE', { doing, problem: 'ssh-keygen made none' });
    writeHostKey(doors, root, 'ed25519', new Secret(key), publicKey.trim());
  } finally {
    remove();
  }
}

/** Types of the host keys that sshd will load. */
export function presentHostKeys({ files }: Doors, root: string): HostKeyType[] {
  const names = files.list(`${root}/etc/ssh`);
  return hostKeyTypes.filter(type => names.includes(`ssh_host_${type}_key`));
}

function privateFile(root: string, type: HostKeyType): string {
  return `${root}/etc/ssh/ssh_host_${type}_key`;
}

/** The public key of ssh_host_TYPE_key. */
export function publicFile(root: string, type: HostKeyType): string {
  return `${privateFile(root, type)}.pub`;
}

function unusable(problem: string): DabeiError {
  return new DabeiError('SSH_HOST_KEY', { doing: 'reading an SSH host key', problem });
}

/** The private host keys in use, given or generated. */
export function readHostKeys(doors: Doors, root = ''): Secret[] {
  return presentHostKeys(doors, root).flatMap(type => {
    const bytes = doors.files.readBytes(privateFile(root, type));
    return bytes === null ? [] : [new Secret(bytes)];
  });
}
