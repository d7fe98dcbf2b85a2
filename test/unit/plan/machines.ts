import type { Facts } from '../../../agent/facts.ts';
import { config, disk, link, storage, type ExampleMachine } from './example.ts';
import { providers } from './machines-of-providers.ts';

export * from './example.ts';

const kvm = {
  vendor: 'QEMU',
  model: 'Standard PC',
  cpuVendor: 'Intel',
  cpuModel: 'Intel Xeon Processor',
  virtualization: 'kvm',
};
const virtio: Facts = {
  firmware: 'bios',
  memoryBytes: 512 * 2 ** 20,
  system: 'x86_64-linux',
  machine: kvm,
  disks: [disk({ path: '/dev/vda', aliases: ['/dev/disk/by-path/pci-0000:00:04.0'], transport: 'virtio' })],
  links: [link({ name: 'eth0', mac: '52:54:00:12:34:56', driver: 'virtio_net' })],
  consoles: ['tty0', 'ttyS0,115200'],
};
const vda = '/dev/disk/by-path/pci-0000:00:04.0';

const nvme0 = '/dev/disk/by-id/nvme-eui.0025388b710116aa';
const nvme1 = '/dev/disk/by-id/nvme-eui.0025388b710116bb';
const dedicated: Facts = {
  firmware: 'uefi',
  memoryBytes: 64 * 2 ** 30,
  system: 'x86_64-linux',
  machine: {
    vendor: 'ASRock',
    model: 'B565D4',
    cpuVendor: 'AMD',
    cpuModel: 'AMD Ryzen 5 3600',
    virtualization: false,
  },
  disks: [
    disk({ path: '/dev/nvme0n1', aliases: [nvme0], transport: 'nvme' }),
    disk({ path: '/dev/nvme1n1', aliases: [nvme1], transport: 'nvme' }),
  ],
  links: [
    link({ name: 'eth0', mac: 'a8:a1:59:00:00:01', driver: 'igb' }),
    link({ name: 'eth1', mac: 'a8:a1:59:00:00:02', driver: 'igb', carrier: false }),
  ],
};

const staticNetwork = {
  interfaces: [
    {
      mac: '52:54:00:12:34:56',
      addresses: ['198.51.100.7/32', '2001:db8:1::7/64'],
      routes: [
        { destination: 'default' as const, gateway: '198.51.100.1' },
        { destination: 'default' as const, gateway: 'fe80::1' },
      ],
    },
  ],
  dns: { servers: ['192.0.2.53', '2001:db8::53'], search: ['example.org'] },
};

