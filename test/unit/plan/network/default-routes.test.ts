import t from 'tap';
import { networkSchema, type NetworkInput } from '../../../../agent/config/schema.ts';
import { defaultRoutes } from '../../../../agent/plan/network/default-routes.ts';

const address = '192.0.2.7/24';
const by = { destination: 'default', gateway: '192.0.2.1' };
const eth0 = (more: object) => ({ interfaces: [{ name: 'eth0', addresses: [address], ...more }] });
const table100 = eth0({ routes: [{ ...by, table: 100 }] });

/** "4 eth0": family and interface of each; "+" where a lease or a router is to bring it. */
const rows: [string, NetworkInput, string[]][] = [
  ['nothing', {}, []],
  ['static', eth0({ routes: [by] }), ['4 eth0']],
  ['in its other spellings', eth0({ routes: [{ ...by, destination: '0.0.0.0/0' }] }), ['4 eth0']],
  ['IPv6 alone', eth0({ routes: [{ destination: '::/0', gateway: 'fe80::1' }] }), ['6 eth0']],
  ['a lease', { interfaces: [{ name: 'eth0', dhcp: true }] }, ['4 eth0 +']],
  ['a lease without its default route', { interfaces: [{ name: 'eth0', dhcp: { useGateway: false } }] }, []],
  ['a lease without its routes', { interfaces: [{ name: 'eth0', dhcp: { useRoutes: false } }] }, []],
  ['routers', { interfaces: [{ name: 'eth0', acceptRa: true }] }, ['6 eth0 +']],
  ['routers, not for a default', { interfaces: [{ name: 'eth0', acceptRa: { useGateway: false } }] }, []],
  ['no rule leads to its table', table100, []],
  ['a rule for all', { ...table100, rules: [{ family: 4, table: 100 }] }, ['4 eth0']],
  ['of the other family', { ...table100, rules: [{ family: 6, table: 100 }] }, []],
  ['a rule for its address', { ...table100, rules: [{ from: '192.0.2.7/32', table: 100 }] }, ['4 eth0']],
  ['for another address', { ...table100, rules: [{ from: '192.0.2.8/32', table: 100 }] }, []],
  ['for all but one', { ...table100, rules: [{ not: true, from: '192.0.2.8/32', table: 100 }] }, ['4 eth0']],
  ['for one destination', { ...table100, rules: [{ to: '10.0.0.0/8', table: 100 }] }, []],
  ['for marked packets', { ...table100, rules: [{ family: 4, fwmark: 1, table: 100 }] }, []],
  [
    'for all but marked',
    { ...table100, rules: [{ family: 4, not: true, fwmark: 1, table: 100 }] },
    ['4 eth0'],
  ],
  ['for what is forwarded', { ...table100, rules: [{ family: 4, iif: 'eth1', table: 100 }] }, []],
  ['for what is bound to a VRF', { ...table100, rules: [{ family: 4, oif: 'vrf0', table: 100 }] }, []],
  ['suppressed', { ...table100, rules: [{ family: 4, table: 100, suppressPrefixLength: 0 }] }, []],
  [
    'of a lease by its address',
    {
      interfaces: [
        { name: 'eth0', dhcp: { address: '192.0.2.7', useGateway: false }, routes: [{ ...by, table: 100 }] },
      ],
      rules: [{ from: '192.0.2.0/24', table: 100 }],
    },
    ['4 eth0'],
  ],
  ['leads nowhere', { ...eth0({}), routes: [{ destination: '0.0.0.0/0', type: 'blackhole' }] }, []],
  [
    'leads nowhere, but for want of a better one',
    {
      ...eth0({ routes: [by] }),
      routes: [{ destination: '0.0.0.0/0', type: 'unreachable', metric: 4278198272 }],
    },
    ['4 eth0'],
  ],
  [
    'leads nowhere before a better one',
    {
      ...eth0({ routes: [{ ...by, metric: 5 }] }),
      routes: [{ destination: '0.0.0.0/0', type: 'prohibit' }],
    },
    [],
  ],
  [
    'a rule that leads nowhere',
    { ...eth0({ routes: [by] }), rules: [{ family: 4, type: 'unreachable' }] },
    [],
  ],
  [
    'thrown back to the rules',
    {
      ...eth0({ routes: [by] }),
      routes: [{ destination: '0.0.0.0/0', type: 'throw', table: 100 }],
      rules: [{ family: 4, table: 100 }],
    },
    ['4 eth0'],
  ],
  ['in the table "default"', eth0({ routes: [{ ...by, table: 253 }] }), ['4 eth0']],
  [
    'several ways',
    {
      ...eth0({}),
      routes: [
        {
          destination: '0.0.0.0/0',
          nexthops: [
            { gateway: '192.0.2.1', interface: 'eth0' },
            { gateway: '192.0.2.2', interface: 'eth0' },
          ],
        },
      ],
    },
    ['4 eth0'],
  ],
];

for (const [name, network, expected] of rows) {
  t.test(name, async t => {
    const found = defaultRoutes(networkSchema.parse(network));
    t.strictSame(
      found.map(({ family, link, isLearnt }) => `${family} ${link}${isLearnt ? ' +' : ''}`),
      expected,
    );
  });
}
