import { randomBytes } from 'node:crypto';
import type { Resolution } from '../config/resolve.ts';
import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';
import { isMedium, type Outputs } from '../screen/outputs.ts';
import { passwordBytes, passwordOfBytes } from '../screen/password.ts';
import { Secret } from '../secret.ts';
import { setRootPassword } from './apply.ts';

/**
 * A random password of root, for somebody who started the machine from a medium that is not configured: it appears on the status screen
 * alone, and SSH accepts it until a key or a configuration arrives.
 */

/**
 * sshd_config(5). Three attempts in a connection, one connection at a time, and 18 s before the next one after a failure: at most ten
 * attempts a minute from an address (IPv6: from a network). There is no key that could log in; clients that offer
 * theirs would use up the attempts.
 */
const sshdOptions = `PermitRootLogin yes
PasswordAuthentication yes
AuthenticationMethods password
PubkeyAuthentication no
MaxAuthTries 3
PerSourceMaxStartups 1
PerSourceNetBlockSize 32:64
PerSourcePenalties authfail:18s
`;

/** Whether root gets a password: only if nothing at all was configured, and only where a screen shows it. Pure. */
export function wantsPassword(
  commandLine: string,
  { problems, fetch, origins, reachability }: Resolution,
  { drawn, plain }: Outputs,
): boolean {
  return (
    isMedium(commandLine) &&
    drawn.length + plain.length > 0 &&
    problems.length === 0 &&
    fetch === null &&
    reachability.rootAuthorizedKeys.length === 0 &&
    Object.values(origins).every(origin => origin === 'built-in')
  );
}

/**
 * Makes the password and lets sshd accept it once it starts.
 * @throws DabeiError FILE, or COMMAND_… if it cannot be hashed; there is no password then
 */
export async function givePassword(doors: Doors): Promise<void> {
  const { exec, files } = doors;
  // From getrandom(2), which waits until the kernel has gathered randomness (OpenSSL, RAND_bytes).
  const password = new Secret(passwordOfBytes(randomBytes(passwordBytes)));
  // crypt(5), with a salt of its own; Node has no such function.
  const { stdout } = await exec.run({
    doing: "hashing root's password",
    argv: ['busybox', 'mkpasswd', '-m', 'sha512', '-P', '0'],
    stdin: password,
    timeoutSeconds: 60,
  });
  setRootPassword(doors, new Secret(stdout.trim()));
  files.makeDirectory(paths.screenDirectory, 0o700);
  files.writeAtomic(paths.screenPassword, password, 0o600);
  files.writeAtomic(paths.passwordLogin, sshdOptions, 0o644);
}

/** Ends the login by password for good; sessions stay. Does nothing where there is no password. */
export async function endPassword({ exec, files }: Doors): Promise<void> {
  if (!files.exists(paths.passwordLogin)) return;
  await exec.run({
    doing: "ending the login by root's random password",
    argv: [paths.noPasswordProgram],
    timeoutSeconds: 20,
  });
}
