import { cleanLine } from '../../clean-text.ts';
import { Secret } from '../../secret.ts';
import {
  chosenRow,
  omit,
  type Prompt,
  type Question,
  type Row,
  type SeenWifi,
  type World,
} from '../question.ts';

/** Wi-Fi, only where the image has it and no other interface gave an address. */

const other = '(other)';
const none = '(none)';

const isAsked = (world: World) => !world.isOnline && world.wifi !== undefined;

export const wifi: Question = {
  id: 'wifi',
  isOpen: (answers, world) => isAsked(world) && answers.wifi === undefined,
  prompt: (_, world) => wifiPrompt(world),
  read: (line, answers, world) => {
    if (line === '') return { answers, need: { kind: 'look' } };
    const chosen = chosenRow(wifiPrompt(world), line);
    if ('problem' in chosen) return chosen;
    if (chosen.name === none) return { answers: { ...answers, wifi: { kind: 'none' } } };
    if (chosen.name === other) return { answers: { ...answers, wifi: { kind: 'other' } } };
    const seen = seenNetworks(world).find(network => shownName(network) === chosen.name);
    return { answers: { ...answers, wifi: { kind: 'network', ssid: seen?.ssid ?? chosen.name, hidden: false } } };
  },
  without: answers => omit(answers, 'wifi', 'wifiPassphrase', 'isJoined'),
}; // prettier-ignore

function wifiPrompt(world: World): Prompt {
  return {
    text: 'No interface has an address. Which wireless network does the machine join? Enter alone looks again.',
    rows: [
      ...seenNetworks(world).map(network => row(network)),
      { name: other, about: ['one that does not send its name: type it'] },
      { name: none, about: ['no wireless network: a cable, or a fixed address'] },
    ],
    label: 'network',
  };
}

function row(network: SeenWifi): Row {
  const { type, strengthDbm } = network;
  const unfit = isFit(network) ? {} : { unfit: `it asks for something else than a passphrase (${type})` };
  return { name: shownName(network), about: [`${strengthDbm} dBm`], ...unfit };
}

/**
 * Each name once, the strongest first; one that can be joined before others of its name. What would be taken for another answer is not
 * offered.
 */
function seenNetworks({ wifi: known = { networks: [], configured: [] } }: World): SeenWifi[] {
  const named = known.networks.filter(network => ![other, none, ''].includes(shownName(network)));
  const fit = named.filter(isFit);
  const first = (network: SeenWifi) => {
    const hasName = (each: SeenWifi) => shownName(each) === shownName(network);
    return fit.find(hasName) ?? named.find(hasName);
  };
  return named.filter(network => first(network) === network);
}

const isFit = ({ type }: SeenWifi) => type === 'psk';

/** Strangers choose these names. */
const shownName = ({ ssid }: SeenWifi) => cleanLine(ssid, 64);

export const wifiName: Question = {
  id: 'wifiName',
  isOpen: ({ wifi: answer }, world) => isAsked(world) && answer?.kind === 'other',
  prompt: () => ({ text: 'The name of the network, capital letters included.', label: 'name' }),
  read: (line, answers) => {
    const bytes = Buffer.byteLength(line);
    return bytes < 1 || bytes > 32
      ? { problem: 'a name has 1 to 32 bytes' }
      : { answers: { ...answers, wifi: { kind: 'network', ssid: line, hidden: true } } };
  },
  without: answers => omit(answers, 'wifi', 'wifiPassphrase', 'isJoined'),
};

export const wifiPassphrase: Question = {
  id: 'wifiPassphrase',
  isOpen: ({ wifi: answer, isJoined }, world) =>
    isAsked(world) && answer?.kind === 'network' && isJoined === undefined,
  prompt: ({ wifi: answer }) => ({
    text: `The passphrase of ${JSON.stringify(answer?.kind === 'network' ? cleanLine(answer.ssid, 64) : '')}, 8 to 63 characters. Nothing is shown while you type.`,
    label: 'passphrase of the network',
    isSecret: true,
  }),
  read: (line, answers) =>
    /^[ -~]{8,63}$/.test(line)
      ? { answers: { ...answers, wifiPassphrase: new Secret(line) }, need: { kind: 'wifi' } }
      : { problem: 'a passphrase has 8 to 63 printable characters of ASCII' },
  without: answers => omit(answers, 'wifi', 'wifiPassphrase', 'isJoined'),
};
