import { basename, dirname } from 'node:path';
import {
  moduleName,
  modulesInUse,
  parseAliases,
  parseBuiltinAliases,
  parseModulePaths,
} from '../plan/modalias.ts';
import type { BusDevice, ModuleIndex } from '../plan/modalias.ts';
import { attempt } from './exec.ts';
import { exists, list, readText, realPath } from './files.ts';

/** Devices of the running system in sysfs, and which of them this image has drivers for. */

/** From a disk such as "/dev/sda" to its bus. */
export function devicesOfDisk(path: string): BusDevice[] {
  const device = realPath(`/sys/class/block/${basename(path)}/device`);
  if (device === null) return [];
  // A namespace that several controllers may reach hangs on none of them (nvme, multipath).
  const controllers = device.includes('/nvme-subsystem/')
    ? list(device)
        .filter(name => /^nvme\d+$/.test(name))
        .map(name => realPath(`${device}/${name}`))
    : [device];
  return controllers.flatMap(directory => (directory === null ? [] : upwards(directory)));
}

/** From an interface to its bus; of a bond, VLAN or bridge, those of everything that it is made of. */
export function devicesOfLink(name: string): BusDevice[] {
  const link = `/sys/class/net/${name}`;
  const device = realPath(`${link}/device`);
  const below = list(link)
    .filter(entry => entry.startsWith('lower_'))
    .map(entry => entry.slice('lower_'.length));
  // A card of Hyper-V has a faster one below it, and does without (drivers/net/hyperv/netvsc_drv.c).
  return device === null ? below.flatMap(devicesOfLink) : upwards(device);
}

function upwards(start: string): BusDevice[] {
  const devices: BusDevice[] = [];
  for (let path = start; path.startsWith('/sys/devices/'); path = dirname(path)) {
    const modalias = readText(`${path}/modalias`)?.trim();
    const driver = realPath(`${path}/driver`);
    if (modalias === undefined || modalias === '') continue;
    const module = realPath(`${path}/driver/module`);
    devices.push({
      path: path.slice('/sys/devices/'.length),
      modalias,
      driver: driver === null ? null : basename(driver),
      module: module === null ? null : basename(module),
    });
  }
  return devices;
}

let index: ModuleIndex | undefined;

/** Modules of the drivers of these devices. */
export function driversOf(devices: readonly BusDevice[]): string[] {
  index ??= readModuleIndex();
  return modulesInUse(devices, index);
}

/** The modules of this image, which on the old system is not the running kernel. */
export function readModuleIndex(): ModuleIndex {
  const [release = ''] = list('/usr/lib/modules');
  const read = (name: string) => readText(`/usr/lib/modules/${release}/${name}`) ?? '';
  return {
    release,
    aliases: [
      ...parseAliases(read('modules.alias')),
      ...parseBuiltinAliases(read('modules.builtin.modinfo')),
    ],
    names: new Set(
      [...parseModulePaths(read('modules.builtin')), ...parseModulePaths(read('modules.dep'))].map(
        moduleName,
      ),
    ),
  };
}

/** Firmware files that a module may ask for and that the image does not have (modinfo(8)). */
export async function missingFirmware(module: string, release: string): Promise<string[]> {
  const { exitCode, stdout } = await attempt({
    doing: `looking up the firmware of ${module}`,
    argv: ['modinfo', '--set-version', release, '--field', 'firmware', module],
    timeoutSeconds: 20,
  });
  if (exitCode !== 0) return [];
  return stdout.split('\n').filter(name => name !== '' && !exists(`/usr/lib/firmware/${name}`));
}
