import t from 'tap';
import {
  judgeDrivers,
  matchesPattern,
  modulesInUse,
  modulesFor,
  parseAliases,
  parseBuiltinAliases,
  parseModulePaths,
  type BusDevice,
  type ModuleIndex,
} from '../../../../agent/plan/preflight/modalias.ts';

t.test('patterns as in fnmatch(3)', async t => {
  const rows: [string, string, boolean][] = [
    ['virtio:d00000001v*', 'virtio:d00000001v00001AF4', true],
    ['virtio:d00000002v*', 'virtio:d00000001v00001AF4', false],
    ['pci:v00008086d000010D3sv*sd*bc*sc*i*', 'pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00', true],
    ['pci:v*d*sv*sd*bc01sc06i01*', 'pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01', true],
    ['usb:v0BDAp8153d*dc*dsc*dp*ic[0-9]*', 'usb:v0BDAp8153d3000dc00dsc00dp00ic255', true],
    ['a[!b]c', 'abc', false],
    ['a[!b]c', 'axc', true],
    ['a?c', 'abc', true],
    ['a.c', 'abc', false],
    ['xen:vif', 'xen:vif', true],
    ['xen:vif', 'xen:vif2', false],
  ];
  for (const [pattern, text, expected] of rows)
    t.equal(matchesPattern(pattern, text), expected, `${pattern} ${text}`);
});

t.test('files of depmod', async t => {
  t.strictSame(
    parseAliases('# Aliases\nalias pci:v1* e1000e\nalias fs-xfs xfs\nalias virtio:d1v* virtio-net\n'),
    [
      { pattern: 'pci:v1*', module: 'e1000e' },
      { pattern: 'fs-xfs', module: 'xfs' },
      { pattern: 'virtio:d1v*', module: 'virtio_net' },
    ],
  );
  t.strictSame(
    parseBuiltinAliases('loop.license=GPL\0loop.alias=devname:loop-control\0loop.alias=block-major-7-*\0'),
    [
      { pattern: 'devname:loop-control', module: 'loop' },
      { pattern: 'block-major-7-*', module: 'loop' },
    ],
  );
  t.strictSame(
    parseModulePaths(
      'kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko\nkernel/a/sd-mod.ko.zst:\nextra/zfs.ko\n',
    ),
    ['virtio_net', 'sd_mod', 'zfs'],
  );
});

const index: ModuleIndex = {
  release: '6.12.0',
  aliases: parseAliases(
    'alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\nalias pci:v*d*sv*sd*bc01sc06i01* ahci\nalias xen:vif xen_netfront\n',
  ),
  names: new Set(['virtio_pci', 'virtio_net', 'sd_mod', 'hv_vmbus', 'hv_netvsc']),
};

const bus = (modalias: string, driver: string | null, module: string | null = null): BusDevice => ({
  path: 'x',
  modalias,
  driver,
  module,
});

t.test('drivers', async t => {
  const rows: [string, BusDevice[], string[], string[]][] = [
    ['by alias', [bus('pci:v00008086d000010D3sv0sd0bc02sc00i00', 'e1000e', 'e1000e')], ['e1000e'], []],
    [
      'built in: by name, also where the old kernel has it built in',
      [
        bus('virtio:d00000001v00001AF4', 'virtio_net', null),
        bus('pci:v00001AF4d00001000bc02', 'virtio-pci', 'virtio_pci'),
      ],
      ['virtio_net', 'virtio_pci'],
      [],
    ],
    ['a driver whose module is called otherwise', [bus('scsi:t-0x00', 'sd', null)], ['sd_mod'], []],
    ['Hyper-V', [bus('vmbus:f8', 'hv_netvsc', null), bus('acpi:VMBUS:', 'vmbus', null)], ['hv_netvsc'], []],
    [
      'another driver for the same device',
      [bus('pci:v00001022d00007801sv0sd0bc01sc06i01', 'vendor_ahci')],
      ['ahci'],
      [],
    ],
    [
      'bridges and what nothing drives',
      [bus('pci:v1d2bc06sc04i00', 'pcieport'), bus('pci:v1d2', null)],
      [],
      [],
    ],
    [
      'a controller that ACPI tells',
      [bus('acpi:80860F14:PNP0D40:', 'sdhci-acpi'), bus('acpi:LNXSYBUS:', null)],
      [],
      ['sdhci-acpi'],
    ],
    ['none', [bus('pci:v000014E4d00001639sv0sd0bc02sc00i00', 'bnx2', 'bnx2')], [], ['bnx2']],
  ];
  for (const [name, devices, modules, missing] of rows) {
    const verdict = judgeDrivers(devices, index);
    t.strictSame(verdict.modules, modules, name);
    t.strictSame(
      verdict.missing.map(({ driver }) => driver),
      missing,
      name,
    );
  }
  t.strictSame(modulesFor('xen:vif', index), ['xen_netfront']);
});

t.test('modules in use', async t => {
  const rows: [string, BusDevice[], string[]][] = [
    ['loaded', [bus('pci:v1AF4', 'virtio-pci', 'virtio_pci_legacy-dev')], ['virtio_pci_legacy_dev']],
    ['built in: by alias', [bus('pci:v00008086d000010D3sv0sd0bc02sc00i00', 'e1000e')], ['e1000e']],
    ['built in: by alias, under another name', [bus('xen:vif', 'vif')], ['xen_netfront']],
    ['no alias', [bus('scsi:t-0x00', 'sd'), bus('virtio:d1v1', 'virtio-blk')], ['sd_mod', 'virtio_blk']],
    [
      'bridges, firmware tables, undriven',
      [bus('pci:v1', 'pcieport'), bus('acpi:VMBUS:', 'vmbus'), bus('x', null)],
      [],
    ],
    ['twice', [bus('a', 'ahci', 'ahci'), bus('b', 'ahci', 'ahci')], ['ahci']],
  ];
  for (const [name, devices, modules] of rows) t.strictSame(modulesInUse(devices, index), modules, name);
});
