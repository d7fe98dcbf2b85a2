import { formatBytes } from '../format.ts';
import { diskModules } from '../plan/host-flake/runtime-info.ts';
import { nixString } from '../plan/host-flake/templates.ts';
import { stablePath } from '../plan/disks/describe-disk.ts';
import { isOwn, type Device, type Hardware } from './hardware.ts';

/**
 * A hardware-configuration.nix, as nixos-generate-config(8) prints it with --show-hardware-config --no-filesystems: a module
 * with what stage 1 of this machine needs. File systems are left to whoever lays out the disks. The options are those of
 * nixpkgs, nixos/modules/installer/tools/nixos-generate-config.pl. Pure.
 */
export function hardwareConfiguration(hardware: Hardware): string {
  const { facts } = hardware;
  const imports = profiles(facts.machine.virtualization);
  const options: [string, string][] = [
    ['boot.initrd.availableKernelModules', list(stage1Modules(hardware))],
    ['boot.kernelModules', list(kvmModules(hardware.processorFlags))],
    ['nixpkgs.hostPlatform', `lib.mkDefault ${nixString(facts.system)}`],
    ...guestOptions(facts.machine.virtualization),
    ...microcode(hardware),
  ];
  return [
    ...comments(hardware).map(line => `# ${line}\n`),
    '{\n  config,\n  lib,\n  modulesPath,\n  ...\n}:\n\n{\n',
    imports.length === 0
      ? ''
      : `  imports = [ ${imports.map(path => `(modulesPath + ${nixString(path)})`).join(' ')} ];\n\n`,
    ...options.map(([name, value]) => `  ${name} = ${value};\n`),
    '}\n',
  ].join('');
}

/** What a person wants to know when choosing disks. What firmware and disks call themselves is one line each (clean-text.ts). */
function comments({ facts }: Hardware): string[] {
  const { machine, firmware, firmwareBits, disks } = facts;
  const bits = firmwareBits === undefined ? '' : `, ${firmwareBits} bits`;
  return [
    'What nix-dabei found on this machine, under the name of nixos-generate-config. Generate it again instead of changing it.',
    ['Machine:', machine.vendor, machine.model].filter(word => word !== null).join(' '),
    `Firmware: ${firmware.toUpperCase()}${bits}`,
    ...disks.map(disk => `Disk: ${stablePath(disk)}, ${formatBytes(disk.sizeBytes)}`),
  ];
}

const list = (names: readonly string[]): string =>
  names.length === 0 ? '[ ]' : `[ ${names.map(nixString).join(' ')} ]`;

/**
 * Drivers of the disks, from each disk to its bus, and of what a disk or a keyboard may be plugged into. A driver's module
 * has the same name in NixOS' kernel; one that does not exist there would fail the build of the initrd.
 */
function stage1Modules({ facts, devices }: Hardware): string[] {
  const plugs = devices.filter(device => device.driver !== null && isPlug(device));
  return unique([
    ...facts.disks.filter(isOwn).flatMap(disk => diskModules(disk, facts.system)),
    ...plugs.flatMap(({ modules }) => modules.map(name => name.replaceAll('-', '_'))),
  ]);
}

/**
 * Storage, FireWire and USB controllers ("PCI Code and ID Assignment Specification"); on USB, interfaces of mass storage and
 * keyboards of the boot protocol (modalias in Documentation/driver-api/usb/usb.rst; class 08h, class 03h with protocol 01h).
 */
function isPlug({ pciClass, bus, modalias }: Device): boolean {
  if (bus === 'usb') return /ic08|ic03isc..ip01/.test(modalias);
  return pciClass !== null && (pciClass >> 16 === 0x01 || [0x0c00, 0x0c03].includes(pciClass >> 8));
}

/** By the processor's own words; a kernel without KVM may hide them (arch/x86/kernel/cpu/feat_ctl.c), and udev loads KVM then. */
function kvmModules(flags: readonly string[]): string[] {
  return [...(flags.includes('vmx') ? ['kvm-intel'] : []), ...(flags.includes('svm') ? ['kvm-amd'] : [])];
}

/** Hypervisor (agent/host/machine/virtualization.ts) -> modules of nixpkgs; on bare metal, firmware for what was not found. */
function profiles(hypervisor: string | boolean): string[] {
  if (hypervisor === false) return ['/installer/scan/not-detected.nix'];
  return ['QEMU', 'KVM', 'Bochs'].includes(String(hypervisor)) ? ['/profiles/qemu-guest.nix'] : [];
}

function guestOptions(hypervisor: string | boolean): [string, string][] {
  if (hypervisor === 'Oracle') return [['virtualisation.virtualbox.guest.enable', 'true']];
  return hypervisor === 'Microsoft' ? [['virtualisation.hypervGuest.enable', 'true']] : [];
}

function microcode({ facts }: Hardware): [string, string][] {
  const { cpuVendor, virtualization } = facts.machine;
  const name = { Intel: 'intel', AMD: 'amd' }[cpuVendor ?? ''];
  if (virtualization !== false || name === undefined) return [];
  return [
    [`hardware.cpu.${name}.updateMicrocode`, 'lib.mkDefault config.hardware.enableRedistributableFirmware'],
  ];
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];
