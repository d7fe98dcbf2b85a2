import { at, listAt, parseAnswer, textAnswer } from './answers.ts';
import { cardOf, networkOf } from './network-parts.ts';
import type { MetadataSource } from './source.ts';

/** Vultr (Vultr, "Metadata", /v1.json). Public addresses come by DHCP and router advertisements; those of private networks do not. */
export const vultr: MetadataSource = {
  name: 'Vultr',
  signs: [{ sys_vendor: /^Vultr$/ }],
  origins: ['http://169.254.169.254'],
  headers: { 'metadata-token': 'cloudinit' },
  questions: { metadata: '/v1.json', userData: '/user-data/user-data' },
  gives: ['hostName', 'rootAuthorizedKeys', 'network'],
  decode: ({ metadata, userData }) => {
    const notes: string[] = [];
    const value = parseAnswer(metadata, 'JSON', 'the answer', notes);
    const cards = listAt(value, 'interfaces');
    const isPrivate = (card: unknown) => at(card, 'network-type') === 'private';
    const interfaces = cards.map(card =>
      isPrivate(card)
        ? cardOf({ mac: at(card, 'mac') }, [{ address: at(card, 'ipv4', 'address'), prefix: at(card, 'ipv4', 'netmask') }])
        : cardOf({ mac: at(card, 'mac') }, [], { dhcp: true, acceptRa: true }),
    );
    return {
      hostName: at(value, 'hostname'),
      keys: at(value, 'public-keys'),
      // One public card alone is what a machine asks for without a configuration.
      network: cards.some(isPrivate) ? networkOf(interfaces, {}, notes) : undefined,
      userData: textAnswer(userData) === undefined ? null : userData,
      notes,
    };
  },
}; // prettier-ignore
