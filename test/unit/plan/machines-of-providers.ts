import type { Disk, Facts, Link } from '../../../agent/facts.ts';
import { config, disk, link, storage, type ExampleMachine } from './example.ts';

/** Machines as they are rented or stand in racks and cupboards. */

const sources = {
  hetznerCloud: { vendor: 'Hetzner', model: 'vServer', cpuVendor: 'AMD', virtualization: 'kvm' },
  aws: { vendor: 'Amazon EC2', model: 't3.micro', cpuVendor: 'Intel', virtualization: 'kvm' },
  azure: {
    vendor: 'Microsoft Corporation',
    model: 'Virtual Machine',
    cpuVendor: 'Intel',
    virtualization: 'hyperv',
  },
  google: { vendor: 'Google', model: 'Google Compute Engine', cpuVendor: 'Intel', virtualization: 'kvm' },
  xen: { vendor: 'Xen', model: 'HVM domU', cpuVendor: 'Intel', virtualization: 'xen' },
  vmware: { vendor: 'VMware, Inc.', model: 'VMware7,1', cpuVendor: 'Intel', virtualization: 'vmware' },
  dell: {
    vendor: 'Dell Inc.',
    model: 'PowerEdge R640',
    cpuVendor: 'Intel',
    virtualization: false as const,
  },
  supermicro: { vendor: 'Supermicro', model: 'AS-1114S', cpuVendor: 'AMD', virtualization: false as const },
  cupboard: { vendor: 'Intel', model: 'NUC8i3BEH', cpuVendor: 'Intel', virtualization: false as const },
};

function facts(source: keyof typeof sources, disks: Disk[], links: Link[], more: Partial<Facts> = {}): Facts {
  return {
    firmware: 'bios',
    memoryBytes: 2 ** 31,
    system: 'x86_64-linux',
    machine: { cpuModel: null, ...sources[source] },
    disks,
    links,
    consoles: ['tty0', 'ttyS0,115200'],
    ...more,
  };
}

const virtioScsi = '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_100000001';
const scsiDisk = disk({
  path: '/dev/sda',
  aliases: [virtioScsi],
  drivers: ['sd_mod', 'virtio_scsi', 'virtio_pci'],
});
const virtioNic = (name: string, mac: string, altNames: string[] = []) =>
  link({ name, mac, driver: 'virtio_net', drivers: ['virtio_net', 'virtio_pci'], altNames });
const sas = ['a', 'b', 'c', 'd'].map(letter => `/dev/disk/by-id/wwn-0x5000c500a1b2c3d${letter}`);

