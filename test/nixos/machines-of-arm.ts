import type { Facts } from '../../agent/facts.ts';
import { config, disk, link, storage, type ExampleMachine } from '../unit/plan/example.ts';

/** Servers and rented machines with AArch64 processors. */

function facts(machine: Partial<Facts['machine']>, more: Pick<Facts, 'disks' | 'links'> & Partial<Facts>): Facts {
  return {
    firmware: 'uefi',
    firmwareBits: 64,
    memoryBytes: 2 ** 32,
    system: 'aarch64-linux',
    machine: { vendor: null, model: null, cpuVendor: 'ARM', cpuModel: 'Neoverse N1', virtualization: true, ...machine },
    consoles: ['tty0', 'ttyAMA0,115200'],
    ...more,
  };
} // prettier-ignore

const scsi = '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_200000001';
const volume = '/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0b';
const lun = '/dev/disk/by-id/scsi-360022480aabbcc01';
const [first, second] = [
  '/dev/disk/by-id/nvme-eui.0025388b71012201',
  '/dev/disk/by-id/nvme-eui.0025388b71012202',
];

export const arms = {
  'arm-hetzner-cloud': {
    config: config({ hostName: 'cax-01' }),
    facts: facts(
      { vendor: 'Hetzner', model: 'vServer' },
      {
        disks: [disk({ path: '/dev/sda', aliases: [scsi], drivers: ['sd_mod', 'virtio_scsi', 'virtio_pci'] })],
        links: [link({ name: 'eth0', mac: '96:00:03:aa:bb:01', driver: 'virtio_net', drivers: ['virtio_net', 'virtio_pci'] })],
      },
    ),
    storage: { ...storage([scsi], 'c0ffee21'), rescue: true },
  },
  'arm-aws-graviton': {
    config: config({ hostName: 'graviton-01', system: { flake: 'github:me/infra#networkd' } }),
    facts: facts(
      { vendor: 'Amazon EC2', model: 't4g.small', virtualization: 'Amazon' },
      {
        disks: [disk({ path: '/dev/nvme0n1', aliases: [volume], drivers: ['nvme'] })],
        links: [link({ name: 'eth0', mac: '06:5f:aa:bb:cc:21', driver: 'ena', drivers: ['ena'] })],
        consoles: ['tty0', 'ttyS0,115200'],
      },
    ),
    storage: { ...storage([volume], 'c0ffee22'), rescue: true, trial: { minutes: 30, confirm: 'login', asks: true } },
  },
  'arm-azure-cobalt': {
    config: config({ hostName: 'cobalt-01' }),
    facts: facts(
      { vendor: 'Microsoft Corporation', model: 'Virtual Machine', cpuVendor: 'Microsoft', virtualization: 'Microsoft' },
      {
        disks: [disk({ path: '/dev/sda', aliases: [lun], drivers: ['sd_mod', 'hv_storvsc', 'hv_vmbus'] })],
        links: [link({ name: 'eth0', mac: '00:0d:3a:aa:bb:21', driver: 'hv_netvsc', drivers: ['hv_netvsc', 'hv_vmbus', 'mana', 'pci_hyperv'] })],
      },
    ),
    storage: storage([lun], 'c0ffee23'),
  },
  'arm-ampere-mirror': {
    config: config({ hostName: 'altra-01', system: { impermanence: true } }),
    facts: facts(
      { vendor: 'GIGABYTE', model: 'R152-P30-00', virtualization: false },
      {
        disks: [first, second].map((alias, index) =>
          disk({ path: `/dev/nvme${index}n1`, aliases: [alias], drivers: ['nvme'] }),
        ),
        links: [link({ name: 'eth0', mac: 'b4:2e:99:aa:bb:21', driver: 'mlx5_core', drivers: ['mlx5_core'] })],
      },
    ),
    storage: {
      ...storage([first, second], 'c0ffee24'),
      rescue: true,
      trial: { minutes: 30, confirm: 'login', asks: true, watchdog: ['sbsa_gwdt'] },
    },
  },
  // Its copies may find themselves anywhere.
  'arm-copies': {
    config: config({ hostName: 'image' }),
    facts: facts(
      { vendor: 'QEMU', model: 'QEMU Virtual Machine', virtualization: 'QEMU' },
      {
        disks: [disk({ path: '/dev/vda', aliases: ['/dev/disk/by-id/virtio-target'], transport: 'virtio' })],
        links: [link({ name: 'eth0', mac: '52:54:00:12:34:21', driver: 'virtio_net' })],
      },
    ),
    storage: { ...storage(['/dev/disk/by-id/virtio-target'], 'c0ffee25'), copies: 'of host-flake/copies.ts' },
  },
} satisfies Record<string, ExampleMachine>; // prettier-ignore
