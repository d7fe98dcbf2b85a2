import t from 'tap';
import { networkFromCapture } from '../../../agent/capture/network.ts';
import { onlyValid } from '../../../agent/capture/valid.ts';
import { capturedIdentity } from '../../../agent/capture/identity.ts';
import { capturedNetwork } from '../../../agent/capture/beside.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { networkSchema, type NetworkInput } from '../../../agent/config/schema.ts';
import { planNetwork } from '../../../agent/plan/network/network.ts';
import { Random } from '../../support/random.ts';
import { strangeSystem } from './strange-systems.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';

const systems = 400;

t.test(`${systems} captured networks: never a problem, and a plan`, async t => {
  let kept = 0;
  for (let seed = 1; seed <= systems; seed++) {
    const files = strangeSystem(seed);
    const captured = capturedNetwork(files);
    const { problems, config } = resolveConfiguration({ commandLine: '', files: [], captured });
    if (problems.length > 0 || config === null) return t.fail(`seed ${seed}`, { problems });
    const plan = planNetwork(config.network, []);
    if (plan.batch.some(line => /[\0\n]/.test(line))) return t.fail(`seed ${seed}: a line break`);
    if (captured.notes.some(note => /\p{Cc}/u.test(note))) {
      return t.fail(`seed ${seed}: a note that a terminal cannot show`, { notes: captured.notes });
    }
    kept += config.network.interfaces.length + config.network.rules.length;
  }
  t.ok(kept > systems, `${kept} interfaces and rules are kept`);
});

t.test('whatever is configured besides, what was captured adds no problem', async t => {
  const asked = [
    { network: { interfaces: [{ name: 'eth0', dhcp: true }] } },
    { network: { dns: { servers: ['192.0.2.1'] } } },
    { network: { rules: [{ from: '192.0.2.7', table: 7 }] }, hostName: 'web' },
  ];
  for (let seed = 1; seed <= 60; seed++) {
    for (const file of asked) {
      const files = [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(file)) }];
      const alone = resolveConfiguration({ commandLine: '', files });
      const captured = capturedNetwork(strangeSystem(seed));
      const both = resolveConfiguration({ commandLine: '', files, captured });
      if (both.problems.length > alone.problems.length)
        return t.fail(`seed ${seed}`, { problems: both.problems });
    }
  }
});

t.test('names and keys of strange systems: never a problem', async t => {
  const random = new Random(7);
  const characters = [...'aZ09-_. \t"\'\\#@ü\u0000\u001b\ufeff\u2028=,'];
  const text = () => random.list(0, 70, () => random.pick(characters)).join('');
  for (let round = 0; round < 400; round++) {
    const captured = capturedIdentity(
      {
        hostKeys: new Map([[`ssh_host_${text()}_key`, Buffer.from(text())]]),
        authorizedKeys: random
          .list(0, 3, () => `${random.pick([publicKeyOf('me'), 'ssh-ed25519 AAAA', ''])}${text()}`)
          .join('\n'),
        hostName: random.pick([
          text(),
          'my_host',
          'größe',
          'web-01.example.org\n',
          '-x',
          'a'.repeat(64),
          '(none)',
        ]),
        machineId: random.pick([
          text(),
          'uninitialized\n',
          'b08dfa6083e7567a1921a715000001fb\n',
          '0'.repeat(32),
        ]),
      },
      0,
    );
    const { problems } = resolveConfiguration({ commandLine: '', files: [], captured });
    if (problems.length > 0) return t.fail(`round ${round}`, { problems, captured });
  }
});

t.test('what is left out is the smallest part, and is said', async t => {
  const eth0 = { name: 'eth0', addresses: ['192.0.2.7/24'] };
  const rows: [string, NetworkInput, NetworkInput, string][] = [
    [
      'a name server with a zone',
      { interfaces: [eth0], dns: { servers: ['192.0.2.53', 'fe80::1%2'] } },
      { interfaces: [eth0], dns: { servers: ['192.0.2.53'] } },
      'dns: servers fe80::1%2',
    ],
    [
      'an address',
      { interfaces: [{ ...eth0, addresses: ['192.0.2.7/24', 'fe80::1%2/64'] }] },
      { interfaces: [eth0] },
      'eth0: addresses fe80::1%2/64',
    ],
    ['an MTU', { interfaces: [{ ...eth0, mtu: 70000 }] }, { interfaces: [eth0] }, 'eth0: mtu 70000'],
    ['a MAC address', { interfaces: [{ ...eth0, mac: '1:2' }] }, { interfaces: [eth0] }, 'eth0: mac 1:2'],
    [
      'a route',
      { interfaces: [{ ...eth0, routes: [{ destination: 'default', gateway: 'fe80::1%2' }] }] },
      { interfaces: [eth0] },
      'eth0: the route to default',
    ],
    [
      'a rule',
      { interfaces: [eth0], rules: [{ priority: 5, from: 'fe80::1%2/64', table: 7 }] },
      { interfaces: [eth0] },
      'rule 5',
    ],
    [
      "a bond's option",
      { interfaces: [{ name: 'b', bond: { members: ['eth0'], mode: 'active-backup', minLinks: 256 } }] },
      { interfaces: [{ name: 'b', bond: { members: ['eth0'], mode: 'active-backup' } }] },
      'b: bond: minLinks 256',
    ],
  ];
  for (const [name, network, expected, note] of rows) {
    const valid = onlyValid(network);
    t.strictSame(valid.network, expected, name);
    t.strictSame(valid.notes, [`${note} of the old system is not understood, and left out`], name);
  }
  const vlan = { name: 'eth0.5', vlan: { link: 'eth0', id: 4095 }, addresses: ['192.0.2.9/24'] };
  const { network, notes } = onlyValid({ interfaces: [eth0, vlan] });
  t.strictSame(network, { interfaces: [eth0] }, 'a VLAN without its number is no card');
  t.match(notes.at(-1), /^eth0\.5 of the old system is not understood/);
  t.strictSame(networkSchema.safeParse(onlyValid({}).network).success, true);
});

t.test('resolv.conf: what the kernel of another machine calls a link says nothing here', async t => {
  const { network, leftOut, warnings } = networkFromCapture({
    'resolv.conf':
      'nameserver 192.0.2.53\nnameserver fe80::1%2\nnameserver dns.example\nsearch größe.example a_b.example\n',
  });
  t.same(network.dns, { servers: ['192.0.2.53'], search: ['a_b.example'] });
  t.same(warnings, []);
  t.same(leftOut, [
    { name: 'the name server fe80::1%2', why: 'is reachable through one link of the old system only' },
    { name: 'the name server dns.example', why: 'is not a valid IP address' },
    { name: 'the search domain größe.example', why: 'is not a valid domain name' },
  ]);
});
