import { dns, eth0, eth1, everywhere, link, testWorlds, v4, v4Batch, v4Gateway } from './worlds.ts';

testWorlds([
  {
    name: 'static by MAC',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', ...v4 }], dns },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0'],
    dhcp: [],
    acceptRa: [],
    refuseRa: ['eth0'],
    gateways: [v4Gateway],
    static: true,
  },
  {
    name: 'the interface with the default route is not here',
    config: {
      interfaces: [
        { mac: '52:54:00:00:00:01', addresses: ['10.1.0.7/24'] },
        { mac: '52:54:00:00:00:99', ...v4 },
      ],
      dns,
    },
    gateways: [],
    missingGateways: ['192.0.2.1'],
    static: true,
    warnings: [/52:54:00:00:00:99/, /no default route/],
  },
  {
    name: 'several ways by default, all by interfaces that are not here',
    config: {
      interfaces: [
        { mac: '52:54:00:00:00:01', addresses: ['10.1.0.7/24'] },
        { name: 'wan1', mac: '52:54:00:00:00:98', addresses: ['192.0.2.7/24'] },
        {
          name: 'wan2',
          mac: '52:54:00:00:00:99',
          addresses: ['198.51.100.7/24'],
          routes: [
            {
              destination: '0.0.0.0/0',
              nexthops: [{ gateway: '198.51.100.1' }, { gateway: '192.0.2.1', interface: 'wan1' }],
            },
          ],
        },
      ],
      routes: [
        {
          destination: '::/0',
          nexthops: [
            { gateway: 'fe80::1', interface: 'wan1' },
            { gateway: 'fe80::2', interface: 'wan2' },
          ],
        },
      ],
      dns,
    },
    gateways: [],
    missingGateways: ['198.51.100.1', 'fe80::1', 'fe80::2', '192.0.2.1'],
    static: true,
    warnings: [/52:54:00:00:00:98/, /52:54:00:00:00:99/, /via wan1/, /via wan2/, /no default route/],
  },
  {
    name: 'MAC in capitals',
    config: { interfaces: [{ mac: '52:54:00:00:00:0A', ...v4 }], dns },
    links: [link('eth0', '52:54:00:00:00:0a')],
    static: true,
  },
  { name: 'static by name', config: { interfaces: [{ name: 'eth0', ...v4 }], dns }, gateways: [v4Gateway] },
  {
    name: 'static by the name that udev would have given',
    config: { interfaces: [{ name: 'ens3', ...v4 }], dns },
    links: [eth1, { ...eth0, altNames: ['enp0s3', 'ens3'] }],
    gateways: [v4Gateway],
  },
  {
    name: 'MAC beats name',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', name: 'eth1', ...v4 }], dns },
    gateways: [v4Gateway],
  },
  {
    name: 'MAC not there, name is',
    config: { interfaces: [{ mac: '52:54:00:00:00:99', name: 'eth0', ...v4 }], dns },
    gateways: [v4Gateway],
    warnings: [/no interface has the MAC address 52:54:00:00:00:99: taking eth0 by its name/],
  },
  {
    name: 'unmatched MAC: DHCP everywhere, and says what is there',
    config: { interfaces: [{ mac: '52:54:00:00:00:99', ...v4 }], dns },
    ...everywhere,
    warnings: [/present: eth0 \(52:54:00:00:00:01\), eth1/, /asking for DHCP on all/],
  },
  {
    name: 'unmatched name',
    config: { interfaces: [{ name: 'ens3', ...v4 }], dns },
    ...everywhere,
    warnings: [/no interface has the name ens3/, /asking for DHCP on all/],
  },
  {
    name: 'one of two unmatched: the other is configured',
    config: {
      interfaces: [
        { name: 'ens3', dhcp: true },
        { name: 'eth0', ...v4 },
      ],
      dns,
    },
    dhcp: [],
    gateways: [v4Gateway],
    warnings: [/ens3/],
  },
  {
    name: 'two links of the same MAC: no guess',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', ...v4 }], dns },
    links: [eth0, { ...eth1, mac: eth0.mac }],
    ...everywhere,
    warnings: [/eth0 and eth1 have the same MAC address/, /asking for DHCP on all/],
  },
  {
    name: 'two links of the same MAC: the name decides',
    config: {
      interfaces: [{ mac: '52:54:00:00:00:01', name: 'eth1', addresses: ['192.0.2.7/24'], dhcp: true }],
    },
    links: [eth0, { ...eth1, mac: eth0.mac }],
    dhcp: ['eth1'],
  },
  {
    name: 'two links of the same MAC: one is a part of the other (Hyper-V)',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', ...v4 }], dns },
    links: [eth0, { ...eth1, mac: eth0.mac, master: 'eth0' }],
    gateways: [v4Gateway],
  },
  {
    name: 'a part of a bond by name',
    config: { interfaces: [{ name: 'eth1', ...v4 }], dns },
    links: [eth0, { ...eth1, master: 'bond0' }],
    dhcp: ['eth0'],
    warnings: [/eth1 belongs to bond0/, /asking for DHCP on all/],
  },
]);
