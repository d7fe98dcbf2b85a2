import { valueAt, type Located } from '../config/located.ts';
import { isParameter } from '../config/sources/parameters.ts';
import type { ConsoleConfig } from '../config/schema.ts';

/** Who gets a shell at the consoles of the installer: whoever is there, whoever knows the password, or nobody. */
export type ConsoleShell = NonNullable<ConsoleConfig['shell']>;

/**
 * Where secrets came from, as far as it matters here. "parameters": from the kernel command line alone, which whoever
 * changes it can read. "elsewhere": from a file, from the old system, or nobody can tell, because something given could not
 * be read.
 */
export type SecretOrigin = 'none' | 'parameters' | 'elsewhere';

export interface ConsoleQuestion {
  shell: ConsoleShell | undefined;
  hasPassword: boolean;
  /** Whether a kernel parameter says who gets the shell: `shell` is its, or the password is. */
  askedByParameter: boolean;
  secrets: SecretOrigin;
}

export interface ConsolePolicy {
  shell: ConsoleShell;
  /** Why, as the rest of a sentence; for the log and the console. */
  because: string;
}

/** Who gets a shell. Pure: the whole table is in the test. */
export function consolePolicy({
  shell,
  hasPassword,
  askedByParameter,
  secrets,
}: ConsoleQuestion): ConsolePolicy {
  if (shell === 'off') return { shell, because: 'console.shell is "off"' };
  if (shell === 'password' && !hasPassword)
    return { shell: 'off', because: 'console.shell is "password", and there is no console.passwordHash' };
  // Whoever edits the command line at the boot loader must not get at secrets that came another way.
  if (secrets === 'elsewhere' && askedByParameter && (shell === 'root' || hasPassword))
    return {
      shell: 'off',
      because: 'only the kernel command line asks for a shell, and a secret came in another way',
    };
  if (shell !== undefined) return { shell, because: `console.shell is "${shell}"` };
  if (hasPassword) return { shell: 'password', because: 'there is a console.passwordHash' };
  if (secrets === 'none') return { shell: 'root', because: 'no passphrase and no private key came in' };
  return { shell: 'off', because: 'a passphrase or a private key came in' };
}

/**
 * @param merged all sources merged, before validation: a secret that is too short is one still
 * @param understood whether every source could be read and is valid; what could not be may have held a secret
 */
export function consoleQuestion(
  merged: Located,
  console: ConsoleConfig,
  understood: boolean,
): ConsoleQuestion {
  const sourceOf = (...path: string[]) => valueAt(merged, path)?.place.source;
  const keys = valueAt(merged, ['ssh', 'hostKeys']);
  const secrets = [
    sourceOf('disks', 'key'),
    ...(keys?.kind === 'array' ? keys.items.map(({ place }) => place.source) : [keys?.place.source]),
  ].filter(source => source !== undefined);
  const asking = [
    console.shell === 'root' ? sourceOf('console', 'shell') : undefined,
    console.passwordHash === undefined ? undefined : sourceOf('console', 'passwordHash'),
  ].filter(source => source !== undefined);
  return {
    shell: console.shell,
    hasPassword: console.passwordHash !== undefined,
    askedByParameter: asking.some(isParameter),
    secrets:
      !understood || secrets.some(source => !isParameter(source))
        ? 'elsewhere'
        : secrets.length > 0
          ? 'parameters'
          : 'none',
  };
}
