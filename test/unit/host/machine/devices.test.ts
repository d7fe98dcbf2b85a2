import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { attachmentOf } from '../../../../agent/host/machine/devices.ts';
import { notHardware } from '../../../../agent/plan/disks/attachment.ts';

/** Trees of sysfs, as kernels 6.1 to 6.18 lay them out: only what decides. */

interface Shape {
  name: string;
  disk: string;
  /** Of the block device, below /sys/devices. */
  block: string;
  /** What its link `device` leads to, below /sys/devices; none without one. */
  device?: string;
  /** Directory below /sys/devices -> its modalias and driver. */
  bus?: Record<string, [modalias: string, driver: string]>;
  /** NVMe controller -> its transport, and, for a namespace with several ways to it, where the controller lies. */
  nvme?: Record<string, string>;
  /** lsblk's TRAN. */
  transport?: string;
  /** What it is instead of hardware. */
  instead?: RegExp;
}

const ahci = 'pci0000:00/0000:00:1f.2';
const scsi = (host: string) => `${host}/target0:0:0/0:0:0:0`;
const bridge = 'pci0000:00/0000:00:01.0/0000:01:00.0';
const nvmeDriver: [string, string] = ['pci:v0000144Dd0000A808sv0sd0bc01sc08i02', 'nvme'];
const sd: [string, string] = ['scsi:t-0x00', 'sd'];

const shapes: Shape[] = [
  {
    name: 'SATA',
    disk: '/dev/sda',
    block: `${scsi(`${ahci}/ata1/host0`)}/block/sda`,
    device: scsi(`${ahci}/ata1/host0`),
    bus: { [scsi(`${ahci}/ata1/host0`)]: sd, [ahci]: ['pci:v00008086d00002922bc01sc06i01', 'ahci'] },
    transport: 'sata',
  },
  {
    name: 'virtio',
    disk: '/dev/vda',
    block: 'pci0000:00/0000:00:02.0/virtio1/block/vda',
    device: 'pci0000:00/0000:00:02.0/virtio1',
    bus: { 'pci0000:00/0000:00:02.0/virtio1': ['virtio:d00000002v00001AF4', 'virtio_blk'] },
    transport: 'virtio',
  },
  {
    name: 'Xen',
    disk: '/dev/xvda',
    block: 'vbd-51712/block/xvda',
    device: 'vbd-51712',
    bus: { 'vbd-51712': ['xen:vbd', 'vbd'] },
  },
  {
    name: 'Hyper-V',
    disk: '/dev/sda',
    block: `${scsi('LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3/host0')}/block/sda`,
    device: scsi('LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3/host0'),
    bus: {
      [scsi('LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3/host0')]: sd,
      'LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3': ['vmbus:d96361', 'hv_storvsc'],
    },
  },
  {
    name: 'eMMC on a host that ACPI tells',
    disk: '/dev/mmcblk0',
    block: 'platform/80860F14:00/mmc_host/mmc0/mmc0:0001/block/mmcblk0',
    device: 'platform/80860F14:00/mmc_host/mmc0/mmc0:0001',
    bus: {
      'platform/80860F14:00/mmc_host/mmc0/mmc0:0001': ['mmc:block', 'mmcblk'],
      'platform/80860F14:00': ['acpi:80860F14:PNP0D40:', 'sdhci-acpi'],
    },
    transport: 'mmc',
  },
  {
    name: 'a RAID controller with a slash in its names',
    disk: '/dev/cciss/c0d0',
    block: 'pci0000:00/0000:00:03.0/cciss0/c0d0/block/cciss!c0d0',
    device: 'pci0000:00/0000:00:03.0/cciss0/c0d0',
    bus: { 'pci0000:00/0000:00:03.0': ['pci:v0000103Cd00003230', 'cciss'] },
  },
  {
    name: 'NVMe',
    disk: '/dev/nvme0n1',
    block: `${bridge}/nvme/nvme0/nvme0n1`,
    device: `${bridge}/nvme/nvme0`,
    bus: { [bridge]: nvmeDriver },
    nvme: { [`${bridge}/nvme/nvme0`]: 'pcie' },
    transport: 'nvme',
  },
  {
    name: 'NVMe that several controllers could reach lies below virtual',
    disk: '/dev/nvme0n1',
    block: 'virtual/nvme-subsystem/nvme-subsys0/nvme0n1',
    device: 'virtual/nvme-subsystem/nvme-subsys0',
    bus: { [bridge]: nvmeDriver },
    nvme: { [`${bridge}/nvme/nvme0`]: 'pcie' },
    transport: 'nvme',
  },
  {
    name: 'NVMe by PCIe, and over a network, too',
    disk: '/dev/nvme0n1',
    block: 'virtual/nvme-subsystem/nvme-subsys0/nvme0n1',
    device: 'virtual/nvme-subsystem/nvme-subsys0',
    bus: { [bridge]: nvmeDriver },
    nvme: { [`${bridge}/nvme/nvme0`]: 'pcie', 'virtual/nvme-fabrics/ctl/nvme1': 'rdma' },
    transport: 'nvme',
  },
  {
    name: 'NVMe over TCP',
    disk: '/dev/nvme1n1',
    block: 'virtual/nvme-subsystem/nvme-subsys1/nvme1n1',
    device: 'virtual/nvme-subsystem/nvme-subsys1',
    nvme: { 'virtual/nvme-fabrics/ctl/nvme1': 'tcp' },
    transport: 'nvme',
    instead: /over a network \(NVMe over tcp\)/,
  },
  {
    name: 'NVMe over RDMA, without multipath',
    disk: '/dev/nvme1n1',
    block: 'virtual/nvme-fabrics/ctl/nvme1/nvme1n1',
    device: 'virtual/nvme-fabrics/ctl/nvme1',
    nvme: { 'virtual/nvme-fabrics/ctl/nvme1': 'rdma' },
    transport: 'nvme',
    instead: /NVMe over rdma/,
  },
  {
    name: 'NVMe of this machine itself',
    disk: '/dev/nvme2n1',
    block: 'virtual/nvme-fabrics/ctl/nvme2/nvme2n1',
    device: 'virtual/nvme-fabrics/ctl/nvme2',
    nvme: { 'virtual/nvme-fabrics/ctl/nvme2': 'loop' },
    transport: 'nvme',
    instead: /made by software/,
  },
  {
    name: 'iSCSI',
    disk: '/dev/sdb',
    block: `${scsi('platform/host2/session1')}/block/sdb`,
    device: scsi('platform/host2/session1'),
    bus: { [scsi('platform/host2/session1')]: sd },
    transport: 'iscsi',
    instead: /over a network \(iscsi\)/,
  },
  {
    name: 'FCoE, which hangs on a network card',
    disk: '/dev/sdb',
    block: `${scsi(`${bridge}/net/eth0/ctlr_0/host3`)}/block/sdb`,
    device: scsi(`${bridge}/net/eth0/ctlr_0/host3`),
    bus: { [scsi(`${bridge}/net/eth0/ctlr_0/host3`)]: sd, [bridge]: ['pci:v8086', 'ixgbe'] },
    transport: 'fcoe',
    instead: /over a network \(fcoe\)/,
  },
  {
    name: 'scsi_debug',
    disk: '/dev/sdb',
    block: `${scsi('pseudo_0/adapter0/host1')}/block/sdb`,
    device: scsi('pseudo_0/adapter0/host1'),
    bus: { [scsi('pseudo_0/adapter0/host1')]: sd },
    instead: /no bus of this machine/,
  },
  {
    name: 'a SCSI target of this machine itself',
    disk: '/dev/sdb',
    block: `${scsi('tcm_loop_0/tcm_loop_adapter_0/host1')}/block/sdb`,
    device: scsi('tcm_loop_0/tcm_loop_adapter_0/host1'),
    bus: { [scsi('tcm_loop_0/tcm_loop_adapter_0/host1')]: sd },
    instead: /no bus of this machine/,
  },
  {
    name: 'rbd has a device, which is on no bus of the machine',
    disk: '/dev/rbd0',
    block: 'rbd/0/block/rbd0',
    device: 'rbd/0',
    instead: /no bus of this machine/,
  },
  {
    name: 'persistent memory',
    disk: '/dev/pmem0',
    block: 'LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/namespace0.0/block/pmem0',
    device: 'LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/namespace0.0',
    bus: {
      'LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/namespace0.0': ['nd:t4', 'nd_pmem'],
      'LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00': ['acpi:ACPI0012:', 'nfit'],
    },
    instead: /memory \(NVDIMM\)/,
  },
  ...['zd0', 'zd16', 'nbd0', 'drbd0', 'bcache0', 'ublkb0', 'nullb0', 'etherd!e1.1', 'dasdvirt', 'dm-0'].map(
    (name): Shape => ({
      name,
      disk: `/dev/${name.replace('!', '/')}`,
      block: `virtual/block/${name}`,
      instead: /made by software: sysfs shows no device behind it/,
    }),
  ),
];

