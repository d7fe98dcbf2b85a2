import { test } from 'tap';
import { fallbackPlan } from '../../../../agent/plan/network/network.ts';
import { demote } from '../../../../agent/plan/network/routes.ts';
import { dark, dns, eth0, eth1, plan, v4, v4Gateway } from './worlds.ts';

test('fallback: every link up, static routes behind what is learnt', async t => {
  const made = plan({ interfaces: [{ name: 'eth0', ...v4 }], dns });
  t.strictSame(fallbackPlan([eth0, eth1, dark, { ...eth1, name: 'eth3', master: 'bond0' }], made), {
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'link set dev eth2 up',
      'route del default via 192.0.2.1 dev eth0',
      'route replace default via 192.0.2.1 dev eth0 metric 1048576',
    ],
    dhcp: ['eth0', 'eth1'],
    acceptRa: ['eth0', 'eth1'],
  });
});

test('only the default routes of silent gateways are put back', async t => {
  const { routes } = plan({
    interfaces: [
      {
        name: 'eth0',
        addresses: ['192.0.2.7/24', '2001:db8::7/64'],
        routes: [
          { destination: 'default', gateway: '192.0.2.1', metric: 4294967295 },
          { destination: 'default', gateway: '2001:db8::1' },
          { destination: '10.0.0.0/8', gateway: '192.0.2.1' },
        ],
      },
      { name: 'eth1', routes: [{ destination: 'default', gateway: '192.0.2.1', metric: 5 }] },
    ],
  });
  t.strictSame(demote(routes, [v4Gateway]), [
    'route del default via 192.0.2.1 dev eth0 metric 4294967295',
    'route replace default via 192.0.2.1 dev eth0 metric 4294967295',
  ]);
  t.strictSame(demote(routes, [{ address: '2001:db8::1', link: 'eth0' }]), [
    'route del ::/0 via 2001:db8::1 dev eth0',
    'route replace ::/0 via 2001:db8::1 dev eth0 metric 1049600',
  ]);
  t.strictSame(demote(routes, []), []);
});
