import type { Resolution } from '../config/resolve.ts';

/**
 * What is left after dabei.console=root: /init overwrote and removed every configuration and private key before any other
 * program ran. Nothing is installed, whatever a configuration said, and the shell at the consoles is root's.
 */
export function withoutSecrets(resolution: Resolution): Resolution {
  return {
    ...resolution,
    config: null,
    mode: 'rescue',
    problems: [
      {
        code: 'CONSOLE_WITHOUT_SECRETS',
        source: 'dabei.console',
        path: 'console.shell',
        line: null,
        column: null,
        message:
          'is "root": configuration, passphrase and private keys were removed before anything else ran',
        remedy:
          'leave dabei.console=root out to install; a configuration that says console.shell "root" gives the shell with them',
      },
    ],
    consoleQuestion: { shell: 'root', hasPassword: false, askedByParameter: true, secrets: 'none' },
  };
}
