import type { Resolution } from '../config/resolve.ts';
import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';
import { Secret } from '../secret.ts';
import { consolePolicy, type ConsolePolicy } from './policy.ts';

/**
 * The files by which dabei controls /usr/lib/dabei/console. The script waits for `shell`, and opens no shell without it while the
 * machine may hold secrets.
 */

/** Logs `because` once; an open shell stays open. */
export function applyConsolePolicy(doors: Doors, resolution: Resolution): ConsolePolicy {
  const { files, log } = doors;
  const { reachability, consoleQuestion } = resolution;
  const { passwordHash } = reachability.console;
  // A host key that cannot be parsed is still a secret.
  const keyFiles = files.list(`${paths.bootDirectory}/ssh`).some(name => /^ssh_host_.*_key$/.test(name));
  const policy = consolePolicy(keyFiles ? { ...consoleQuestion, secrets: 'elsewhere' } : consoleQuestion);
  files.makeDirectory(paths.consoleDirectory, 0o700);
  if (policy.shell === 'password' && passwordHash) setRootPassword(doors, passwordHash);
  files.writeAtomic(`${paths.consoleDirectory}/because`, `${policy.because}\n`, 0o600);
  files.writeAtomic(`${paths.consoleDirectory}/shell`, `${policy.shell}\n`, 0o600);
  if (policy.shell !== 'root')
    log({ event: 'note', text: `console shell: ${policy.shell}, because ${policy.because}` });
  return policy;
}

/** Shows on consoles without a shell how to log in. */
export function tellConsoles({ files }: Doors, lines: readonly string[]): void {
  files.makeDirectory(paths.consoleDirectory, 0o700);
  files.writeAtomic(`${paths.consoleDirectory}/message`, lines.map(line => `${line}\n`).join(''), 0o600);
}

/** Whether /init removed secrets, because dabei.console=root was on the command line. */
export function secretsWereDropped({ files }: Doors): boolean {
  return files.exists(`${paths.consoleDirectory}/without-secrets`);
}

/** Sets the second field of root's line (shadow(5)). sshd accepts it only while password.ts says so. */
export function setRootPassword({ files }: Doors, hash: Secret): void {
  const others = (files.readText('/etc/shadow') ?? '')
    .split('\n')
    .filter(line => line && !line.startsWith('root:'));
  const text = [`root:${hash.reveal().toString('latin1')}:1:0:99999:7:::`, ...others, ''].join('\n');
  files.writeAtomic('/etc/shadow', new Secret(text), 0o600);
}