/** Machines of different kinds: the combinations that matter, and what providers and racks have. */
export const machines = {
  'bios-dhcp': { config: config({ hostName: 'vm' }), facts: virtio, storage: storage([vda], '8425e349') },
  'bios-static': {
    config: config({ hostName: 'web-01.example.org', network: staticNetwork }),
    facts: virtio,
    storage: storage([vda], '8425e349', false),
  },
  'uefi-dhcp': {
    config: config({ hostName: 'vm' }),
    facts: { ...virtio, firmware: 'uefi' },
    storage: storage([vda], '8425e349'),
  },
  'uefi-static': {
    config: config({ hostName: 'web-01', network: staticNetwork, ssh: { port: 2200 } }),
    facts: { ...virtio, firmware: 'uefi' },
    storage: storage([vda], '8425e349'),
  },
  'bios-copies': {
    config: config({ hostName: 'image' }),
    facts: virtio,
    storage: { ...storage([vda], '8425e349'), copies: 'of host-flake/copies.ts' },
  },
  'uefi-copies': {
    config: config({ hostName: 'image', system: { flake: 'github:me/infra#web' } }),
    facts: { ...virtio, firmware: 'uefi' },
    storage: { ...storage([vda], '8425e349'), copies: 'of host-flake/copies.ts' },
  },
  'uefi-mirror': {
    config: config({
      hostName: 'storage',
      network: {
        interfaces: [
          {
            name: 'eth0',
            mtu: 1400,
            dhcp: { address: '192.0.2.9', metric: 100, useDns: false, useRoutes: true, useHostName: false },
            acceptRa: { metric: 512, useGateway: false, useMtu: false },
            requiredForOnline: false,
          },
          {
            name: 'eth1',
            addresses: ['10.0.0.2/24'],
            routes: [{ destination: '10.1.0.0/16', gateway: '10.0.0.1', metric: 50 }],
          },
        ],
      },
    }),
    facts: dedicated,
    storage: storage([nvme0, nvme1], 'deadbeef'),
  },
  'uefi-bond-vlan-bridge': {
    config: config({
      hostName: 'rack',
      network: {
        interfaces: [
          { name: 'eno1', mac: 'a8:a1:59:00:00:01' },
          { name: 'eno2', mac: 'a8:a1:59:00:00:02' },
          {
            name: 'bond0',
            macAddress: 'a8:a1:59:00:00:01',
            mtu: 9000,
            bond: {
              members: ['eno1', 'eno2'],
              mode: '802.3ad',
              miimon: 100,
              lacpRate: 'fast',
              xmitHashPolicy: 'layer3+4',
            },
          },
          {
            name: 'bond0.7',
            vlan: { link: 'bond0', id: 7 },
            addresses: ['198.51.100.7/24', { address: '192.0.2.1', peer: '192.0.2.2/32' }],
            routes: [
              { destination: 'default', gateway: '198.51.100.1', source: '198.51.100.7' },
              { destination: '0.0.0.0/0', gateway: 'fe80::1', table: 100, metric: 5, mtu: 1400 },
            ],
          },
          { name: 'bond0.8', vlan: { link: 'bond0', id: 8, protocol: '802.1ad' } },
          {
            name: 'br0',
            bridge: { members: ['bond0.8'], stp: true, forwardDelay: 4 },
            dhcp: { clientId: 'ff5900000100020000ab11aabbccdd' },
            acceptRa: true,
          },
          { name: 'lo', addresses: ['203.0.113.9/32'] },
        ],
        routes: [
          { destination: '10.66.0.0/16', type: 'blackhole' },
          {
            destination: '10.20.0.0/16',
            nexthops: [
              { gateway: '198.51.100.2', interface: 'bond0.7', weight: 2 },
              { gateway: '198.51.100.3', interface: 'bond0.7' },
            ],
          },
        ],
        rules: [
          { from: '198.51.100.0/24', table: 100 },
          { family: 6, fwmark: 16, fwmask: 255, iif: 'eno2', type: 'prohibit' },
        ],
        dns: { servers: ['192.0.2.53'] },
      },
    }),
    facts: { ...dedicated, firmware: 'uefi' },
    storage: storage([nvme0, nvme1], 'deadbeef'),
  },
  'bios-mirror': {
    config: config({ hostName: 'storage' }),
    facts: { ...dedicated, firmware: 'bios' },
    storage: storage([nvme0, nvme1], 'deadbeef'),
  },
  'bios-user-flake': {
    config: config({ hostName: 'web-01', system: { flake: 'github:me/infra#web' } }),
    facts: virtio,
    storage: storage([vda], '8425e349'),
  },
  'bios-user-flake-networkd': {
    config: config({
      hostName: 'web-01',
      network: staticNetwork,
      system: { flake: 'https://example.org/infra.tar.gz?dir=hosts#nixosConfigurations.networkd' },
    }),
    facts: virtio,
    storage: storage([vda], '8425e349'),
  },
  'uefi-user-flake-static': {
    config: config({ hostName: 'web-01', network: staticNetwork, system: { flake: 'github:me/infra#web' } }),
    facts: { ...virtio, firmware: 'uefi' },
    storage: storage([vda], '8425e349'),
  },
  ...providers,
} satisfies Record<string, ExampleMachine>;
