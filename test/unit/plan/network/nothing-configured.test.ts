import { dark, dns, eth0, eth1, everywhere, testWorlds } from './worlds.ts';

testWorlds([
  { name: 'nothing configured: DHCP and RA on every link', config: {}, ...everywhere },
  {
    name: 'nothing configured: a link without carrier is brought up only',
    config: {},
    links: [eth0, dark],
    batch: ['link set dev eth0 up', 'link set dev eth2 up'],
    dhcp: ['eth0'],
    acceptRa: ['eth0'],
  },
  {
    name: 'nothing configured: a wireless card may have a carrier later',
    config: {},
    links: [eth0, { ...dark, wireless: true }],
    batch: ['link set dev eth0 up', 'link set dev eth2 up'],
    dhcp: ['eth0', 'eth2'],
    acceptRa: ['eth0', 'eth2'],
  },
  { name: 'nothing configured, no link', config: {}, links: [], batch: [], dhcp: [], acceptRa: [] },
  { name: 'only DNS configured', config: { dns }, ...everywhere },
  {
    name: 'nothing configured: parts of a bond are left alone',
    config: {},
    links: [eth0, { ...eth1, master: 'bond0' }],
    batch: ['link set dev eth0 up'],
    dhcp: ['eth0'],
  },
]);
