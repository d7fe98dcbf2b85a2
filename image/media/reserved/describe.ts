import { resolveConfiguration, type Resolution } from '../../../agent/config/resolve.ts';
import type { SourceFile } from '../../../agent/config/sources/sources.ts';
import { redactTokens } from '../../../agent/redact-tokens.ts';
import { asRefusal } from '../../../agent/config/report.ts';
import { describeAuthorizedKey, readAuthorizedKeys } from '../../../agent/keys/authorized-keys.ts';
import type { TorConfig } from '../../../agent/config/schema/tor.ts';
import { lockout } from '../../../agent/plan/preflight/login.ts';
import { onionWish } from '../../../agent/plan/tor/tor.ts';
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
    ...describeResolution(sources, now),
    `reserved file: ${count(content.length)} of ${count(reservedBytes)} bytes, SHA-256 ${content.sha256}`,
    ...sources.map(({ path, bytes }) => `  ${path}: ${count(bytes.length)} bytes`),
  ];
}

function describeResolution(files: readonly SourceFile[], now: number): string[] {
  const { problems, notes, ...asked } = resolveConfiguration({ commandLine: '', files });
  if (problems.length > 0) return problems.map(problem => describeFailure(asRefusal(problem)));
  // What is yet to come, from a server or a provider, nobody knows here; what the medium gives, the same machine has as a rescue system.
  const isWhole = asked.config !== null;
  const { config } = isWhole ? asked : resolveConfiguration({ commandLine: 'dabei.mode=rescue', files });
  if (config === null) return [];
  const { mode } = asked;
  const keys = readAuthorizedKeys(config.rootAuthorizedKeys, now).map(describeAuthorizedKey);
  // What is to come has keys, too.
  const nobody = isWhole ? lockout(config.rootAuthorizedKeys, mode === 'install' ? config : null, now) : null;
  const secrets = secretsOf(config);
  return [
    `mode: ${isWhole ? mode : `install, if ${awaited(asked)} a configuration; otherwise rescue`}`,
    `host name: ${config.hostName}`,
    `authorized keys: ${keys.length}`,
    ...keys.map(key => `  ${key}`),
    ...describeOnion(config.tor),
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

function describeOnion(tor: TorConfig | undefined): string[] {
  const wish = tor === undefined ? null : onionWish(tor, 22);
  return wish === null ? [] : [`onion service: ${wish.address ?? 'at an address that each start draws'}`];
}

function awaited({ fetch, origins }: Pick<Resolution, 'fetch' | 'origins'>): string {
  if (fetch !== null) return `${redactTokens(fetch.template)} has`;
  return 'metadata' in origins ? "the metadata of the machine's provider has" : 'a volume has';
}
