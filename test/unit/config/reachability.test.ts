import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import {
  networkSchema,
  type InterfaceInput,
  type NetworkInput,
  type RouteInput,
} from '../../../agent/config/schema.ts';
import { Random } from '../../support/random.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';

const key = `${publicKeyOf('me')} me@laptop`;
const hostKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----';

function reachability(value: unknown, captured?: object) {
  return resolveConfiguration({
    commandLine: '',
    files: [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(value)) }],
    ...(captured && { captured: { value: captured, notes: [] } }),
  });
}

t.test('what is lost is what is wrong, and nothing beside it', async t => {
  const address = '192.0.2.7/24';
  const route = { destination: 'default', gateway: '192.0.2.1' };
  const rule = { from: '192.0.2.0/24', table: 100 };
  const one = (eth0: object, others: object = {}) => ({
    network: { interfaces: [{ name: 'eth0', addresses: [address], ...eth0 }], ...others },
  });
  const rows: [name: string, asked: object, left: object, problems: string[]][] = [
    ['three unknown keys in a route', one({ routes: [{ ...route, a: 1, b: 2, c: 3 }] }), one({ routes: [route] }), ['…routes[0].a: unknown key', '…routes[0].b: unknown key', '…routes[0].c: unknown key']],
    ['four unknown keys in a rule', one({}, { rules: [{ ...rule, a: 1, b: 2, c: 3, d: 4 }] }), one({}, { rules: [rule] }), ['network.rules[0].a: unknown key', 'network.rules[0].b: unknown key', 'network.rules[0].c: unknown key', 'network.rules[0].d: unknown key']],
    ['a key of a later version in a next hop', one({ routes: [{ destination: 'default', nexthops: [{ gateway: '192.0.2.1', new: 1 }, { gateway: '192.0.2.2' }] }] }), one({ routes: [{ nexthops: [{ gateway: '192.0.2.1' }, { gateway: '192.0.2.2' }] }] }), ['…routes[0].nexthops[0].new: unknown key']],
    ['a wrong metric', one({ routes: [{ ...route, metric: -1 }, route] }), one({ routes: [route] }), ['…routes[0].metric: must be at least 0']],
    ['a wrong next hop', one({ routes: [{ destination: 'default', nexthops: [{ gateway: 'x' }, { gateway: '192.0.2.2' }] }, route] }), one({ routes: [route] }), ['…routes[0].nexthops[0].gateway: is not a valid IPv4 or IPv6 address']],
    ['routes of another type', one({ routes: 'default' }), one({ routes: [] }), ['…routes: expected array, got string']],
    ['routes that contradict themselves', one({ routes: [{ ...route, type: 'blackhole' }, route] }), one({ routes: [route] }), ['…routes[0]: discards packets, but has a gateway']],
    ['a rule without a table', one({}, { rules: [{ from: '192.0.2.0/24' }, rule] }), one({}, { rules: [rule] }), ['network.rules[0]: needs a table or a type']],
    ['an unknown key beside the client id', one({ dhcp: { clientId: 'none', hostName: 'x' } }), one({ dhcp: { clientId: 'none' } }), ['…dhcp.hostName: unknown key']],
    ['a wrong client id', one({ dhcp: { clientId: 'zz' } }), one({ dhcp: { clientId: 'mac' } }), ['…dhcp.clientId: is neither "mac" nor "none" nor hexadecimal']],
    ['an unknown key beside a peer', one({ addresses: [{ address: '192.0.2.7', peer: '192.0.2.1/32', scope: 'link' }] }), one({ addresses: [{ address: '192.0.2.7', peer: '192.0.2.1/32' }] }), ['…addresses[0].scope: unknown key']],
    ['a wrong address beside another', one({ addresses: [{ address: 'x', peer: '192.0.2.1/32' }, address] }), one({ addresses: [address] }), ['…addresses[0].address: is not a valid IPv4 or IPv6 address']],
    ['a bond without its mode', { network: { interfaces: [{ name: 'bond0', bond: { members: ['eth1'] } }, ...one({}).network.interfaces] } }, { network: { interfaces: [{ name: 'bond0', bond: undefined }, { name: 'eth0' }] } }, ['…bond.mode: is missing']],
    ['a wrong number in a bond', { network: { interfaces: [{ name: 'bond0', addresses: [address], bond: { mode: '802.3ad', members: ['eth0'], miimon: 'x' } }] } }, { network: { interfaces: [{ name: 'bond0', addresses: [address], bond: { mode: '802.3ad', members: ['eth0'], miimon: undefined } }] } }, ['…bond.miimon: expected number, got string']],
    ['an interface that contradicts itself', { network: { interfaces: [{ only: true, mac: '52:54:00:12:34:56' }, ...one({}).network.interfaces] } }, one({}), ['…: has "only": true together with a mac or a name']],
    ['keys', { rootAuthorizedKeys: ['a', key, 'b', 'c', key], ...one({}) }, { rootAuthorizedKeys: [key, key] }, ['rootAuthorizedKeys[0]: is not a valid line of authorized_keys, such as "ssh-ed25519 AAAA… me@laptop": it has no public key', 'rootAuthorizedKeys[2]: is not a valid line of authorized_keys, such as "ssh-ed25519 AAAA… me@laptop": it has no public key', 'rootAuthorizedKeys[3]: is not a valid line of authorized_keys, such as "ssh-ed25519 AAAA… me@laptop": it has no public key']],
  ]; // prettier-ignore
  for (const [name, asked, left, problems] of rows) {
    const resolution = reachability(asked);
    t.match(resolution.reachability, left, name);
    for (const [index, { routes, addresses }] of resolution.reachability.network.interfaces.entries()) {
      const wanted = (left as { network?: NetworkInput }).network?.interfaces?.[index];
      if (wanted?.routes) t.equal(routes.length, wanted.routes.length, name);
      if (wanted?.addresses) t.equal(addresses.length, wanted.addresses.length, name);
    }
    t.same(
      resolution.problems.map(({ path, message }) => `${path.replace(/^network\.interfaces\[\d\]\.?/, '…')}: ${message}`),
      problems,
      name,
    ); // prettier-ignore
  }
});

