import { at, listAt, parseAnswer } from './answers.ts';
import type { MetadataSource } from './source.ts';

/**
 * Scaleway Instances (Scaleway, "Using the metadata API"): user-data is for root alone, so the request has to come from a port below
 * 1024. Addresses come by DHCP and router advertisements.
 */
export const scaleway: MetadataSource = {
  name: 'Scaleway',
  signs: [{ sys_vendor: /^Scaleway$/ }],
  origins: ['http://169.254.42.42', 'http://[fd00:42::42]'],
  fromLowPort: true,
  questions: { metadata: '/conf?format=json', userData: '/user_data/cloud-init' },
  gives: ['hostName', 'rootAuthorizedKeys'],
  decode: ({ metadata, userData }) => {
    const notes: string[] = [];
    const value = parseAnswer(metadata, 'JSON', 'the answer', notes);
    return {
      hostName: at(value, 'hostname'),
      keys: listAt(value, 'ssh_public_keys').map(key => at(key, 'key')),
      userData,
      notes,
    };
  },
};
