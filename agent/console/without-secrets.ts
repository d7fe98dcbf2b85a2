import { withdrawn, type Resolution } from '../config/resolve.ts';

/**
 * The configuration after dabei.console=root: /init overwrote and removed all configurations and private keys before any other
 * program ran. dabei installs nothing, regardless of the configuration, and the consoles have a root shell.
 */
export function withoutSecrets(resolution: Resolution): Resolution {
  const problem = {
    code: 'CONSOLE_WITHOUT_SECRETS',
    source: 'dabei.console',
    path: 'console.shell',
    line: null,
    column: null,
    message: 'is "root": configuration, passphrase and private keys were removed before anything else ran',
    remedy:
      'leave dabei.console=root out to install; a configuration that says console.shell "root" gives the shell with them',
  } as const;
  return {
    ...withdrawn(resolution, [problem]),
    consoleQuestion: { shell: 'root', hasPassword: false, askedByParameter: true, secrets: 'none' },
  };
}
