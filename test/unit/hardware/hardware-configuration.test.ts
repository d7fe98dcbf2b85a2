import t from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import { cleanLine } from '../../../agent/clean-text.ts';
import { facterReport } from '../../../agent/hardware/facter.ts';
import { hardwareConfiguration } from '../../../agent/hardware/hardware-configuration.ts';
import type { Device, Hardware } from '../../../agent/hardware/hardware.ts';
import { readProcessorFlags } from '../../../agent/host/machine/hardware.ts';
import type { Facts } from '../../../agent/facts.ts';
import { disk, facts, machine } from '../../fixtures/disks.ts';
import { link } from '../plan/example.ts';

const device = (changes: Partial<Device>): Device => ({
  ...{ id: '0000:00:02.0', bus: 'pci', path: '/devices/pci0000:00/0000:00:02.0', modalias: 'pci:x' },
  ...{ pciClass: null, vendor: null, product: null, driver: 'd', modules: [], missingFirmware: [] },
  ...changes,
});

function hardware(disks: Facts['disks'], changes: Partial<Facts['machine']>, rest: Partial<Hardware> = {}) {
  const all = facts(disks, { firmware: 'uefi', firmwareBits: 64, machine: { ...machine, ...changes } });
  return { facts: all, devices: [], health: [], processors: 1, processorFlags: [], memory: null, ...rest };
}

const server = hardware(
  [
    disk({ path: '/dev/sda', aliases: ['/dev/disk/by-id/wwn-0x5'], transport: 'sas', drivers: ['sd_mod', 'mpt3sas'] }),
    disk({ path: '/dev/sdb', transport: 'usb', drivers: ['sd_mod', 'usb_storage'], bootMedium: true }),
    disk({ path: '/dev/sdc', drivers: ['iscsi_tcp'], notHardware: { kind: 'network', because: 'it is reached over a network' } }),
  ],
  { vendor: 'Maker', model: 'R1', cpuVendor: 'Intel', virtualization: false },
  {
    processorFlags: ['fpu', 'vmx'],
    devices: [
      device({ pciClass: 0x010601, modules: ['ahci'] }),
      device({ pciClass: 0x0c0330, modules: ['xhci-pci'] }),
      device({ pciClass: 0x020000, modules: ['ixgbe'] }),
      device({ pciClass: 0x010700, modules: ['megaraid_sas'], driver: null }),
      device({ bus: 'usb', modalias: 'usb:v046DpC31Cd6402dc00dsc00dp00ic03isc01ip01in00', modules: ['usbhid'] }),
      device({ bus: 'usb', modalias: 'usb:v046DpC31Cd6402dc00dsc00dp00ic03isc00ip00in01', modules: ['hid_mouse'] }),
    ],
  },
); // prettier-ignore

t.test('a server: all that a person would have written', async t => {
  t.equal(
    hardwareConfiguration(server),
    `# What nix-dabei found on this machine, under the name of nixos-generate-config. Generate it again instead of changing it.
# Machine: Maker R1
# Firmware: UEFI, 64 bits
# Disk: /dev/disk/by-id/wwn-0x5, 20 GiB
# Disk: /dev/disk/by-path/pci-0000:00:04.0, 20 GiB
# Disk: /dev/disk/by-path/pci-0000:00:04.0, 20 GiB
{
  config,
  lib,
  modulesPath,
  ...
}:

{
  imports = [ (modulesPath + "/installer/scan/not-detected.nix") ];

  boot.initrd.availableKernelModules = [ "sd_mod" "mpt3sas" "ahci" "xhci_pci" "usbhid" ];
  boot.kernelModules = [ "kvm-intel" ];
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
  hardware.cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
}
`,
  );
});

