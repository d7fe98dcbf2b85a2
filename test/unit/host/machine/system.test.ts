import childProcess from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import type { Machine } from '../../../../agent/facts.ts';
import { detectVirtualization } from '../../../../agent/host/machine/virtualization.ts';

/** Before the library is loaded: whatever starts a program from here on is noted, and fails. */
const started: string[] = [];
for (const name of ['exec', 'execSync', 'execFile', 'execFileSync', 'spawn', 'spawnSync', 'fork'] as const) {
  childProcess[name] = ((program: string) => {
    started.push(`${name} ${program}`);
    throw new Error('no program is started here');
  }) as never;
}
syncBuiltinESMExports();
const { readMachine, readMemory } = await import('../../../../agent/host/machine/system.ts');

t.test('the machine that runs this test', async t => {
  const machine = readMachine(realDoors);
  t.same(Object.keys(machine).sort(), ['cpuModel', 'cpuVendor', 'model', 'vendor', 'virtualization']);
  const memory = await readMemory();
  t.ok(memory !== null && memory.totalBytes > 2 ** 26 && memory.availableBytes < memory.totalBytes);
});

const dmi = 'sys/class/dmi/id';
const clocksource = 'sys/devices/system/clocksource/clocksource0/available_clocksource';
const nothing: Machine = {
  ...{ vendor: null, model: null, cpuVendor: null, cpuModel: null, virtualization: false },
};
/** Type 0 of SMBIOS (DSP0134, 7.1), with its second extension byte. All bytes are below 128, as text keeps them. */
const biosInformation = (extension: number): string =>
  `${String.fromCharCode(0, 0x18)}${'\u0001'.repeat(0x11)}${String.fromCharCode(extension)}${'\u0001'.repeat(4)}EDK II\0\0`;
const rows: [name: string, tree: Record<string, string>, expected: Partial<Machine>][] = [
  ['nothing at all', {}, {}],
  [
    'a server',
    {
      [`${dmi}/sys_vendor`]: 'Dell Inc.\n',
      [`${dmi}/product_name`]: 'PowerEdge R6515\n',
      'proc/cpuinfo':
        'processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7402P\nflags\t\t: fpu sse2\n',
    },
    { vendor: 'Dell Inc.', model: 'PowerEdge R6515', cpuVendor: 'AMD', cpuModel: 'AMD EPYC 7402P' },
  ],
  [
    'QEMU with KVM',
    {
      [`${dmi}/sys_vendor`]: 'QEMU\n',
      [`${dmi}/product_name`]: 'Standard PC (Q35 + ICH9, 2009)\n',
      'proc/cpuinfo': 'vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor lahf_lm\n',
      [clocksource]: 'kvm-clock tsc hpet acpi_pm\n',
    },
    {
      ...{ vendor: 'QEMU', model: 'Standard PC (Q35 + ICH9, 2009)', cpuVendor: 'Intel' },
      virtualization: 'KVM',
    },
  ],
  [
    'a board whose maker left the examples in place',
    { [`${dmi}/sys_vendor`]: 'To Be Filled By O.E.M.\n', [`${dmi}/product_name`]: 'Default string\n' },
    {},
  ],
  [
    'a name that moves the cursor',
    { [`${dmi}/sys_vendor`]: 'ACME\u001b[2J\u202e Inc\n' },
    { vendor: 'ACME Inc' },
  ],
  [
    'a processor of another maker',
    { 'proc/cpuinfo': 'vendor_id\t: CentaurHauls\n' },
    { cpuVendor: 'CentaurHauls' },
  ],
  [
    // No flag and no clock of its own tells of a hypervisor there.
    "a provider's virtual machine on ARM",
    {
      [`${dmi}/sys_vendor`]: 'Hetzner\n',
      [`${dmi}/product_name`]: 'vServer\n',
      'proc/cpuinfo':
        'processor\t: 0\nFeatures\t: fp asimd aes\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n',
      [clocksource]: 'arch_sys_counter\n',
      'sys/firmware/dmi/tables/DMI': biosInformation(0x1c),
    },
    { vendor: 'Hetzner', model: 'vServer', cpuVendor: 'ARM', cpuModel: 'Neoverse N1', virtualization: true },
  ],
  [
    'Hyper-V on ARM',
    {
      [`${dmi}/sys_vendor`]: 'Microsoft Corporation\n',
      [`${dmi}/product_name`]: 'Virtual Machine\n',
      'proc/cpuinfo': 'CPU implementer\t: 0x6d\nCPU part\t: 0xd49\n',
      [clocksource]: 'arch_sys_counter\n',
    },
    {
      ...{ vendor: 'Microsoft Corporation', model: 'Virtual Machine', virtualization: 'Microsoft' },
      ...{ cpuVendor: 'Microsoft', cpuModel: 'Cobalt 100' },
    },
  ],
  [
    'a server with ARM',
    {
      [`${dmi}/sys_vendor`]: 'GIGABYTE\n',
      [`${dmi}/product_name`]: 'R152-P30-00\n',
      'proc/cpuinfo': 'CPU implementer\t: 0x41\nCPU part\t: 0xfff\n',
      'sys/firmware/dmi/tables/DMI': biosInformation(0x0d),
    },
    { vendor: 'GIGABYTE', model: 'R152-P30-00', cpuVendor: 'ARM' },
  ],
  [
    'a laptop of the maker of Hyper-V',
    { [`${dmi}/sys_vendor`]: 'Microsoft Corporation\n', [`${dmi}/product_name`]: 'Surface Laptop 7\n' },
    { vendor: 'Microsoft Corporation', model: 'Surface Laptop 7' },
  ],
  [
    'the device tree of QEMU',
    { 'sys/firmware/devicetree/base/model': 'linux,dummy-virt\0' },
    { model: 'linux,dummy-virt', virtualization: 'QEMU' },
  ],
  ['a device tree', { 'sys/firmware/devicetree/base/model': 'Board 4\0' }, { model: 'Board 4' }],
];

