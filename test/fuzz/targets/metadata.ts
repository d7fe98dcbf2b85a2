import { gzipSync } from 'node:zlib';
import { configSchema } from '../../../agent/config/schema.ts';
import { learntFrom, type Reading } from '../../../agent/config/sources/metadata/learnt.ts';
import type { Answers } from '../../../agent/config/sources/metadata/source.ts';
import { metadataSources } from '../../../agent/config/sources/metadata/table.ts';
import { readUserData } from '../../../agent/config/sources/metadata/user-data.ts';
import { smbiosCredentials } from '../../../agent/config/sources/seed/smbios.ts';
import { seedVolumes } from '../../../agent/config/sources/seed/volumes.ts';
import type { Random } from '../../support/random.ts';
import { mutateJson, mutateLines, mutateText } from '../mutate.ts';
import { bytesOf, textOf, type Target } from '../target.ts';

/** What providers, volumes and firmware say of a machine. Anybody may answer on a link-local address. */

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me';
const config = JSON.stringify({ hostName: 'web-01', disks: { devices: ['only'], encryption: 'none' } });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const card = { macAddress: '52:54:00:12:34:56', mac: '52:54:00:12:34:56' };
const ipv4 = { ip_address: '192.0.2.7', netmask: '255.255.255.0', gateway: '192.0.2.1' };
const subnets =
  '    subnets: [{type: dhcp}, {type: static, address: "2001:db8::1/64", gateway: "fe80::1"}]\n';
const network = `version: 1\nconfig:\n  - type: physical\n    name: eth0\n    mac_address: ${card.mac}\n${subnets}`;

/** Name of a source -> whole answers: texts, or documents of JSON. */
const whole: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  EC2: { hostName: 'web-01.internal', keyList: '0=me', key, userData: config },
  GCE: { hostName: 'web-01.c.p.internal', keys: `me:${key}`, projectKeys: `me:${key}`, blocksProject: 'FALSE', userData: config },
  Azure: { instance: { compute: { osProfile: { computerName: 'web-01' }, publicKeys: [{ keyData: key }], userData: base64(config) } } },
  Hetzner: { metadata: `hostname: web-01\npublic-keys:\n- ${key}\nnetwork-config:\n${network.replaceAll(/^/gm, '  ')}`, userData: config },
  DigitalOcean: { metadata: { hostname: 'web-01', public_keys: [key], user_data: config, interfaces: { public: [{ ...card, ipv4, ipv6: { ip_address: '2001:db8::7', cidr: 64, gateway: '2001:db8::1' } }] }, dns: { nameservers: ['192.0.2.53'] } } },
  Vultr: { metadata: { hostname: 'web-01', 'public-keys': [key], interfaces: [{ mac: card.mac, 'network-type': 'private', ipv4: { address: '10.1.1.3', netmask: '255.255.240.0' } }] }, userData: config },
  Oracle: { instance: { hostname: 'web-01', metadata: { ssh_authorized_keys: key, user_data: base64(config) } } },
  Scaleway: { metadata: { hostname: 'web-01', ssh_public_keys: [{ key }] }, userData: config },
  Linode: { instance: { label: 'web-01' }, keys: { users: { root: [key] } }, userData: base64(config) },
  OpenStack: { metadata: { hostname: 'web-01', public_keys: { me: key } }, network: { links: [{ id: 'l', type: 'phy', ethernet_mac_address: card.mac, mtu: 1450 }], networks: [{ link: 'l', type: 'ipv4', ip_address: '192.0.2.7', netmask: '255.255.255.0', routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '192.0.2.1' }] }], services: [{ type: 'dns', address: '192.0.2.53' }] }, userData: config },
  NoCloud: { metadata: `local-hostname: web-01\npublic-keys:\n  - ${key}\n`, userData: config, network },
}; // prettier-ignore

const same: Readonly<Record<string, string>> = { UpCloud: 'DigitalOcean', 'config drive': 'OpenStack' };

interface Decoder {
  name: string;
  decode: (answers: Answers, now: number) => Reading;
}

