import { at, parseAnswer, perhapsBase64 } from './answers.ts';
import type { MetadataSource } from './source.ts';

/**
 * Akamai's Linode (Akamai, "Use the Metadata service API"). The label of a machine is its host name. Keys are those of root, since
 * Linode knows users. Addresses come by DHCP and router advertisements.
 */
export const linode: MetadataSource = {
  name: 'Linode',
  signs: [{ sys_vendor: /^(Linode|Akamai)$/ }],
  origins: ['http://169.254.169.254', 'http://[fd00:a9fe:a9fe::1]'],
  headers: { accept: 'application/json' },
  token: {
    path: '/v1/token',
    headers: { 'metadata-token-expiry-seconds': '21600' },
    sentAs: 'metadata-token',
    isOptional: false,
  },
  questions: { instance: '/v1/instance', keys: '/v1/ssh-keys', userData: '/v1/user-data' },
  gives: ['hostName', 'rootAuthorizedKeys'],
  decode: ({ instance, keys, userData }) => {
    const notes: string[] = [];
    const label = at(parseAnswer(instance, 'JSON', 'the answer', notes), 'label');
    return {
      // A label may have characters that a host name must not have: "web_01".
      hostName: typeof label === 'string' ? label.replace(/[_ ]/g, '-') : label,
      keys: at(parseAnswer(keys, 'JSON', 'the list of keys', notes), 'users', 'root'),
      userData: userData ? perhapsBase64(userData) : null,
      notes,
    };
  },
};
