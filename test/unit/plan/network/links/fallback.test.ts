import t from 'tap';
import { fallbackPlan, tearApart } from '../../../../../agent/plan/network/network.ts';
import { bond, dns, eth0, eth1, plan, static4, there } from './cards.ts';

t.test('the fallback asks on everything that can have an address', async t => {
  t.match(fallbackPlan(there, { routes: [] }), {
    batch: ['link set dev bond0 up', 'link set dev bond0.7 up'],
    dhcp: ['bond0', 'bond0.7'],
  });
});

t.test('the last resort takes bonds apart', async t => {
  const { joined } = plan({ interfaces: [{ name: 'bond0', bond, ...static4 }], dns });
  const dark = there.map(each => (each.name === 'eth0' ? { ...each, carrier: false } : each));
  t.same(tearApart(dark.slice(0, 3), { joined }), {
    torn: ['bond0'],
    batch: [
      'link del dev bond0',
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/24 broadcast + dev eth1',
    ],
    dhcp: ['eth0', 'eth1'],
    acceptRa: ['eth0', 'eth1'],
  });
  t.same(tearApart([eth0, eth1], { joined }), {
    torn: [],
    batch: ['link set dev eth0 up', 'link set dev eth1 up'],
    dhcp: ['eth0', 'eth1'],
    acceptRa: ['eth0', 'eth1'],
  });
});
