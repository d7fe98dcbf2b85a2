import { resolveConfiguration, type Resolution } from '../../../agent/config/resolve.ts';
import { asRefusal } from '../../../agent/config/report.ts';
import { describeAuthorizedKey, readAuthorizedKeys } from '../../../agent/keys/authorized-keys.ts';
import { lockout } from '../../../agent/plan/preflight/login.ts';
import { describeFailure } from '../../lib/errors.ts';
import { reservedBytes, type ReservedContent } from './reserved-file.ts';
import { secretsOf } from './customize.ts';

/** What `dabei-image` prints about the content of a reserved file. It prints no secret. Pure. */

export const count = (bytes: number): string => bytes.toLocaleString('en');

/** @param now seconds since 1970 */
export function describeContent(content: ReservedContent, now: number): string[] {
  const sources = content.members.map(({ path, content }) => ({
    path: `/${path}`,
    bytes: Buffer.from(content),
  }));
  return [
    ...describeResolution(resolveConfiguration({ commandLine: '', files: sources }), now),
    `reserved file: ${count(content.length)} of ${count(reservedBytes)} bytes, SHA-256 ${content.sha256}`,
    ...sources.map(({ path, bytes }) => `  ${path}: ${count(bytes.length)} bytes`),
  ];
}

function describeResolution({ config, mode, problems, notes }: Resolution, now: number): string[] {
  if (config === null) return problems.map(problem => describeFailure(asRefusal(problem)));
  const keys = readAuthorizedKeys(config.rootAuthorizedKeys, now).map(describeAuthorizedKey);
  const nobody = lockout(config.rootAuthorizedKeys, mode === 'install' ? config : null, now);
  const secrets = secretsOf(config);
  return [
    `mode: ${mode}`,
    `host name: ${config.hostName}`,
    `authorized keys: ${keys.length}`,
    ...keys.map(key => `  ${key}`),
    ...notes.map(note => `note: ${note}`),
    ...(nobody === null ? [] : [`warning: ${nobody.problem}`]),
    ...(secrets.length === 0
      ? []
      : [
          `warning: whoever has the medium can read its secrets: ${secrets.join(', ')}`,
          '  next: overwrite them with --clear as soon as the machine is installed',
        ]),
  ];
}