t.test('by machine', async t => {
  const rows: [about: string, changes: Partial<Facts['machine']>, has: RegExp, hasNot: RegExp][] = [
    ['KVM', { virtualization: 'KVM' }, /profiles\/qemu-guest\.nix/, /microcode|not-detected/i],
    ['QEMU', { virtualization: 'QEMU' }, /profiles\/qemu-guest\.nix/, /microcode|not-detected/i],
    ['VMware', { virtualization: 'VMware' }, /virtio_blk/, /imports|microcode/i],
    ['Hyper-V', { virtualization: 'Microsoft' }, /virtualisation\.hypervGuest\.enable = true;/, /imports/],
    ['VirtualBox', { virtualization: 'Oracle' }, /virtualisation\.virtualbox\.guest\.enable = true;/, /imports/],
    ['an unknown hypervisor', { virtualization: true }, /virtio_blk/, /imports|microcode/i],
    ['AMD', { virtualization: false }, /hardware\.cpu\.amd\.updateMicrocode/, /cpu\.intel|qemu-guest/],
    ['another processor', { virtualization: false, cpuVendor: 'HygonGenuine' }, /not-detected/, /microcode/i],
    ['without names', { vendor: null, model: null }, /^# Machine: *$/m, /null/],
  ]; // prettier-ignore
  for (const [about, changes, has, hasNot] of rows) {
    const text = hardwareConfiguration(hardware([disk()], changes));
    t.match(text, has, about);
    t.notMatch(text, hasNot, about);
  }
  t.match(
    hardwareConfiguration(hardware([], {})),
    /availableKernelModules = \[ \];\n {2}boot\.kernelModules = \[ \];/,
    'no disk and no KVM',
  );
  const noDrivers = disk({ drivers: [], transport: null });
  t.match(
    hardwareConfiguration(hardware([noDrivers], {})),
    /"ahci" "nvme"/,
    'a disk whose driver is unknown',
  );
});

t.test('the words of a machine end no comment and no string', async t => {
  const model = cleanLine('X"\n}\r; throw "');
  const text = hardwareConfiguration(hardware([disk({ drivers: ['a"; ${x}'] })], { model }));
  t.match(text, /^# Machine: QEMU X" } ; throw "$/m);
  t.match(text, /\[ "a\\"; \\\$\{x\}" \]/);
});

t.test("flags of the processor, in either architecture's words", async t => {
  const root = t.testdir({
    x86: { proc: { cpuinfo: 'processor\t: 0\nflags\t\t: fpu vmx\nvmx flags\t: vnmi\n\nflags\t\t: fpu\n' } },
    arm: { proc: { cpuinfo: 'processor\t: 0\nFeatures\t: fp asimd\n' } },
    none: { proc: { cpuinfo: '' } },
  });
  t.strictSame(readProcessorFlags(realDoors, `${root}/x86`), ['fpu', 'vmx']);
  t.strictSame(readProcessorFlags(realDoors, `${root}/arm`), ['fp', 'asimd']);
  t.strictSame(readProcessorFlags(realDoors, `${root}/none`), []);
});

t.test("nixos-facter's report: what its NixOS modules ask for is there on every machine", async t => {
  interface Report {
    virtualisation: string;
    uefi: object;
    hardware: Record<string, { driver_modules?: string[]; vendor_name?: string; features?: string[] }[]>;
  }
  const report = (hardware: Hardware) => facterReport(hardware) as Report;
  const { hardware: found } = report(server);
  t.strictSame(found['disk']?.map(one => one.driver_modules), [['sd_mod', 'mpt3sas'], [], []], 'own disks alone'); // prettier-ignore
  const odd = report(
    hardware([disk({ drivers: [], transport: null })], { cpuVendor: null, virtualization: true }),
  );
  t.equal(odd.hardware['cpu']?.[0]?.vendor_name, 'unknown', 'null fails an assertion in there');
  t.equal(odd.virtualisation, 'vm_other');
  t.ok(odd.hardware['disk']?.[0]?.driver_modules?.includes('nvme'), 'a disk whose driver is unknown');
  const card = link({
    name: 'eth0',
    mac: '52:54:00:00:00:01',
    modalias: 'vmbus:f8615163',
    driver: 'hv_netvsc',
    drivers: ['hv_netvsc'],
  });
  const guest = hardware([], {});
  t.match(
    report({ ...guest, facts: { ...guest.facts, links: [card], firmware: 'bios' } }),
    { uefi: { supported: false }, hardware: { network_controller: [{ driver_modules: ['hv_netvsc'] }] } },
    'a card of a hypervisor, for stage 1',
  );
});