for (const [name, tree, expected] of rows) {
  t.test(name, async t => {
    const root = t.testdir();
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    t.same(readMachine(realDoors, root), { ...nothing, ...expected });
  });
}

t.test('whose virtual machine it is', async t => {
  const signs = { names: [], hypervisorFlag: true, clocks: ['tsc'], hypervisorType: null };
  const worlds: [Parameters<typeof detectVirtualization>[0], string | boolean][] = [
    [{ ...signs, hypervisorFlag: false }, false],
    [signs, true],
    [{ ...signs, names: ['Droplet', 'DigitalOcean'] }, true],
    [{ ...signs, names: ['QEMU'] }, 'QEMU'],
    [{ ...signs, clocks: ['kvm-clock'] }, 'KVM'],
    [{ ...signs, names: ['VMware Virtual Platform'] }, 'VMware'],
    [{ ...signs, names: ['VirtualBox', 'innotek GmbH'] }, 'Oracle'],
    [{ ...signs, names: ['Google Compute Engine'], clocks: ['kvm-clock'] }, 'Google'],
    [{ ...signs, names: ['Virtual Machine'], clocks: ['hyperv_clocksource_tsc_page'] }, 'Microsoft'],
    [{ ...signs, names: ['HVM domU', 'Xen'] }, 'Xen'],
    [{ ...signs, hypervisorFlag: false, hypervisorType: 'xen' }, 'Xen'],
    [{ ...signs, names: ['m5.metal', 'Amazon EC2'], hypervisorFlag: false }, false],
    [{ ...signs, names: ['t3.micro', 'Amazon EC2'], clocks: ['kvm-clock'] }, 'Amazon'],
    // No flag on ARM.
    [{ ...signs, names: ['QEMU'], hypervisorFlag: false }, 'QEMU'],
  ];
  for (const [given, expected] of worlds)
    t.equal(detectVirtualization(given), expected, JSON.stringify(given));
});

t.test('no program was started for any of it, let alone a shell', async t => t.strictSame(started, []));
