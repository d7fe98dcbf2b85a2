import type { NetworkInput } from '../../config/schema.ts';
import type { Link } from '../../facts.ts';
import { chosenRow, omit, type Answers, type Prompt, type Question, type World } from '../question.ts';

/** A fixed address, only where no DHCP server and no router gave one. */

/** Cards that can take an address; one alone is not asked about. */
function cards({ facts }: World): Link[] {
  return facts.links.filter(({ kind, master }) => kind === undefined && master === undefined);
}

const isAsked = (world: World) => !world.isOnline && cards(world).length > 0;

export const link: Question = {
  id: 'link',
  isOpen: (answers, world) => isAsked(world) && cards(world).length > 1 && answers.link === undefined,
  prompt: (_, world) => linkPrompt(world),
  read: (line, answers, world) => {
    if (line === '') return { answers, need: { kind: 'look' } };
    const chosen = chosenRow(linkPrompt(world), line);
    return 'problem' in chosen ? chosen : { answers: { ...answers, link: chosen.name } };
  },
  without: answers => omit(answers, 'link', 'isUp'),
};

function linkPrompt(world: World): Prompt {
  return {
    text: 'No interface has an address: DHCP failed. Which one gets a fixed address? Enter alone looks again.',
    rows: cards(world).map(({ name, mac, driver, carrier }) => ({
      name,
      about: [[mac, driver, carrier ? 'cable connected' : 'no cable'].filter(Boolean).join(', ')],
    })),
    label: 'interface',
  };
}

export const address: Question = {
  id: 'address',
  isOpen: (answers, world) => isAsked(world) && answers.address === undefined,
  prompt: ({ link }, world) => {
    const card = cards(world).find(({ name }) => link === undefined || name === link);
    const dark = card?.carrier === false ? ' It has no cable.' : '';
    return {
      text:
        `Which address does ${card?.name ?? 'the interface'} have? With prefix length, such as 192.0.2.7/24. ` +
        `DHCP gave none.${dark} Enter alone looks again.`,
      label: 'address',
    };
  },
  read: (line, answers) =>
    line === '' ? { answers, need: { kind: 'look' } } : { answers: { ...answers, address: line } },
  without: answers => omit(answers, 'address', 'gateway', 'nameServers', 'isUp'),
};

export const gateway: Question = {
  id: 'gateway',
  isOpen: (answers, world) => isAsked(world) && answers.gateway === undefined,
  prompt: () => ({ text: 'Which gateway leads to the internet? Such as 192.0.2.1.', label: 'gateway' }),
  read: (line, answers) =>
    line === ''
      ? { problem: 'type an address: an installation fetches the system' }
      : { answers: { ...answers, gateway: line } },
  without: answers => omit(answers, 'gateway', 'isUp'),
};

export const nameServers: Question = {
  id: 'nameServers',
  isOpen: (answers, world) => isAsked(world) && answers.isUp === undefined,
  prompt: ({ gateway }) => ({
    text: 'Which name servers? Addresses, with blanks between them.',
    label: 'name servers',
    ...(gateway === undefined ? {} : { preset: gateway }),
  }),
  read: (line, answers) => {
    const servers = line.split(/[\s,]+/).filter(Boolean);
    if (servers.length === 0) return { problem: 'type an address' };
    return { answers: { ...answers, nameServers: servers }, need: { kind: 'network' } };
  },
  without: answers => omit(answers, 'nameServers', 'isUp'),
};

/** The network of the answers as configuration; null while there is none. */
export function networkOf(answers: Answers, world: World): NetworkInput | null {
  const card = cards(world).find(({ name }) => answers.link === undefined || name === answers.link);
  if (answers.address === undefined || card === undefined) return null;
  const { address, gateway, nameServers } = answers;
  const routes = gateway === undefined ? [] : [{ destination: 'default' as const, gateway }];
  return {
    interfaces: [{ mac: card.mac, addresses: [address], ...(routes.length === 0 ? {} : { routes }) }],
    ...(nameServers === undefined ? {} : { dns: { servers: [...nameServers] } }),
  };
}
