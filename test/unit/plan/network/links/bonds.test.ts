import t from 'tap';
import { bond, dns, eth0, eth1, plan, static4, there } from './cards.ts';

const bonded = {
  interfaces: [
    { name: 'ens1', mac: eth0.mac },
    { name: 'ens2', mac: eth1.mac },
    { name: 'bond0', bond: { ...bond, members: ['ens1', 'ens2'], primary: 'ens2' }, macAddress: eth0.mac },
    { name: 'bond0.7', vlan: { link: 'bond0', id: 7 }, ...static4 },
  ],
  dns,
};

t.test('bond and VLAN, from nothing', async t => {
  const { modules, create, batch, warnings, joined, links, refuseRa } = plan(bonded);
  t.same(warnings, []);
  t.same(modules, [['bonding', 'max_bonds=0'], ['8021q']]);
  t.same(create, [
    'link add name bond0 address 52:54:00:00:00:01 type bond mode active-backup miimon 100',
    'link add link bond0 name bond0.7 type vlan id 7',
  ]);
  t.same(batch, [
    'link set dev eth0 down',
    'link set dev eth0 master bond0',
    'link set dev eth0 up',
    'link set dev eth1 down',
    'link set dev eth1 master bond0',
    'link set dev eth1 up',
    'link set dev bond0 type bond primary eth1',
    'link set dev bond0 up',
    'link set dev bond0.7 up',
    'address replace 192.0.2.7/24 broadcast + dev bond0.7',
    'route replace default via 192.0.2.1 dev bond0.7',
  ]);
  t.same(links, ['eth0', 'eth1', 'bond0', 'bond0.7']);
  t.same(refuseRa, links);
  t.same(joined, [{ name: 'bond0', members: ['eth0', 'eth1'], addresses: [] }]);
});

t.test('what is there is used as it is', async t => {
  const { create, batch, warnings } = plan(bonded, there);
  t.same(warnings, []);
  t.same(create, []);
  t.same(batch, [
    'link set dev bond0 type bond primary eth1',
    'link set dev bond0 up',
    'link set dev bond0.7 up',
    'address replace 192.0.2.7/24 broadcast + dev bond0.7',
    'route replace default via 192.0.2.1 dev bond0.7',
  ]);
});

t.test('the bond of somebody else is left alone', async t => {
  const { warnings } = plan({ interfaces: [{ mac: eth0.mac, ...static4 }], dns }, there);
  t.match(warnings, [/no interface has the MAC address 52:54:00:00:00:01/, /asking for DHCP on all/]);
});
