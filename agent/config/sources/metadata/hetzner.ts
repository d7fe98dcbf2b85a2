import { at, parseAnswer, perhapsBase64 } from './answers.ts';
import { cloudNetwork } from './cloud-network.ts';
import type { MetadataSource } from './source.ts';

/**
 * Hetzner Cloud (Hetzner, "Server Metadata"): YAML, and the network as cloud-init's version 1; its IPv6 address is in no lease. A server
 * without IPv4 has no address until it has asked (cloudinit/sources/DataSourceHetzner.py).
 */
export const hetzner: MetadataSource = {
  name: 'Hetzner',
  signs: [{ sys_vendor: /^Hetzner$/ }],
  origins: ['http://169.254.169.254'],
  linkLocal: 'fe80::a9fe:a9fe',
  questions: { metadata: '/hetzner/v1/metadata', userData: '/hetzner/v1/userdata' },
  gives: ['hostName', 'rootAuthorizedKeys', 'network'],
  decode: ({ metadata, userData }) => {
    const notes: string[] = [];
    const value = parseAnswer(metadata, 'YAML', 'the answer', notes);
    return {
      hostName: at(value, 'hostname'),
      keys: at(value, 'public-keys'),
      network: cloudNetwork(at(value, 'network-config'), notes),
      userData: userData ? perhapsBase64(userData) : null,
      notes,
    };
  },
};
