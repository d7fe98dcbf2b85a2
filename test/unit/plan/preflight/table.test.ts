import t from 'tap';
import { networkSchema, type NetworkConfig, type NetworkInput } from '../../../../agent/config/schema.ts';
import { keptNetwork as keptOf } from '../../../../agent/capture/summary.ts';
import { defaultRoutes } from '../../../../agent/plan/network/default-routes.ts';
import { renderTable } from '../../../../agent/plan/preflight/preflight-table.ts';
import { debian } from '../../../fixtures/old-system.ts';
import { judge, wholeRoot } from './judge.ts';

const capture: Record<string, string> = {
  'addr.json': JSON.stringify([
    { ifname: 'lo', link_type: 'loopback', addr_info: [{ local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
    {
      ifname: 'ens3',
      link_type: 'ether',
      address: '52:54:00:12:34:56',
      addr_info: [
        { local: '192.0.2.7', prefixlen: 32, scope: 'global' },
        { local: '2001:db8::7', prefixlen: 64, scope: 'global', dynamic: true },
        { local: 'fe80::1', prefixlen: 64, scope: 'link' },
      ],
    },
  ]),
  'route-4.json': JSON.stringify([
    { type: 'unicast', dst: 'default', gateway: '192.0.2.1', dev: 'ens3', table: 'main', flags: ['onlink'] },
    { type: 'local', dst: '192.0.2.7', dev: 'ens3', table: 'local', flags: [] },
  ]),
  'route-6.json': JSON.stringify([
    {
      type: 'unicast',
      dst: 'default',
      table: '200',
      metric: 1024,
      flags: [],
      nexthops: [
        { via: { host: 'fe80::9' }, dev: 'ens3', flags: [] },
        { gateway: 'fe80::8', dev: 'ens4', flags: [] },
      ],
    },
  ]),
  'resolv.conf': 'search example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n',
};

/** As it becomes of the capture. */
const newNetwork = networkSchema.parse({
  interfaces: [
    {
      name: 'ens3',
      addresses: ['192.0.2.7/32'],
      routes: [{ destination: 'default', gateway: '192.0.2.1' }],
      acceptRa: true,
    },
    { name: 'ens4' },
  ],
  routes: [
    {
      destination: '::/0',
      table: 200,
      nexthops: [
        { gateway: 'fe80::9', interface: 'ens3' },
        { gateway: 'fe80::8', interface: 'ens4' },
      ],
    },
  ],
  rules: [{ family: 6, priority: 5, table: 200 }],
  dns: { servers: ['192.0.2.53', '2001:db8::53'] },
});

const keptNetwork = (read: (name: string) => string | null, network: NetworkConfig) =>
  keptOf(read, network, defaultRoutes(network));

t.test('the network that is kept', async t => {
  const network = keptNetwork(name => capture[name] ?? null, newNetwork);
  t.strictSame(network, {
    links: [
      { name: 'ens3', mac: '52:54:00:12:34:56', addresses: ['192.0.2.7/32', '2001:db8::7/64 (leased)'] },
    ],
    routes: [
      'default via 192.0.2.1 dev ens3 onlink',
      'default via fe80::9 dev ens3 via fe80::8 dev ens4 metric 1024 table 200',
    ],
    dns: ['192.0.2.53', '2001:db8::53'],
    defaultLinks: ['ens3', 'ens4'],
  });
  const leased = keptNetwork(
    name => ({ ...capture, 'leases/udhcpc/ens3': 'ens3\n' })[name] ?? null,
    newNetwork,
  );
  t.strictSame(leased.links[0]?.addresses, ['192.0.2.7/32 (leased)', '2001:db8::7/64 (leased)']);
  const nothing = { links: [], routes: [], dns: [], defaultLinks: [] };
  t.strictSame(
    keptNetwork(() => null, networkSchema.parse({})),
    nothing,
  );
  t.strictSame(
    keptNetwork(() => 'not JSON', networkSchema.parse({})),
    nothing,
  );
});

t.test('nothing is printed as kept that is not kept', async t => {
  const kept = (network: NetworkInput) =>
    keptNetwork(name => capture[name] ?? null, networkSchema.parse(network));
  const own = { interfaces: [{ name: 'eth9', dhcp: true }], dns: { servers: ['203.0.113.53'] } };
  t.strictSame(kept(own), { links: [], routes: [], dns: ['203.0.113.53'], defaultLinks: [] });
  const { rules: _, wifi: _wifi, ...withoutRule } = newNetwork;
  t.strictSame(kept(withoutRule).routes, ['default via 192.0.2.1 dev ens3 onlink'], 'no rule leads to 200');
  t.strictSame(kept({ interfaces: [{ name: 'ens3', dhcp: { useGateway: false } }] }).routes, []);
  t.strictSame(kept({ interfaces: [{ name: 'ens3', dhcp: true }] }).routes, [
    'default via 192.0.2.1 dev ens3 onlink',
  ]);
});

t.test('the table', async t => {
  const text = renderTable({
    old: debian,
    found: judge({}),
    network: keptNetwork(name => capture[name] ?? null, newNetwork),
    leftOut: ['docker0 belongs to a program'],
    hostKeys: ['SHA256:abc (ED25519)'],
    authorizedKeys: ['ssh-rsa me@laptop (with options)', 'ssh-ed25519 you'],
    config: wholeRoot,
    installs: true,
    returnAfterSeconds: 900,
    console: { shell: 'off', because: 'a passphrase, a private key or a token came in' },
  });
  t.equal(
    text,
    `this machine             QEMU Standard PC, BIOS, 511 MiB of RAM
kept          ens3       52:54:00:12:34:56 192.0.2.7/32, 2001:db8::7/64 (leased)
              routes     default via 192.0.2.1 dev ens3 onlink
                         default via fe80::9 dev ens3 via fe80::8 dev ens4 metric 1024 table 200
              DNS        192.0.2.53 2001:db8::53
              host keys  SHA256:abc (ED25519)
              logins     ssh-rsa me@laptop (with options)
                         ssh-ed25519 you
left out                 docker0 belongs to a program
erased        /dev/vda   20 GiB, serial root: gpt, /dev/vda1 ext4 mounted at /
becomes                  NixOS, nixos
                         restarts into this system after 900 s without a login, unless a disk was touched
              console    no shell, because a passphrase, a private key or a token came in
`,
  );
});
