import type { SshConfig } from '../config/schema.ts';
import { asDabeiError, DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import {
  authorizedKeyProblem,
  authorizedLines,
  readAuthorizedKeys,
  withoutBlanks,
} from '../keys/authorized-keys.ts';
import { fingerprint } from '../keys/fingerprint.ts';
import { hostKeyTypes, type HostKeyType } from '../keys/host-key.ts';
import { paths } from '../paths.ts';
import { examineHostKey, generateHostKey, presentHostKeys, publicFile, writeHostKey } from './host-keys.ts';

export interface SshOptions {
  /** Root of the file system; a test has another. */
  root?: string;
  /** In addition to the configured port; null for none. */
  otherPort?: number | null;
  /** ssh_host_TYPE_key-cert.pub -> text; sshd presents a certificate with the key of its type. */
  hostCertificates?: ReadonlyMap<string, string>;
  /** Seconds until sshd must answer. */
  startSeconds?: number;
}

export interface HostKey {
  type: HostKeyType;
  /** In the format of ssh: "SHA256:…". */
  fingerprint: string;
  /** dabei generated the key, so nobody knows it yet. */
  generated: boolean;
}

export interface SshResult {
  hostKeys: HostKey[];
  /** The host keys as people compare them: "ed25519 SHA256:…". */
  fingerprints: string[];
  /** Lines of root's authorized_keys that permit a login. */
  authorizedKeys: number;
  port: number;
  warnings: string[];
}

/**
 * Installs host keys and root's authorized keys, and makes sshd start (/usr/lib/dabei/sshd waits for that) or reload. It keeps
 * existing keys: the user who runs this may have logged in with them.
 * @param authorizedKeys lines of authorized_keys (sshd(8)), with their options unchanged
 * @throws DabeiError SSH_START when sshd does not answer on the loopback interface; SSH_HOST_KEY when a given key cannot
 * be used, thrown after sshd answers with the others or with a generated key; its cause is the SshResult
 */
export async function startSsh(
  doors: Doors,
  ssh: SshConfig,
  authorizedKeys: readonly string[],
  options: SshOptions = {},
): Promise<SshResult> {
  const { files } = doors;
  const root = options.root ?? '';
  const warnings: string[] = [];
  const bad: string[] = [];
  const given = new Set<HostKeyType>();
  files.makeDirectory(`${root}/etc/ssh`);

  const examinations = ssh.hostKeys.map((key, index) =>
    examineHostKey(doors, key, `${root}/run/dabei/host-key-${index + 1}`),
  );
  // All of them end before the first failure counts.
  await Promise.allSettled(examinations);
  for (const [index, key] of ssh.hostKeys.entries()) {
    const name = `host key ${index + 1} of ${ssh.hostKeys.length}`;
    try {
      const { type, publicKey } = await examinations[index]!;
      if (given.has(type)) {
        warnings.push(`${name} is a second key of the type ${type}, and is left out`);
        continue;
      }
      given.add(type);
      writeHostKey(doors, root, type, key, publicKey);
    } catch (error) {
      bad.push(`${name}: ${asDabeiError(error, 'reading an SSH host key').problem}`);
    }
  }
  const generated = presentHostKeys(doors, root).length === 0;
  if (generated) await generateHostKey(doors, root);

  const usable = placeAuthorizedKeys(doors, root, authorizedKeys, warnings);
  const certificates = placeHostCertificates(doors, root, given, options.hostCertificates ?? new Map());
  files.writeAtomic(
    `${root}/etc/ssh/sshd_config.d/port.conf`,
    sshdConfiguration(ssh.port, options.otherPort ?? null, certificates),
    0o644,
  );
  await release(doors, root);
  const hostKeys = presentHostKeys(doors, root).map(type => ({
    type,
    fingerprint: fingerprint(files.readText(publicFile(root, type)) ?? ''),
    generated,
  }));
  const result: SshResult = {
    hostKeys,
    fingerprints: hostKeys.map(key => `${key.type} ${key.fingerprint}`),
    authorizedKeys: usable,
    port: ssh.port,
    warnings,
  };
  for (const text of warnings) doors.log({ event: 'warning', text });
  await waitForSshd(doors, root, ssh.port, options.startSeconds ?? 60);
  if (bad.length === 0) return result;
  throw new DabeiError('SSH_HOST_KEY', {
    doing: 'placing the SSH host keys',
    problem: bad.join('; '),
    remedy:
      'give unencrypted private keys as ssh-keygen(1) writes them, type ed25519, ecdsa or rsa; sshd runs with ' +
      result.fingerprints.join(', '),
    cause: result,
  });
}

/**
 * Writes root's authorized_keys. It keeps a line that permits no login here but that some sshd would accept: an expiry date
 * depends on a clock that may be wrong.
 * @returns the number of keys that permit a root shell, or their own command
 */
function placeAuthorizedKeys(
  { files, clock }: Doors,
  root: string,
  texts: readonly string[],
  warnings: string[],
): number {
  const path = `${root}/root/.ssh/authorized_keys`;
  const kept = authorizedLines(files.readText(path) ?? '').map(withoutBlanks);
  const given = texts.flatMap(authorizedLines).map(withoutBlanks);
  const lines = [...new Set([...kept, ...given.filter(line => authorizedKeyProblem(line) === null)])];
  const now = clock.epochSeconds();
  for (const [index, { reason, use, isReadable }] of readAuthorizedKeys(given, now).entries()) {
    if (use === 'unusable')
      warnings.push(
        `authorized key ${index + 1} ${isReadable ? 'permits no login' : 'is left out'}: it ${reason}`,
      );
  }
  const usable = readAuthorizedKeys(lines, now).filter(({ use }) => use !== 'unusable').length;
  const byPassword = files.exists(`${root}${paths.passwordLogin}`);
  if (lines.length === 0 && !byPassword)
    warnings.push('there is no authorized key: nobody can log in over SSH');
  else if (lines.length > 0 && usable === 0) warnings.push('no authorized key permits a login over SSH');
  // StrictModes (sshd_config(5)) requires directories that only root can write to.
  files.makeDirectory(`${root}/root/.ssh`, 0o700);
  files.writeAtomic(path, lines.map(line => `${line}\n`).join(''), 0o600);
  return usable;
}

/** Writes the certificates of the given keys: sshd presents a certificate with its key. @returns their paths for sshd */
function placeHostCertificates(
  { files }: Doors,
  root: string,
  given: ReadonlySet<HostKeyType>,
  certificates: ReadonlyMap<string, string>,
): string[] {
  return hostKeyTypes.flatMap(type => {
    const path = `/etc/ssh/ssh_host_${type}_key-cert.pub`;
    const text = certificates.get(`ssh_host_${type}_key-cert.pub`);
    if (text === undefined || !given.has(type)) return [];
    files.writeAtomic(`${root}${path}`, text, 0o644);
    return [path];
  });
}

/** sshd_config(5): Port and HostCertificate may be repeated. */
export function sshdConfiguration(
  port: number,
  otherPort: number | null,
  certificates: readonly string[],
): string {
  const ports = otherPort === null || otherPort === port ? [port] : [port, otherPort];
  return [
    ...ports.map(each => `Port ${each}\n`),
    ...certificates.map(path => `HostCertificate ${path}\n`),
  ].join('');
}

/** Lets a waiting sshd start; makes a running one restart with the current keys (sshd(8), SIGHUP). */
async function release({ exec, files }: Doors, root: string): Promise<void> {
  files.writeAtomic(`${root}/run/dabei/ssh-ready`, '', 0o600);
  const pid = files.readText(`${root}/run/sshd.pid`)?.trim();
  if (pid === undefined || !files.exists(`/proc/${pid}`)) return;
  await exec.attempt({
    doing: 'having sshd read its keys again',
    argv: ['busybox', 'kill', '-HUP', pid],
    timeoutSeconds: 10,
  });
}

async function waitForSshd(
  { files, network, clock }: Doors,
  root: string,
  port: number,
  seconds: number,
): Promise<void> {
  const banner = await clock.poll(() => network.readBanner('127.0.0.1', port, 10), seconds, 0.2);
  if (banner?.startsWith('SSH-2.0-')) return;
  // What sshd wrote, and what its start did before.
  const logs = ['/var/log/sshd.log', '/run/dabei/sshd-start.log'];
  const lastLines = logs
    .flatMap(log => (files.readText(`${root}${log}`) ?? '').trim().split('\n').slice(-4))
    .filter(line => line !== '')
    .join('; ');
  throw new DabeiError('SSH_START', {
    doing: 'starting sshd',
    problem:
      banner !== null
        ? `something other than sshd answers on port ${port}`
        : `nothing answers on port ${port} after ${seconds} s${lastLines === '' ? '' : `: ${lastLines}`}`,
    remedy: 'see /var/log/sshd.log on the console',
  });
}
