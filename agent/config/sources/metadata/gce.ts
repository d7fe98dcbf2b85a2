import { at, textAnswer } from './answers.ts';
import type { MetadataSource } from './source.ts';

/**
 * Google Compute Engine (Google Cloud, "View and query VM metadata"). The server answers by its address, too, so no DNS is involved.
 * Addresses come by DHCP.
 */
export const gce: MetadataSource = {
  name: 'GCE',
  signs: [{ product_name: /^Google Compute Engine$/ }, { product_serial: /^GoogleCloud-/ }],
  origins: ['http://169.254.169.254', 'http://[fd20:ce::254]'],
  headers: { 'metadata-flavor': 'Google' },
  questions: {
    hostName: '/computeMetadata/v1/instance/hostname',
    keys: '/computeMetadata/v1/instance/attributes/ssh-keys',
    projectKeys: '/computeMetadata/v1/project/attributes/ssh-keys',
    blocksProject: '/computeMetadata/v1/instance/attributes/block-project-ssh-keys',
    systemdUserData: '/computeMetadata/v1/instance/attributes/systemd-userdata',
    userData: '/computeMetadata/v1/instance/attributes/user-data',
  },
  gives: ['hostName', 'rootAuthorizedKeys'],
  decode: (answers, now) => {
    const isBlocked = /^(true|1|y|yes)$/i.test(textAnswer(answers['blocksProject']) ?? '');
    const lines = [answers['keys'], ...(isBlocked ? [] : [answers['projectKeys']])].flatMap(answer =>
      (textAnswer(answer) ?? '').split('\n'),
    );
    return {
      hostName: textAnswer(answers['hostName']),
      keys: lines.flatMap(line => keyOf(line, now)),
      userData: answers['systemdUserData'] ?? answers['userData'],
    };
  },
};

/** "USER:KEY", or "USER:KEY google-ssh {"userName":…,"expireOn":"2026-11-29T12:00:00+0000"}" with an end. */
function keyOf(line: string, now: number): string[] {
  const key = /^[^\s:"]+:(.+)$/.exec(line.trim())?.[1]?.trim() ?? line.trim();
  if (key === '' || key.startsWith('#')) return [];
  const json = /\sgoogle-ssh\s+(\{.*\})\s*$/.exec(key)?.[1];
  if (json === undefined) return [key];
  const end = Date.parse(expiryIn(json).replace(/([+-]\d\d)(\d\d)$/, '$1:$2')) / 1000;
  return end > now ? [key.replace(/\sgoogle-ssh\s.*$/, '')] : [];
}

function expiryIn(json: string): string {
  try {
    const end = at(JSON.parse(json), 'expireOn');
    return typeof end === 'string' ? end : '';
  } catch {
    return '';
  }
}