t.test('what is hardware', async t => {
  for (const shape of shapes) {
    const root = t.testdir();
    const at = (path: string) => `${root}/sys/devices/${path}`;
    mkdirSync(at(shape.block), { recursive: true });
    mkdirSync(`${root}/sys/class/block`, { recursive: true });
    symlinkSync(at(shape.block), `${root}/sys/class/block/${basename(shape.block)}`);
    for (const [path, [modalias, driver]] of Object.entries(shape.bus ?? {})) {
      mkdirSync(`${root}/sys/bus/drivers/${driver}`, { recursive: true });
      mkdirSync(at(path), { recursive: true });
      writeFileSync(`${at(path)}/modalias`, `${modalias}\n`);
      symlinkSync(`${root}/sys/bus/drivers/${driver}`, `${at(path)}/driver`);
    }
    for (const [path, transport] of Object.entries(shape.nvme ?? {})) {
      mkdirSync(at(path), { recursive: true });
      writeFileSync(`${at(path)}/transport`, `${transport}\n`);
      if (dirname(shape.block) !== path)
        symlinkSync(at(path), `${at(dirname(shape.block))}/${basename(path)}`);
    }
    if (shape.device !== undefined) {
      mkdirSync(at(shape.device), { recursive: true });
      symlinkSync(at(shape.device), `${at(shape.block)}/device`);
    }
    const found = notHardware(
      attachmentOf(realDoors, shape.disk, realpathSync(root)),
      shape.transport ?? null,
    );
    if (shape.instead === undefined) t.equal(found, null, shape.name);
    else t.match(found?.because, shape.instead, shape.name);
  }
});

t.test('this machine', async t => {
  const { path, devices } = attachmentOf(realDoors, '/dev/loop0');
  t.match(
    path ?? '/sys/devices/virtual/block/',
    /^\/sys\/devices\/virtual\/block\//,
    'a loop device, if any',
  );
  t.same(devices, []);
  t.same(attachmentOf(realDoors, '/dev/nowhere'), { path: null, transports: [], devices: [] });
});
