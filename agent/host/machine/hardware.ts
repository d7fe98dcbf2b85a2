import { cleanLine } from '../../clean-text.ts';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Disk } from '../../facts.ts';
import type { Device, DiskHealth, Hardware } from '../../hardware/hardware.ts';
import { modulesFor, modulesInUse, type ModuleIndex } from '../../plan/preflight/modalias.ts';
import type { Doors } from '../doors.ts';
import { missingFirmware, readModuleIndex } from './devices.ts';
import { readFacts } from './facts.ts';
import { readMemory } from './system.ts';

/** Buses in /sys/bus whose devices `dabei facts` shows. */
const buses = ['pci', 'usb', 'virtio', 'vmbus', 'xen', 'mmc'];

/** Reads everything that `dabei facts` shows. */
export async function readHardware(doors: Doors): Promise<Hardware> {
  const facts = await readFacts(doors);
  const index = readModuleIndex(doors);
  const devices = readDevices(doors, index);
  for (const device of devices)
    for (const module of device.driver === null ? [] : device.modules)
      device.missingFirmware.push(...(await missingFirmware(doors, module, index.release)));
  return {
    facts,
    devices,
    health: facts.disks.map(disk => readHealth(doors, disk)),
    processors: availableParallelism(),
    processorFlags: readProcessorFlags(doors),
    memory: await readMemory(),
  };
}

/**
 * What the processor can do, in the kernel's words. Other kernels than that of PCs call them "Features" (cpuinfo.c of the architecture).
 * @param root directory that contains proc/; a test has its own
 */
export function readProcessorFlags({ files }: Pick<Doors, 'files'>, root = ''): string[] {
  const text = files.readText(`${root}/proc/cpuinfo`) ?? '';
  const [, flags = ''] = /^(?:flags|Features)\s*: (.*)$/m.exec(text) ?? [];
  return flags.split(/\s+/).filter(flag => /^\w+$/.test(flag));
}

/** @param root directory that contains sys/; a test has its own */
export function readDevices(
  { files }: Doors,
  index: ModuleIndex,
  root = '',
): (Device & { missingFirmware: string[] })[] {
  return buses.flatMap(bus =>
    files.list(`${root}/sys/bus/${bus}/devices`).flatMap(id => {
      const path = files.realPath(`${root}/sys/bus/${bus}/devices/${id}`);
      // The device itself supplies these values, so they may contain any characters.
      const read = (name: string) => cleanLine(files.readText(`${path}/${name}`)?.trim() ?? '');
      const modalias = path === null ? '' : read('modalias');
      // On USB, drivers belong to interfaces, whose names contain a colon. A device without a modalias is a port or a bus.
      if (path === null || modalias === '' || (bus === 'usb' && !id.includes(':'))) return [];
      const driver = files.realPath(`${path}/driver`);
      const module = files.realPath(`${path}/driver/module`);
      const known = {
        path: path.slice(`${root}/sys/devices/`.length),
        modalias,
        driver: driver === null ? null : basename(driver),
        module: module === null ? null : basename(module),
      };
      return [
        {
          ...known,
          path: path.slice(`${root}/sys`.length),
          id,
          bus,
          pciClass: bus === 'pci' ? number(read('class')) : null,
          vendor: number(read('vendor')),
          product: number(read('device')),
          modules: driver === null ? modulesFor(modalias, index) : modulesInUse([known], index),
          missingFirmware: [],
        },
      ];
    }),
  );
}

/** "0x8086" -> 0x8086 */
function number(text: string): number | null {
  return /^0x[0-9a-f]+$/i.test(text) ? Number(text) : null;
}

/**
 * Reads the health of a disk from sysfs. Only for the temperature, the kernel may send a command to the disk
 * (Documentation/hwmon/drivetemp.rst; drivers/nvme/host/hwmon.c).
 * @param root directory that contains sys/; a test has its own
 */
export function readHealth({ files }: Doors, { path }: Pick<Disk, 'path'>, root = ''): DiskHealth {
  const device = `${root}/sys/class/block/${path.slice('/dev/'.length).replaceAll('/', '!')}/device`;
  const read = (name: string) => cleanLine(files.readText(`${device}/${name}`)?.trim() ?? '') || null;
  // The sensor of NVMe is directly below the controller, that of SCSI (drivetemp) below hwmon/.
  const sensor = [device, `${device}/hwmon`]
    .flatMap(directory =>
      files.list(directory).flatMap(name => (/^hwmon\d+$/.test(name) ? [`${directory}/${name}`] : [])),
    )
    .flatMap(directory => files.readText(`${directory}/temp1_input`)?.trim() ?? [])[0];
  const errors = read('ioerr_cnt');
  return {
    path,
    state: read('state'),
    errors: errors === null ? null : number(errors),
    celsius: sensor === undefined ? null : Math.round(Number(sensor) / 1000),
    firmware: read('firmware_rev') ?? read('rev'),
  };
}
