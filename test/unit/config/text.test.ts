import t from 'tap';
import { z } from 'zod';
import { keysAt } from '../../../agent/config/issues.ts';
import { formatProblem } from '../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { configSchema } from '../../../agent/config/schema.ts';

function told(value: object, commandLine = ''): string[] {
  const files = [{ path: '/c', bytes: Buffer.from(JSON.stringify(value)) }];
  return resolveConfiguration({ commandLine, files }).problems.map(formatProblem);
}

/** Where the schema takes text, each with the text put in: one for each such place of the schema. */
const texts: [path: string, make: (text: string) => object][] = [
  ['$schema', text => ({ $schema: text })],
  ['hostName', text => ({ hostName: text })],
  ['hostId', text => ({ hostId: text })],
  ['machineId', text => ({ machineId: text })],
  ['rootAuthorizedKeys[0]', text => ({ rootAuthorizedKeys: [text] })],
  ['ssh.hostKeys[0]', text => ({ ssh: { hostKeys: [text] } })],
  ...['serial', 'wwn', 'model', 'transport'].map((name): [string, (text: string) => object] => [`disks.devices[0].${name}`, text => ({ disks: { devices: [{ [name]: text }], encryption: 'none' } })]),
  ['disks.devices[0]', text => ({ disks: { devices: [text], encryption: 'none' } })],
  ['disks.devices[0].size.min', text => ({ disks: { devices: [{ size: { min: text } }], encryption: 'none' } })],
  ['disks.poolName', text => ({ disks: { devices: ['only'], poolName: text, encryption: 'none' } })],
  ['disks.swap', text => ({ disks: { devices: ['only'], swap: text, encryption: 'none' } })],
  ['disks.esp', text => ({ disks: { devices: ['only'], esp: text, encryption: 'none' } })],
  ['disks.key', text => ({ disks: { devices: ['only'], key: text } })],
  ...['flake', 'nixpkgs', 'storePath', 'stateVersion'].map((name): [string, (text: string) => object] => [`system.${name}`, text => ({ mode: 'rescue', system: { [name]: text } })]),
  ...['substituters', 'trustedPublicKeys'].map((name): [string, (text: string) => object] => [`system.${name}[0]`, text => ({ mode: 'rescue', system: { [name]: [text] } })]),
  ...['mac', 'name', 'macAddress'].map((name): [string, (text: string) => object] => [`network.interfaces[0].${name}`, text => ({ network: { interfaces: [{ name: 'eth0', [name]: text }] } })]),
  ['network.interfaces[0].addresses[0]', text => ({ network: { interfaces: [{ name: 'eth0', addresses: [text] }] } })],
  ['network.interfaces[0].addresses[0].peer', text => ({ network: { interfaces: [{ name: 'eth0', addresses: [{ address: '192.0.2.1', peer: text }] }] } })],
  ['network.interfaces[0].dhcp.clientId', text => ({ network: { interfaces: [{ name: 'eth0', dhcp: { clientId: text } }] } })],
  ['network.interfaces[0].routes[0].destination', text => ({ network: { interfaces: [{ name: 'eth0', routes: [{ destination: text }] }] } })],
  ['network.interfaces[0].routes[0].gateway', text => ({ network: { interfaces: [{ name: 'eth0', routes: [{ destination: 'default', gateway: text }] }] } })],
  ['network.interfaces[0].bond.members[0]', text => ({ network: { interfaces: [{ name: 'b', bond: { mode: '802.3ad', members: [text] } }] } })],
  ['network.interfaces[0].bond.primary', text => ({ network: { interfaces: [{ name: 'b', bond: { mode: '802.3ad', members: ['a'], primary: text } }] } })],
  ['network.interfaces[0].vlan.link', text => ({ network: { interfaces: [{ name: 'b', vlan: { id: 1, link: text } }] } })],
  ['network.rules[0].from', text => ({ network: { rules: [{ table: 1, from: text }] } })],
  ['network.rules[0].iif', text => ({ network: { rules: [{ table: 1, family: 4, iif: text }] } })],
  ['network.dns.servers[0]', text => ({ network: { dns: { servers: [text] } } })],
  ['network.dns.search[0]', text => ({ network: { dns: { search: [text] } } })],
]; // prettier-ignore

