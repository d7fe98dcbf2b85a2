import { at, listAt, parseAnswer, textAt } from './answers.ts';
import { cardOf, networkOf, type Address } from './network-parts.ts';
import type { MetadataSource } from './source.ts';

/** DigitalOcean (DigitalOcean, "Metadata API", /metadata/v1.json), and UpCloud, which answers in the same shape. */
const shape = {
  origins: ['http://169.254.169.254'],
  questions: { metadata: '/metadata/v1.json' },
  gives: ['hostName', 'rootAuthorizedKeys', 'network'],
  decode: ({ metadata }) => {
    const notes: string[] = [];
    const value = parseAnswer(metadata, 'JSON', 'the answer', notes);
    const userData = textAt(value, 'user_data');
    const hasDhcp = at(value, 'features', 'dhcp_enabled') === true;
    const cards = ['public', 'private'].flatMap(kind =>
      listAt(value, 'interfaces', kind).map(card => {
        const addresses = ['ipv4', 'ipv6', 'anchor_ipv4'].flatMap(family => addressOf(card, family));
        // A private network has no way out, and an anchor's gateway serves reserved addresses alone.
        const kept = kind === 'public' ? addresses : addresses.map(({ gateway: _, ...rest }) => rest);
        const isLeased = hasDhcp && kind === 'public';
        return cardOf(
          { mac: at(card, 'mac') },
          isLeased ? kept.filter(({ address }) => String(address).includes(':')) : kept,
          isLeased ? { dhcp: true } : {},
        );
      }),
    );
    const servers = listAt(value, 'dns', 'nameservers');
    return {
      hostName: at(value, 'hostname'),
      keys: at(value, 'public_keys'),
      network: networkOf(cards, { servers }, notes),
      userData: userData === undefined ? null : Buffer.from(userData),
      notes,
    };
  },
} satisfies Omit<MetadataSource, 'name' | 'signs'>;

export const digitalOcean: MetadataSource = {
  ...shape,
  name: 'DigitalOcean',
  signs: [{ sys_vendor: /^DigitalOcean$/ }],
};

/** Its addresses come by DHCP. */
export const upCloud: MetadataSource = {
  ...shape,
  name: 'UpCloud',
  signs: [{ sys_vendor: /^UpCloud$/ }],
  gives: ['hostName', 'rootAuthorizedKeys'],
};

function addressOf(card: unknown, family: string): Address[] {
  const address = at(card, family, family === 'ipv6' && at(card, family, 'ip_address') === undefined ? 'address' : 'ip_address'); // prettier-ignore
  if (address === undefined) return [];
  const prefix = at(card, family, 'cidr') ?? at(card, family, 'netmask');
  const gateway = family === 'anchor_ipv4' ? undefined : at(card, family, 'gateway');
  return [{ address, prefix, gateway }];
}
