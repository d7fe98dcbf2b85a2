import { DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { configNamespace } from '../../keys/allowed-signers.ts';

/** Signatures of configurations, by ssh-keygen(1) -Y. */

export interface SignatureFiles {
  /** Lines of allowed_signers. */
  signers: string;
  signature: string;
}

/** How to start ssh-keygen: the operator's machine has it elsewhere, and an agent. */
export type Environment = Readonly<Record<string, string>>;

/**
 * Verifies a signature: finds who of the allowed signers made it, then verifies it for that name and for our namespace.
 * @param content what was signed, byte by byte
 * @param epochSeconds time for valid-after and valid-before of the signers; null for the system's clock
 * @returns the principal that signed
 * @throws DabeiError CONFIG_SIGNATURE
 */
export async function verifySignature(
  { exec }: Doors,
  content: Buffer,
  { signers, signature }: SignatureFiles,
  { epochSeconds, env }: { epochSeconds: number | null; env?: Environment },
): Promise<string> {
  const doing = 'verifying the signature of the configuration';
  const time = epochSeconds === null ? [] : ['-O', `verify-time=${stamp(epochSeconds)}`];
  const common = { doing, timeoutSeconds: 20, ...(env === undefined ? {} : { env }) };
  const refuse = (problem: string, remedy: string) =>
    new DabeiError('CONFIG_SIGNATURE', { doing, problem, remedy });
  const found = await exec.attempt({
    ...common,
    argv: ['ssh-keygen', '-Y', 'find-principals', ...time, '-s', signature, '-f', signers],
  });
  // Each line is a name; a pattern of names matches itself.
  const [principal = ''] = found.stdout.split('\n');
  if (found.exitCode !== 0 || principal === '')
    throw refuse(
      `none of the allowed signers made it (ssh-keygen: ${lastLine(found.stderr) || 'no principal matched'})`,
      'sign with "dabei sign" and a key of the allowed signers, or add its line to them',
    );
  const verified = await exec.attempt({
    ...common,
    argv: [
      ...['ssh-keygen', '-Y', 'verify', ...time, '-n', configNamespace],
      ...['-I', principal, '-f', signers, '-s', signature],
    ],
    stdin: content,
  });
  if (verified.exitCode !== 0)
    throw refuse(
      `it is not a signature of this file for the namespace ${configNamespace} (ssh-keygen: ${lastLine(verified.stderr) || lastLine(verified.stdout) || 'refused'})`,
      'sign exactly the file that the server sends, with "dabei sign"',
    );
  return principal;
}

/**
 * Signs a file, by its key or, if the key has a passphrase, by ssh-agent.
 * @param key file with the private key, or with the public key of one in the agent
 * @returns the signature, as it is to lie beside the file
 * @throws DabeiError CONFIG_SIGNATURE
 */
export async function signConfiguration(
  { exec }: Doors,
  content: Buffer,
  key: string,
  env: Environment,
): Promise<string> {
  const doing = 'signing the configuration';
  const { exitCode, stdout, stderr } = await exec.attempt({
    doing,
    argv: ['ssh-keygen', '-q', '-Y', 'sign', '-n', configNamespace, '-f', key],
    stdin: content,
    env,
    // Somebody may have to touch a security key.
    timeoutSeconds: 120,
  });
  if (exitCode === 0 && stdout.startsWith('-----BEGIN SSH SIGNATURE-----')) return stdout;
  throw new DabeiError('CONFIG_SIGNATURE', {
    doing,
    problem: `ssh-keygen does not sign with ${key}: ${lastLine(stderr) || 'no signature'}`,
    remedy: 'a key with a passphrase has to be in ssh-agent (ssh-add), and its .pub file named here',
  });
}

/**
 * The public key of a key file, as "TYPE BASE64": from FILE.pub, or from the file itself if it is a public key.
 * @throws DabeiError CONFIG_SIGNATURE
 */
export async function readPublicHalf({ exec, files }: Doors, key: string, env: Environment): Promise<string> {
  const doing = `reading the public key of ${key}`;
  const beside = [`${key}.pub`, key].map(path => publicKeyIn(files.readText(path) ?? '')).find(Boolean);
  if (beside !== undefined) return beside;
  const argv = ['ssh-keygen', '-y', '-P', '', '-f', key];
  const { stdout, stderr } = await exec.attempt({ doing, argv, env, timeoutSeconds: 20 });
  const derived = publicKeyIn(stdout);
  if (derived !== undefined) return derived;
  throw new DabeiError('CONFIG_SIGNATURE', {
    doing,
    problem: lastLine(stderr) || 'there is none',
    remedy: `write it to ${key}.pub: ssh-keygen -y -f ${key} > ${key}.pub`,
  });
}

function publicKeyIn(text: string): string | undefined {
  return /^((?:ssh|ecdsa|sk)-[\w@.-]+ [\w+/=]+)(?:\s|$)/.exec(text)?.[1];
}

/** YYYYMMDDHHMMSSZ (ssh-keygen(1), verify-time). */
function stamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