const bad: [name: string, text: string, shown: RegExp][] = [
  ['NUL', 'a\u0000b', /^has a control character, \\u0000, as character 2$/],
  ['a line feed', 'a\nb', /^has a line break, \\u000a, as character 2$/],
  ['an escape sequence', '\u001b[2Jgithub:me/x#y', /^has a control character, \\u001b, as character 1$/],
  ['a C1 control', 'abc\u009b', /^has a control character, \\u009b, as character 4$/],
  ['a line separator', '\u2028', /^has a line break, \\u2028, as character 1$/],
  ['half a character', 'a\ud83d', /^has a control character, \\ud83d, as character 2$/],
];

t.test('no text takes what no screen shows', async t => {
  for (const [path, make] of texts) {
    for (const [name, text, shown] of bad) {
      const isSecret = path === 'disks.key' || path === 'ssh.hostKeys[0]';
      const isUnion = /devices\[0\]$|size|swap|esp|addresses\[0\]$|members|vlan|destination/.test(path);
      const lines = told(make(text));
      t.equal(lines.length, 1, `${path}, ${name}: ${lines.join('; ')}`);
      t.ok(lines[0]!.replace(/^\/c:\d+:\d+ /, '').startsWith(`${path}: `), lines[0]!);
      if (isSecret) t.notMatch(lines[0], /\\u|as character/, `${path}: nothing of a secret is told`);
      else if (!isUnion) t.match(lines[0]!.split(': ').slice(1).join(': '), shown, `${path}, ${name}`);
      t.notMatch(lines[0], /[\p{Cc}\u2028]/u, name);
    }
    const long = told(make('a'.repeat(40_000)));
    t.equal(long.length, 1, `${path}: ${long.join('; ').slice(0, 200)}`);
  }
});

t.test('no text of the schema is without a bound', async t => {
  const unbounded: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const type = node as {
      type?: string;
      maxLength?: number;
      const?: unknown;
      enum?: unknown;
      maxItems?: number;
    };
    if (type.type === 'string' && !type.maxLength && type.const === undefined && !type.enum)
      unbounded.push(path);
    if (type.type === 'array' && !type.maxItems) unbounded.push(path);
    for (const [key, child] of Object.entries(node)) visit(child, `${path}/${key}`);
  };
  visit(z.toJSONSchema(configSchema, { io: 'input' }), '');
  t.same(unbounded, []);
  t.ok(keysAt(configSchema, ['system']).includes('flake'), 'what is behind defaults is known');
});

t.test('names and values of parameters are shown escaped', async t => {
  t.same(told({}, 'nameserver=\u001b[2J'), [
    'nameserver network: "\\u001b[2J" is not a valid IPv4 or IPv6 address',
  ]);
  t.same(told({}, 'dabei.\u001b[2Jx=1'), ['dabei.\\u001b[2Jx: unknown parameter']);
  t.same(told({ 'a\u009b\u2028': 1 }), ['/c:1:2 ["a\\u009b\\u2028"]: unknown key']);
});

t.test('names of interfaces that ip or networkd would read as something else', async t => {
  for (const name of [
    'a"b',
    "a'b",
    'a#b',
    'a\\',
    'eth*',
    'a%i',
    'a b',
    'ä',
    'a/b',
    'a:1',
    '..',
    '',
    'x'.repeat(16),
  ]) {
    t.match(told({ network: { interfaces: [{ name }] } }), [/name: is not a valid interface name/], name);
  }
  for (const name of ['eth0', 'enp1s0f0np0', 'br-1', 'eth0.100', 'a_b', 'veth@1', 'x+y'])
    t.same(told({ network: { interfaces: [{ name }] } }), [], name);
});