function answersOf(random: Random, name: string): Record<string, string> {
  const given = whole[same[name] ?? name];
  if (given === undefined) throw new Error(`no answers of ${name} to change`);
  const entries = Object.entries(given).map(([question, value]): [string, string] => {
    const changes = random.integer(0, 2);
    if (typeof value !== 'string') return [question, JSON.stringify(mutateJson(random, value, changes))];
    return [question, random.chance(0.5) ? mutateLines(random, value, changes) : mutateText(random, value)];
  });
  return Object.fromEntries(entries.filter(() => random.chance(0.95)));
}

/** An input is the source's name and its answers, as JSON. */
const targetOf = (name: string, decoders: readonly Decoder[]): Target => ({
  name,
  generate: random => {
    const { name } = random.pick(decoders);
    return JSON.stringify({ name, answers: answersOf(random, name) });
  },
  decode: input => {
    const { name, answers } = JSON.parse(textOf(input)) as { name: string; answers: Record<string, string> };
    const { decode } = decoders.find(each => each.name === name)!;
    const bytes = Object.fromEntries(
      Object.entries(answers).map(([question, text]) => [question, Buffer.from(text)]),
    );
    const { value, notes } = learntFrom(name, 'metadata', decode(bytes, 1_800_000_000));
    const { success, error } = configSchema.safeParse(value);
    if (!success) throw new Error(`${name} gives what is not valid: ${error.message}`);
    if (/[\0\u001b]/.test(notes.join('\n'))) throw new Error(`${name}: a note has control characters`);
    return Object.keys(value).length === 0 ? 'refused' : undefined;
  },
});

const userData: Target = {
  name: 'user-data',
  generate: random => {
    const envelope = { 'systemd.credentials': [{ name: 'dabei.config', text: config }, { name: 'ssh.authorized_keys.root', data: base64(key) }] }; // prettier-ignore
    const text = random.chance(0.5)
      ? JSON.stringify(mutateJson(random, envelope, random.integer(0, 3)))
      : mutateText(random, random.pick([config, `#systemd-userdata\n${JSON.stringify(envelope)}`, '#cloud-config\npackages: []\n'])); // prettier-ignore
    return random.chance(0.3) ? gzipSync(text) : text;
  },
  decode: input => {
    const { config, hostName, keys, notes } = readUserData(bytesOf(input));
    if (notes.join('').length > 2000) throw new Error('it says too much');
    return config === null && hostName === undefined && keys === undefined ? 'refused' : undefined;
  },
};

/** Structures of SMBIOS (DMTF DSP0134, 6.1): type, length, handle, then strings that end with NUL. */
const firmware: Target = {
  name: 'SMBIOS tables',
  generate: random => {
    const structures = random.list(1, 4, () => {
      const name = random.pick(['dabei.config', 'ssh.authorized_keys.root', 'system.hostname']);
      const text = random.chance(0.5)
        ? `io.systemd.credential.binary:${name}=${mutateText(random, base64(config))}`
        : `io.systemd.credential:${name}=${mutateText(random, key)}`;
      const type = random.pick([11, 11, 11, 11, 11, 11, 11, 1, 127]);
      const length = random.pick([5, 5, 5, 5, 5, 5, 5, 5, 4, 0, 255]);
      return Buffer.concat([Buffer.from([type, length, 0, 0, 1]), Buffer.from(`${text}\0\0`)]);
    });
    const table = Buffer.concat(structures);
    return random.chance(0.2) ? table.subarray(0, random.integer(0, table.length)) : table;
  },
  decode: input => {
    const notes: string[] = [];
    const found = smbiosCredentials(bytesOf(input), notes);
    if (found.some(({ name }) => name === '' || /[=/]/.test(name))) throw new Error('a name that is none');
    return found.length === 0 && notes.length === 0 ? 'refused' : undefined;
  },
};

export const metadataTargets: Target[] = [
  targetOf('metadata of providers', metadataSources),
  targetOf('seeds on volumes', seedVolumes),
  userData,
  firmware,
];