export const providers = {
  'hetzner-cloud': {
    config: config({
      hostName: 'web-02',
      network: {
        interfaces: [
          {
            name: 'enp1s0',
            mac: '96:00:02:aa:bb:01',
            addresses: ['203.0.113.17/32', '2001:db8:c17::1/64'],
            routes: [
              { destination: '172.31.1.1/32' },
              { destination: 'default', gateway: '172.31.1.1', onlink: true },
              { destination: 'default', gateway: 'fe80::1' },
            ],
          },
        ],
        dns: { servers: ['192.0.2.53', '2001:db8::53'] },
      },
    }),
    facts: facts('hetznerCloud', [scsiDisk], [virtioNic('eth0', '96:00:02:aa:bb:01', ['enp1s0'])]),
    storage: storage([virtioScsi], 'c0ffee01'),
  },
  'aws-nitro': {
    config: config({ hostName: 'ip-10-0-0-5.example.net' }),
    facts: facts(
      'aws',
      [disk({ path: '/dev/nvme0n1', aliases: ['/dev/disk/by-id/nvme-vol0a'], drivers: ['nvme'] })],
      [link({ name: 'eth0', mac: '06:5f:aa:bb:cc:01', driver: 'ena', drivers: ['ena'], altNames: ['ens5'] })],
      { firmware: 'uefi' },
    ),
    storage: storage(['/dev/disk/by-id/nvme-vol0a'], 'c0ffee02'),
  },
  azure: {
    config: config({
      hostName: 'azure-01',
      network: { interfaces: [{ mac: '00:0d:3a:aa:bb:01', dhcp: true }] },
    }),
    facts: facts(
      'azure',
      [
        disk({
          path: '/dev/sda',
          aliases: ['/dev/disk/by-id/wwn-0x60022480a'],
          drivers: ['sd_mod', 'hv_storvsc'],
        }),
      ],
      [
        link({ name: 'eth0', mac: '00:0d:3a:aa:bb:01', driver: 'hv_netvsc', drivers: ['hv_netvsc'] }),
        link({ name: 'eth1', mac: '00:0d:3a:aa:bb:01', driver: 'mlx5_core', master: 'eth0' }),
      ],
    ),
    storage: storage(['/dev/disk/by-id/wwn-0x60022480a'], 'c0ffee03'),
  },
  'google-cloud': {
    config: config({
      hostName: 'gce-01',
      network: { interfaces: [{ mac: '42:01:0a:80:00:02', dhcp: true, mtu: 1460 }] },
    }),
    facts: facts('google', [scsiDisk], [virtioNic('eth0', '42:01:0a:80:00:02', ['ens4'])], {
      firmware: 'uefi',
    }),
    storage: storage([virtioScsi], 'c0ffee04'),
  },
  xen: {
    config: config({ hostName: 'xen-01' }),
    facts: facts(
      'xen',
      [disk({ path: '/dev/xvda', drivers: ['xen_blkfront'] })],
      [link({ name: 'eth0', mac: '00:16:3e:aa:bb:01', driver: 'vif', drivers: ['xen_netfront'] })],
      { consoles: ['hvc0'] },
    ),
    storage: storage(['/dev/xvda'], 'c0ffee05'),
  },
  vmware: {
    config: config({ hostName: 'esx-01' }),
    facts: facts(
      'vmware',
      [
        disk({
          path: '/dev/sda',
          aliases: ['/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0'],
          drivers: ['sd_mod', 'vmw_pvscsi'],
        }),
      ],
      [
        link({
          name: 'eth0',
          mac: '00:50:56:aa:bb:01',
          driver: 'vmxnet3',
          drivers: ['vmxnet3'],
          altNames: ['ens192'],
        }),
      ],
      { firmware: 'uefi', consoles: [] },
    ),
    storage: storage(['/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0'], 'c0ffee06'),
  },
  'ipv6-only': {
    config: config({
      hostName: 'six',
      network: {
        interfaces: [
          {
            mac: '52:54:00:12:34:66',
            addresses: ['2001:db8:6::2/64'],
            routes: [{ destination: 'default', gateway: 'fe80::1' }],
          },
        ],
        dns: { servers: ['2001:db8::53'] },
      },
    }),
    facts: facts('hetznerCloud', [scsiDisk], [virtioNic('eth0', '52:54:00:12:34:66', ['ens3'])]),
    storage: storage([virtioScsi], 'c0ffee07'),
  },
  'ipv6-advertised': {
    config: config({
      hostName: 'six-ra',
      network: { interfaces: [{ mac: '52:54:00:12:34:67', acceptRa: true }] },
      system: { flake: 'github:me/infra#web' },
    }),
    facts: facts('hetznerCloud', [scsiDisk], [virtioNic('eth0', '52:54:00:12:34:67', ['ens3'])]),
    storage: storage([virtioScsi], 'c0ffee08'),
  },
  'point-to-point': {
    config: config({
      hostName: 'netcup',
      network: {
        interfaces: [
          {
            mac: '52:54:00:12:34:68',
            addresses: [{ address: '198.51.100.9', peer: '192.0.2.1/32' }],
            routes: [{ destination: 'default', gateway: '192.0.2.1' }],
          },
        ],
      },
      system: { flake: 'github:me/infra#web' },
    }),
    facts: facts('hetznerCloud', [scsiDisk], [virtioNic('eth0', '52:54:00:12:34:68')]),
    storage: storage([virtioScsi], 'c0ffee09', false),
  },
  'rack-raidz1-bond': {
    config: config({
      hostName: 'rack-07',
      hostId: '00c0ffee',
      network: {
        interfaces: [
          { name: 'eno1', mac: '3c:ec:ef:00:00:01' },
          { name: 'eno2', mac: '3c:ec:ef:00:00:02' },
          {
            name: 'bond0',
            bond: { members: ['eno1', 'eno2'], mode: 'active-backup', primary: 'eno1', miimon: 100 },
          },
          {
            name: 'vlan30',
            vlan: { link: 'bond0', id: 30 },
            addresses: ['10.30.0.7/24', '2001:db8:30::7/64'],
            routes: [
              { destination: 'default', gateway: '10.30.0.1' },
              { destination: 'default', gateway: '2001:db8:30::1', metric: 1024 },
            ],
          },
        ],
        dns: { servers: ['10.30.0.53'], search: ['rack.example.org'] },
      },
      system: { flake: 'https://example.org/infra.tar.gz#web' },
    }),
    facts: facts(
      'supermicro',
      sas.map((alias, index) =>
        disk({ path: `/dev/sd${'abcd'[index]}`, aliases: [alias], drivers: ['sd_mod', 'mpt3sas'] }),
      ),
      ['eth0', 'eth1'].map((name, index) =>
        link({
          name,
          mac: `3c:ec:ef:00:00:0${index + 1}`,
          driver: 'ixgbe',
          drivers: ['ixgbe'],
          altNames: [`eno${index + 1}`],
        }),
      ),
      { firmware: 'uefi' },
    ),
    storage: storage(sas, '00c0ffee'),
  },
  'dell-raid': {
    config: config({
      hostName: 'dell',
      network: { interfaces: [{ name: 'eno3', dhcp: true, acceptRa: true }] },
    }),
    facts: facts(
      'dell',
      [
        disk({
          path: '/dev/sda',
          aliases: ['/dev/disk/by-id/wwn-0x6d09466'],
          drivers: ['sd_mod', 'megaraid_sas'],
        }),
      ],
      [link({ name: 'eth2', mac: '78:ac:44:00:00:03', driver: 'tg3', drivers: ['tg3'], altNames: ['eno3'] })],
    ),
    storage: storage(['/dev/disk/by-id/wwn-0x6d09466'], 'c0ffee0b'),
  },
  impermanence: {
    config: config({ hostName: 'fresh', system: { impermanence: true } }),
    facts: facts('hetznerCloud', [scsiDisk], [virtioNic('eth0', '52:54:00:12:34:69')]),
    storage: storage([virtioScsi], 'c0ffee0d'),
  },
  'impermanence-user-flake': {
    config: config({ hostName: 'fresh', system: { flake: 'github:me/infra#web', impermanence: true } }),
    facts: facts('hetznerCloud', [scsiDisk], [virtioNic('eth0', '52:54:00:12:34:69')]),
    storage: storage([virtioScsi], 'c0ffee0d'),
  },
  cupboard: {
    config: config({
      hostName: 'home',
      system: { stateVersion: '25.11', nixpkgs: 'github:NixOS/nixpkgs/nixos-25.11' },
    }),
    facts: facts(
      'cupboard',
      [
        disk({
          path: '/dev/sda',
          aliases: ['/dev/disk/by-id/ata-Samsung_SSD_S4EVNX0R'],
          drivers: ['sd_mod', 'ahci'],
        }),
      ],
      [
        link({
          name: 'eth0',
          mac: '94:c6:91:00:00:01',
          driver: 'e1000e',
          drivers: ['e1000e'],
          altNames: ['eno1'],
        }),
      ],
      { firmware: 'uefi', consoles: ['tty0'] },
    ),
    storage: storage(['/dev/disk/by-id/ata-Samsung_SSD_S4EVNX0R'], 'c0ffee0c'),
  },
} satisfies Record<string, ExampleMachine>;
