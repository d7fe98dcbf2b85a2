import { formatBytes } from '../format.ts';
import { stablePath } from '../plan/disks/describe-disk.ts';
import type { Disk, Link } from '../facts.ts';
import { className, ids, withoutDriver, type Device, type DiskHealth, type Hardware } from './hardware.ts';

/** The report for a person: one line per item, which starts with its kind. */
export function formatHardware(hardware: Hardware): string {
  const { facts, devices, health } = hardware;
  const { machine, firmware, firmwareBits, firmwareDoubt } = facts;
  const lines: [string, string][] = [
    ['machine', [...words(machine.vendor, machine.model), virtual(machine.virtualization)].join(' ')],
    ['firmware', `${firmware.toUpperCase()}${firmwareBits === undefined ? '' : `, ${firmwareBits} bits`}${firmwareDoubt === undefined ? '' : ` (uncertain: ${firmwareDoubt})`}`],
    ['processor', `${machine.cpuModel ?? machine.cpuVendor ?? 'unknown'}, ${count(hardware.processors, 'thread')}, ${facts.system}`],
    ['memory', memoryLine(hardware)],
    ...facts.disks.map((disk): [string, string] => ['disk', diskLine(disk, health.find(({ path }) => path === disk.path))]),
    ...facts.links.map((link): [string, string] => ['network', linkLine(link, devices)]),
    ...withoutDriver(devices).map((device): [string, string] => ['no driver', missingLine(device)]),
    ...devices.filter(({ missingFirmware }) => missingFirmware.length > 0).map((device): [string, string] => ['no firmware', firmwareLine(device)]),
  ]; // prettier-ignore
  return lines.map(([name, text]) => `${name.padEnd(11)}  ${text}\n`).join('');
}

function memoryLine({ facts, memory }: Hardware): string {
  if (memory === null) return formatBytes(facts.memoryBytes);
  const { totalBytes, availableBytes, swapBytes } = memory;
  const swap = swapBytes === 0 ? 'no swap' : `${formatBytes(swapBytes)} of swap`;
  return `${formatBytes(totalBytes)}, ${formatBytes(availableBytes)} available, ${swap}`;
}

function diskLine(disk: Disk, health: DiskHealth | undefined): string {
  const parts = [
    `${disk.path}, ${formatBytes(disk.sizeBytes)}`,
    ...words(disk.transport, disk.model),
    ...(disk.serial === null ? [] : [`serial ${disk.serial}`]),
    ...(health?.firmware ? [`firmware ${health.firmware}`] : []),
    `sectors of ${disk.logicalSectorBytes}`,
    ...(disk.readOnly ? ['read-only'] : []),
    ...(disk.removable ? ['removable'] : []),
    ...(disk.bootMedium ? ['this system was booted from it'] : []),
    ...(disk.notHardware === undefined ? [] : [disk.notHardware.because]),
    healthWords(health),
    `driver ${disk.drivers?.join(' ') || 'unknown'}`,
    `name ${stablePath(disk)}`,
  ];
  return parts.join(', ');
}

/** States explicitly if a value is unknown: the kernel counts errors only for some disks. */
function healthWords(health: DiskHealth | undefined): string {
  if (health === undefined) return 'health unknown';
  const { state, errors, celsius } = health;
  const known = [
    ...words(state),
    ...(errors === null ? [] : [count(errors, 'I/O error')]),
    ...(celsius === null ? [] : [`${celsius} °C`]),
  ];
  return known.length === 0 ? 'health unknown' : `health: ${known.join(' ')}`;
}

function linkLine(link: Link, devices: readonly Device[]): string {
  const device = devices.find(({ modalias }) => modalias === link.modalias);
  return [
    `${link.name}, ${link.mac}`,
    link.carrier ? 'link up' : 'no link',
    `MTU ${link.mtu}`,
    `driver ${link.drivers?.join(' ') || link.driver || link.kind || 'unknown'}`,
    ...(device === undefined ? [] : words(ids(device))),
    ...((link.altNames?.length ?? 0) > 0 ? [`also ${link.altNames!.join(' ')}`] : []),
  ].join(', ');
}

function missingLine(device: Device): string {
  const name = [className(device), device.id, ...words(ids(device))].join(' ');
  return device.modules.length > 0
    ? `${name}: ${device.modules.join(' ')} of this image does not drive it`
    : `${name}: this image has none for ${device.modalias}`;
}

function firmwareLine({ id, modules, missingFirmware }: Device): string {
  const [first, ...rest] = missingFirmware;
  return `${modules.join(' ')} (${id}) may ask for ${first}${rest.length > 0 ? ` or ${count(rest.length, 'other file')}` : ''}`;
}

const words = (...all: (string | null)[]): string[] =>
  all.filter(word => word !== null && word !== '') as string[];

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;

function virtual(virtualization: string | boolean): string {
  if (virtualization === false) return '(bare metal)';
  return virtualization === true ? '(virtual)' : `(virtual: ${virtualization})`;
}
