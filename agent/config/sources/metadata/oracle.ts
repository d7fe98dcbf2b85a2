import { at, parseAnswer, perhapsBase64, textAt } from './answers.ts';
import type { MetadataSource } from './source.ts';

/** Oracle Cloud Infrastructure, version 2 (Oracle, "Getting Instance Metadata"). Addresses come by DHCP. */
export const oracle: MetadataSource = {
  name: 'Oracle',
  signs: [{ chassis_asset_tag: /^OracleCloud\.com$/ }],
  origins: ['http://169.254.169.254', 'http://[fd00:c1::a9fe:a9fe]'],
  headers: { authorization: 'Bearer Oracle' },
  questions: { instance: '/opc/v2/instance/' },
  notYet: [404],
  gives: ['hostName', 'rootAuthorizedKeys'],
  decode: ({ instance }) => {
    const notes: string[] = [];
    const value = parseAnswer(instance, 'JSON', 'the answer', notes);
    const userData = textAt(value, 'metadata', 'user_data');
    return {
      hostName: at(value, 'hostname'),
      keys: at(value, 'metadata', 'ssh_authorized_keys'),
      userData: userData === undefined ? null : perhapsBase64(Buffer.from(userData)),
      notes,
    };
  },
};
