import { textAnswer } from './answers.ts';
import type { MetadataSource } from './source.ts';

/**
 * Amazon EC2, by version 2 of its service (AWS, "Use the Instance Metadata Service to access instance metadata"), and servers of the
 * same shape, such as Tinkerbell's, OpenStack's and CloudStack's. Addresses come by DHCP and router advertisements.
 */
const shape = {
  // The list has "0=NAME" on EC2, and the keys themselves on Tinkerbell.
  decode: ({ hostName, keyList, key, userData }) => ({
    hostName: textAnswer(hostName)?.split(/\s/)[0],
    keys: [
      ...(textAnswer(keyList) ?? '').split('\n').filter(line => line !== '' && !/^\d+(=|\/?$)/.test(line)),
      textAnswer(key),
    ],
    userData,
  }),
  gives: ['hostName', 'rootAuthorizedKeys'],
} satisfies Pick<MetadataSource, 'decode' | 'gives'>;

const token = {
  path: '/latest/api/token',
  // The most that AWS gives: dabei may ask until a deadline of hours.
  headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
  sentAs: 'x-aws-ec2-metadata-token',
};

export const ec2: MetadataSource = {
  ...shape,
  name: 'EC2',
  // Nitro and bare metal; Xen ("4.11.amazon").
  signs: [
    { sys_vendor: /^Amazon EC2$/ },
    { bios_version: /\.amazon$/ },
    { product_uuid: /^ec2/i, product_serial: /^ec2/i },
  ],
  origins: ['http://169.254.169.254', 'http://[fd00:ec2::254]'],
  token: { ...token, isOptional: false },
  questions: {
    hostName: '/latest/meta-data/hostname',
    keyList: '/latest/meta-data/public-keys/',
    key: '/latest/meta-data/public-keys/0/openssh-key',
    userData: '/latest/user-data',
  },
};

/** @param origin "http://192.0.2.1:7080", from dabei.metadata_url */
export function ec2ShapedAt(origin: string): MetadataSource {
  return {
    ...shape,
    name: `the metadata at ${origin}`,
    signs: [],
    origins: [origin],
    token: { ...token, isOptional: true },
    questions: {
      hostName: '/2009-04-04/meta-data/hostname',
      keyList: '/2009-04-04/meta-data/public-keys',
      key: '/2009-04-04/meta-data/public-keys/0/openssh-key',
      userData: '/2009-04-04/user-data',
    },
  };
}
