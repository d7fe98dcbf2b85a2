import { test } from 'tap';
import { dark, dns, eth0, everywhere, plan, testWorlds, v4, v4Batch } from './worlds.ts';

testWorlds([
  {
    name: 'metric',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1', metric: 100 }],
        },
      ],
      dns,
    },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0 metric 100'],
  },
  {
    name: 'MTU',
    config: { interfaces: [{ name: 'eth0', mtu: 1400, dhcp: true }] },
    batch: ['link set dev eth0 up mtu 1400'],
    fixedMtu: ['eth0'],
    dhcp: ['eth0'],
    refuseRa: ['eth0'],
  },
  {
    name: 'MTU too small for IPv6',
    config: { interfaces: [{ name: 'eth0', mtu: 1000, addresses: ['2001:db8::7/64'], acceptRa: true }] },
    warnings: [/an MTU of 1000 disables IPv6/],
  },
  {
    name: 'two entries for one link are put together, repetitions dropped',
    config: {
      interfaces: [
        { name: 'eth0', ...v4 },
        { mac: '52:54:00:00:00:01', ...v4, acceptRa: true },
      ],
      dns,
    },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0'],
    acceptRa: ['eth0'],
    refuseRa: [],
  },
  {
    name: 'DHCP on one link: the other is left down',
    config: { interfaces: [{ name: 'eth1', dhcp: true, acceptRa: true }] },
    batch: ['link set dev eth1 up'],
    dhcp: ['eth1'],
    acceptRa: ['eth1'],
    refuseRa: [],
    static: false,
  },
  {
    name: 'DHCP that is asked for does not wait for a carrier',
    config: { interfaces: [{ name: 'eth2', dhcp: true }] },
    links: [eth0, dark],
    dhcp: ['eth2'],
  },
  {
    name: 'an interface that is named without anything to do',
    config: { interfaces: [{ name: 'eth0' }] },
    ...everywhere,
    warnings: [/gives no address to any/],
  },
  {
    name: 'static without default route and DNS',
    config: { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }] },
    batch: v4Batch,
    gateways: [],
    static: true,
    warnings: [/no default route/, /no DNS server/],
  },
]);

test('a plan made twice is the same', async t => {
  const config = { interfaces: [{ name: 'eth0', ...v4 }], dns };
  t.strictSame(plan(config), plan(config));
});
