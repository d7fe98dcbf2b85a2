import t from 'tap';
import { networkFromCapture } from '../../../agent/capture/network.ts';
import type { CapturedFiles } from '../../../agent/capture/types.ts';
import { networkSchema } from '../../../agent/config/schema.ts';
import { planNetwork } from '../../../agent/plan/network/network.ts';
import { growth, growthLimit } from '../../support/growth.ts';

/** Twice the input takes about twice the time (support/growth.ts). */

const card = (index: number) => ({
  ...{ ifindex: index + 1, ifname: `e${index}`, flags: ['UP'], mtu: 1500, link_type: 'ether' },
  address: `52:54:00:${[index >> 16, (index >> 8) & 255, index & 255].map(byte => byte.toString(16).padStart(2, '0')).join(':')}`,
  addr_info: [{ family: 'inet', local: '192.0.2.7', prefixlen: 24, scope: 'global', dynamic: true }],
});
const eth0 = {
  ...card(0),
  addr_info: [{ family: 'inet', local: '192.0.2.7', prefixlen: 24, scope: 'global' }],
};
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const route = (index: number) => ({
  ...{ dst: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, gateway: '192.0.2.1', dev: 'e0' },
  ...{ protocol: 'static', flags: [], table: 'main' },
});
const json = JSON.stringify;
const leased = { 'addr.json': json([card(0)]), 'link.json': json([card(0)]) };

const rows: [string, number, (size: number) => CapturedFiles][] = [
  ['routes', 4000, size => ({ 'addr.json': json([eth0]), 'route-4.json': json(many(size, route)) })],
  [
    'routes of many interfaces',
    500,
    size => ({
      'addr.json': json(many(size, card)),
      'route-4.json': json(many(size, index => ({ ...route(index), dev: `e${index}`, protocol: 'dhcp' }))),
    }),
  ],
  [
    'VLANs on VLANs, the last one first',
    1000,
    size => ({
      'addr.json': json(
        many(size, index => ({
          ...card(index),
          link: `e${index - 1}`,
          linkinfo: { info_kind: 'vlan', info_data: { id: 1 } },
        })).reverse(),
      ),
    }),
  ],
  [
    'members of bridges',
    1000,
    size => ({
      'addr.json': json(
        many(size, index =>
          index % 2 === 0
            ? { ...card(index), master: `e${index + 1}` }
            : { ...card(index), linkinfo: { info_kind: 'bridge' } },
        ),
      ),
    }),
  ],
  ['a lease file of line breaks', 40000, size => ({ ...leased, 'leases/networkd/1': '\n'.repeat(size) })],
  ['a lease file of blanks', 40000, size => ({ ...leased, 'leases/networkd/1': ' '.repeat(size) })],
  ['leases without an end', 30000, size => ({ ...leased, 'leases/dhclient/x': 'lease{\n'.repeat(size) })],
  [
    'leases, many',
    2000,
    size => ({ ...leased, 'leases/dhclient/x': 'lease {\n fixed-address 10.0.0.1;\n}\n'.repeat(size) }),
  ],
  ['resolv.conf', 10000, size => ({ 'resolv.conf': 'nameserver fe80::1%1\nsearch .\n'.repeat(size) })],
  [
    'identical addresses that no schema takes',
    1000,
    size => ({
      'addr.json': json([
        { ...eth0, addr_info: many(size, () => ({ ...eth0.addr_info[0], prefixlen: 99 })) },
      ]),
    }),
  ],
];

for (const [name, size, make] of rows) {
  t.test(name, async t => {
    const times = growth(make, networkFromCapture, size);
    t.ok(times < growthLimit, `${times.toFixed(1)} times as long for twice the input`);
  });
}

t.test('10,000 routes are parsed, kept and planned', async t => {
  const files = { 'addr.json': json([eth0]), 'route-4.json': json(many(10000, route)) };
  const { network, leftOut } = networkFromCapture(files);
  t.same(leftOut, []);
  const parsed = networkSchema.parse(network);
  t.equal(parsed.interfaces[0]?.routes.length, 10000);
  const start = process.cpuUsage();
  const plan = planNetwork(parsed, [
    { name: 'e0', mac: '52:54:00:00:00:00', driver: null, modalias: null, carrier: true, mtu: 1500 },
  ]);
  const { user } = process.cpuUsage(start);
  t.equal(plan.routes.length, 10000);
  t.ok(user < 1e6, `${Math.round(user / 1000)} ms`);
});
