import t from 'tap';
import { fallbackPlan } from '../../../../../agent/plan/network/network.ts';
import { dns, eth0, plan } from './cards.ts';

t.test('routes of every kind', async t => {
  const { batch, gateways, routes } = plan({
    interfaces: [
      {
        name: 'eth0',
        addresses: ['192.0.2.7/24', { address: '10.0.0.1', peer: '10.0.0.2/32' }],
        routes: [
          { destination: 'default', gateway: '10.0.0.2', table: 7, source: '192.0.2.7' },
          { destination: '203.0.113.0/24', scope: 'global', mtu: 1400, advmss: 1300 },
        ],
      },
      { name: 'eth1', addresses: ['198.51.100.7/32'] },
      { name: 'lo', addresses: ['203.0.113.9/32'] },
    ],
    routes: [
      { destination: '10.66.0.0/16', type: 'blackhole', metric: 5 },
      {
        destination: 'default',
        nexthops: [
          { gateway: '192.0.2.1', interface: 'eth0', weight: 2 },
          { gateway: 'fe80::1', interface: 'eth1' },
          { gateway: '192.0.2.9', interface: 'eth9' },
        ],
      },
      { destination: '::/0', type: 'unreachable', metric: 4096 },
    ],
    dns,
  });
  t.same(
    batch.filter(line => !line.startsWith('link')),
    [
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 10.0.0.1 peer 10.0.0.2/32 dev eth0',
      'address replace 198.51.100.7/32 dev eth1',
      'address replace 203.0.113.9/32 dev lo',
      'route replace 203.0.113.0/24 dev eth0 scope global mtu 1400 advmss 1300',
      'route replace blackhole 10.66.0.0/16 metric 5',
      'route replace unreachable ::/0 metric 4096',
      'route replace default via 10.0.0.2 dev eth0 table 7 src 192.0.2.7',
      'route replace 0.0.0.0/0 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via inet6 fe80::1 dev eth1',
    ],
  );
  t.same(gateways, [
    { address: '192.0.2.1', link: 'eth0' },
    { address: 'fe80::1', link: 'eth1' },
  ]);
  t.same(
    fallbackPlan([eth0], { routes }).batch.slice(1),
    [
      'route del 0.0.0.0/0 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via inet6 fe80::1 dev eth1',
      'route replace 0.0.0.0/0 metric 1048576 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via inet6 fe80::1 dev eth1',
    ],
    'only the default route that all follow is put behind',
  );
});
