import { resolveConfiguration, type Resolution } from '../config/resolve.ts';
import type { ConfigInput, NetworkInput } from '../config/schema.ts';
import type { Input } from '../config/sources/sources.ts';
import { holdsOnlyMedium } from '../plan/disks/medium.ts';
import type { Secret } from '../secret.ts';
import { networkOf } from './questions/network.ts';
import { selectorOf } from './questions/disks.ts';
import type { Answers, World } from './question.ts';

/** From answers to a configuration: JSON, read by the one schema like that of any other source. */

/** How reports name the source. */
const source = 'dabei setup';

/** Everything but secrets, as people write it: for the next machine. */
export function publicConfiguration(answers: Answers, world: World): ConfigInput {
  const { facts, base } = world;
  const { disks, layout, poolName, generation, encryption, hostName, keys } = answers;
  const network = networkOf(answers, world);
  const members = facts.disks.filter(({ path }) => disks?.includes(path));
  const holdsData = members.some(disk => disk.contents.length > 0 && !holdsOnlyMedium(disk));
  const { disks: before, ...rest } = base;
  return {
    ...rest,
    ...(hostName === undefined ? {} : { hostName }),
    ...(keys === undefined ? {} : { rootAuthorizedKeys: [...keys] }),
    ...(network === null ? {} : { network }),
    ...(disks === undefined
      ? {}
      : {
          disks: {
            ...before,
            devices: disks.map(path => selectorOf(path, facts.disks)) as NonNullable<
              ConfigInput['disks']
            >['devices'],
            layout: layout ?? 'single',
            ...(holdsData ? { wipe: true } : {}),
            ...(poolName ? { poolName } : {}),
            ...(generation !== undefined && generation > 0 ? { generation } : {}),
            ...(encryption === undefined ? {} : { encryption }),
          },
        }),
  };
}

/**
 * Reads the answers so far as a configuration.
 * @param captured what the old system had, as for every other source
 */
export function resolveAnswers(answers: Answers, world: World, captured: Input['captured']): Resolution {
  const { disks, ...others } = publicConfiguration(answers, world);
  const wifi = wifiOf(answers, world);
  const rest = wifi.length === 0 ? others : { ...others, network: { ...others.network, wifi } };
  // Until it is asked for, some passphrase stands in, so that everything else can be judged.
  const key = answers.passphrase?.reveal().toString('utf8') ?? standIn;
  const whole =
    disks === undefined
      ? rest
      : { ...rest, disks: { ...disks, ...(answers.encryption === 'none' ? {} : { key }) } };
  const file = { path: source, bytes: Buffer.from(JSON.stringify(whole)) };
  return resolveConfiguration({
    commandLine: '',
    files: [file],
    ...(captured === undefined ? {} : { captured }),
  });
}

/** The wireless network of the answers, before those that this boot was to join. */
function wifiOf({ wifi, wifiPassphrase }: Answers, world: World): NonNullable<NetworkInput['wifi']> {
  const asText = (secret: Secret) => secret.reveal().toString('latin1');
  const given =
    wifi?.kind === 'network' && wifiPassphrase !== undefined
      ? [{ ssid: wifi.ssid, passphrase: asText(wifiPassphrase), ...(wifi.hidden ? { hidden: true } : {}) }]
      : [];
  const configured = (world.wifi?.configured ?? [])
    .filter(({ ssid }) => given.every(each => each.ssid !== ssid))
    .map(({ ssid, passphrase, psk, hidden }) => ({
      ssid,
      ...(passphrase === undefined ? {} : { passphrase: asText(passphrase) }),
      ...(psk === undefined ? {} : { psk: asText(psk) }),
      ...(hidden === undefined ? {} : { hidden }),
    }));
  return [...given, ...configured];
}

const standIn = 'a passphrase that nobody typed';