t.test('what the old system had counts where nothing of the configuration is left', async t => {
  const network = { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }] };
  const captured = { network, rootAuthorizedKeys: [key], ssh: { hostKeys: [hostKey] } };
  const { reachability: left } = reachability(
    { network: { interfaces: [{ mac: 'x', dhcp: true }] } },
    captured,
  );
  t.match(left, { network, rootAuthorizedKeys: [key], ssh: { hostKeys: { length: 1 } } });
});

t.test('more is wrong than the parser could hold', async t => {
  const network = { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }] };
  const captured = { network, rootAuthorizedKeys: Array.from({ length: 300_000 }, () => 1) };
  t.match(reachability({ hostId: 7 }, captured).reachability, { network, rootAuthorizedKeys: { length: 0 } });
  const many = { rootAuthorizedKeys: Array.from({ length: 1500 }, () => key) };
  t.match(
    reachability({}, many),
    {
      problems: { length: 0 },
      config: { rootAuthorizedKeys: { length: 1000 } },
      notes: ['the old system: rootAuthorizedKeys has more than 1000 items; the first 1000 are kept'],
    },
    'what is captured is never invalid',
  );
  const keys = Array.from({ length: 2000 }, (_, index) => `${key}${index}`);
  t.match(reachability({ network, rootAuthorizedKeys: keys }), {
    problems: [{ path: 'rootAuthorizedKeys', message: 'has more than 1000 items' }],
    reachability: { network, rootAuthorizedKeys: { length: 1000 } },
  });
});

const v4 = (random: Random) => `192.0.2.${random.integer(1, 254)}`;
const v6 = (random: Random) => `2001:db8::${random.integer(1, 0xffff).toString(16)}`;
const some = <T extends object>(random: Random, value: T): Partial<T> => (random.chance(0.4) ? value : {});

function validRoute(random: Random): RouteInput {
  const common = {
    ...some(random, { metric: random.integer(0, 5000) }),
    ...some(random, { table: random.integer(1, 500) }),
    ...some(random, { mtu: random.integer(1280, 9000) }),
  };
  switch (random.integer(0, 3)) {
    case 0:
      return { destination: 'default', gateway: v4(random), ...some(random, { onlink: true }), ...common };
    case 1:
      return { destination: `${v6(random)}/64`, gateway: v6(random), ...common };
    case 2:
      return { destination: `${v4(random)}/32`, type: random.pick(['blackhole', 'unreachable'] as const), ...common };
    default:
      return { destination: 'default', nexthops: random.list(2, 4, () => ({ gateway: v4(random) })), ...common };
  }
} // prettier-ignore

function validInterface(random: Random, index: number): InterfaceInput {
  const name = `eth${index}`;
  const addresses = random.list(0, 3, () =>
    random.chance(0.2) ? { address: v4(random), peer: `${v4(random)}/32` } : random.chance(0.5) ? `${v4(random)}/24` : `${v6(random)}/64`,
  ); // prettier-ignore
  const kind = random.pick([
    {},
    {},
    { bond: { mode: random.pick(['802.3ad', 'active-backup'] as const), members: ['eth7', 'eth8'] } },
    { vlan: { link: 'eth7', id: random.integer(1, 4094) } },
    { bridge: { members: ['eth7'], ...some(random, { stp: true }) } },
  ]);
  return {
    name,
    addresses,
    ...kind,
    ...some(random, { routes: random.list(0, 4, () => validRoute(random)) }),
    ...some(random, { dhcp: random.pick([true, { clientId: random.pick(['mac', 'none', 'ff00']) }]) }),
    ...some(random, { acceptRa: true }),
    ...some(random, { dns: { servers: [v4(random)], search: ['example.org'] } }),
  };
}

