import { valueAt, valuesAt, type Located } from '../config/located.ts';
import { wifiSecretPaths } from '../config/report.ts';
import { isParameter } from '../config/sources/parameters.ts';
import type { ConsoleConfig } from '../config/schema.ts';

/** Who gets a shell at the installer's consoles: anybody, anybody with the password, or nobody. */
export type ConsoleShell = NonNullable<ConsoleConfig['shell']>;

/**
 * The origin of secrets. "parameters": only from the kernel command line, which everyone who can change it can also read.
 * "elsewhere": from a file or the old system, or unknown, because a source could not be read.
 */
export type SecretOrigin = 'none' | 'parameters' | 'elsewhere';

export interface ConsoleQuestion {
  shell: ConsoleShell | undefined;
  hasPassword: boolean;
  /** Whether a kernel parameter set `shell` or the password. */
  askedByParameter: boolean;
  secrets: SecretOrigin;
}

export interface ConsolePolicy {
  shell: ConsoleShell;
  /** The reason, as the end of a sentence for the log and the console. */
  because: string;
}

/** Decides who gets a shell. Pure: the test contains the whole table. */
export function consolePolicy({
  shell,
  hasPassword,
  askedByParameter,
  secrets,
}: ConsoleQuestion): ConsolePolicy {
  if (shell === 'off') return { shell, because: 'console.shell is "off"' };
  if (shell === 'password' && !hasPassword)
    return { shell: 'off', because: 'console.shell is "password", and there is no console.passwordHash' };
  // A person who edits the command line in the boot loader must not get access to secrets from another source.
  if (secrets === 'elsewhere' && askedByParameter && (shell === 'root' || hasPassword))
    return {
      shell: 'off',
      because: 'only the kernel command line asks for a shell, and a secret came in another way',
    };
  if (shell !== undefined) return { shell, because: `console.shell is "${shell}"` };
  if (hasPassword) return { shell: 'password', because: 'there is a console.passwordHash' };
  if (secrets === 'none') return { shell: 'root', because: 'no passphrase, private key or token came in' };
  return { shell: 'off', because: 'a passphrase, a private key or a token came in' };
}

/**
 * @param merged all sources merged, before validation: a secret that is too short is still a secret
 * @param understood whether every source could be read and is valid; an unreadable source may contain a secret
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
    sourceOf('disks', 'keyFiles'),
    sourceOf('report', 'token'),
    sourceOf('report', 'header'),
    sourceOf('tor', 'key'),
    ...wifiSecretPaths.flatMap(path => valuesAt(merged, path)).map(({ value }) => value.place.source),
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