function validNetwork(random: Random): NetworkInput {
  return {
    interfaces: random.list(1, 4, index => validInterface(random, index)),
    ...some(random, { rules: random.list(0, 3, () => ({ from: `${v4(random)}/32`, table: random.integer(1, 99) })) }),
    ...some(random, { dns: { servers: [v6(random)], search: [] } }),
    ...some(random, { routes: [{ destination: '198.51.100.0/24', type: 'blackhole' as const }] }),
  };
} // prettier-ignore

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
const nonsense = (random: Random): Json =>
  random.pick<Json>([
    null,
    7,
    -1,
    'x',
    '',
    'a\u0000b',
    '\u001b[2J',
    [],
    {},
    [[]],
    { a: { b: 1 } },
    true,
    1e300,
  ]);

/** Wrong where the schema has something else, by the path without indices; items are put in, keys are added. */
const wrongItems: Readonly<Record<string, readonly Json[]>> = {
  'network.interfaces': [7, {}, 'eth0', { dhcp: true }, { only: true, name: 'eth9' }],
  'network.interfaces.addresses': ['192.0.2.7', '192.0.2.7/33', {}, 7, { address: 'x', peer: '192.0.2.1/32' }],
  'network.interfaces.routes': [7, {}, { destination: 'x' }, { destination: 'default', gateway: 'x', a: 1, b: 2, c: 3 }],
  'network.interfaces.dns.servers': ['x', 'fe80::1%2', 7],
  'network.rules': [7, {}, { table: 'main', from: '192.0.2.0/24' }, { family: 5, table: 1, a: 1 }],
  'network.routes': [7, { destination: 'default' }],
  'network.dns.servers': ['x', {}, null],
  rootAuthorizedKeys: ['nonsense', 7, '', 'ssh-ed25519'],
  'ssh.hostKeys': ['x', {}, null],
}; // prettier-ignore
const wrongValues: Readonly<Record<string, Json>> = {
  'network.interfaces': { mtu: 'x', macAddress: 'x', only: false },
  'network.interfaces.bond': { miimon: -1, lacpRate: 'often' },
  'network.interfaces.bridge': { forwardDelay: 'x' },
  network: { allowUnreachableGateways: 'no' },
  '': { hostName: '-', machineId: 'x', hostId: 12345678, disks: { devices: 7 }, system: [], mode: 'x', version: 9, ipv4: 7 },
}; // prettier-ignore

/** Puts wrong things into a configuration, and takes nothing away. */
function addFaults(random: Random, root: Json, count: number): void {
  const places: { value: Json; path: string }[] = [];
  const visit = (value: Json, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    places.push({ value, path });
    for (const [name, child] of Object.entries(value))
      visit(child, Array.isArray(value) ? path : path === '' ? name : `${path}.${name}`);
  };
  visit(root, '');
  for (let done = 0; done < count; done++) {
    const { value, path } = random.pick(places);
    if (Array.isArray(value)) {
      const items = wrongItems[path];
      if (items) value.splice(random.integer(0, value.length), 0, random.pick(items));
      continue;
    }
    const wrong = Object.entries((wrongValues[path] ?? {}) as Record<string, unknown>);
    const [name, bad]: [string, unknown] =
      wrong.length > 0 && random.chance(0.5)
        ? random.pick(wrong)
        : [random.pick(['__proto__', 'constructor', 'new', 'x'.repeat(300), 'é\u0000', `k${random.integer(0, 99)}`]), nonsense(random)];
    if (!Object.hasOwn(value as object, name))
      Object.defineProperty(value, name, { value: bad, enumerable: true, configurable: true });
  }
} // prettier-ignore

t.test('any network stays whole beside any faults', async t => {
  let faults = 0;
  for (let seed = 1; seed <= 80; seed++) {
    const random = new Random(seed);
    const network = validNetwork(random);
    const expected = networkSchema.parse(network);
    const asked = structuredClone({
      network,
      rootAuthorizedKeys: [key],
      ssh: { port: 2222, hostKeys: [hostKey] },
    });
    addFaults(random, asked, random.integer(1, 40));
    const { reachability: left, problems, config } = reachability(asked);
    faults += problems.length;
    const whole =
      JSON.stringify(left.network) === JSON.stringify(expected) &&
      JSON.stringify(left.rootAuthorizedKeys) === JSON.stringify([key]) &&
      left.ssh.port === 2222 &&
      left.ssh.hostKeys.length === 1;
    if (!whole || (config === null) !== problems.length > 0) {
      t.fail(`seed ${seed}`, { asked: JSON.stringify(asked), left: left.network, expected });
      return;
    }
  }
  t.ok(faults > 800, `${faults} faults`);
});
