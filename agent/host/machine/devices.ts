import { basename, dirname } from 'node:path';
import {
  moduleName,
  modulesInUse,
  parseAliases,
  parseBuiltinAliases,
  parseModulePaths,
} from '../../plan/preflight/modalias.ts';
import type { BusDevice, ModuleIndex } from '../../plan/preflight/modalias.ts';
import type { Attachment } from '../../plan/disks/attachment.ts';
import type { Doors } from '../doors.ts';

/** Reads devices of the running system from sysfs, and the drivers of this image. */

/** The devices from a disk such as "/dev/sda" to its bus. */
export function devicesOfDisk(doors: Doors, path: string): readonly BusDevice[] {
  return attachmentOf(doors, path).devices;
}

/**
 * Reads how a disk such as "/dev/sda" is attached.
 * @param root directory that contains sys/; a test has its own
 */
export function attachmentOf({ files }: Doors, path: string, root = ''): Attachment {
  // sysfs replaces a slash in a name, as in /dev/cciss/c0d0, by an exclamation mark (block/genhd.c, drivers/base/core.c).
  const name = path.slice('/dev/'.length).replaceAll('/', '!');
  const directory = files.realPath(`${root}/sys/class/block/${name}`);
  const device = directory === null ? null : files.realPath(`${directory}/device`);
  // The parent of an NVMe multipath namespace is the subsystem, not a controller (drivers/nvme/host/multipath.c).
  const controllers = device?.includes('/nvme-subsystem/')
    ? files
        .list(device)
        .filter(name => /^nvme\d+$/.test(name))
        .flatMap(name => files.realPath(`${device}/${name}`) ?? [])
    : device === null
      ? []
      : [device];
  const read = (name: string) =>
    controllers.flatMap(controller => files.readText(`${controller}/${name}`)?.trim() || []);
  return {
    path: directory === null ? null : directory.slice(root.length),
    // The attribute belongs to NVMe controllers (drivers/nvme/host/sysfs.c).
    transports: controllers.some(controller => /\/nvme\d+$/.test(controller)) ? read('transport') : [],
    devices: controllers.flatMap(directory => upwards(files, directory, root)),
  };
}

/** The devices from an interface to its bus; for a bond, VLAN or bridge, the devices of all links below it. */
export function devicesOfLink(doors: Doors, name: string): BusDevice[] {
  const { files } = doors;
  const link = `/sys/class/net/${name}`;
  const device = files.realPath(`${link}/device`);
  const below = files
    .list(link)
    .filter(entry => entry.startsWith('lower_'))
    .map(entry => entry.slice('lower_'.length));
  // A Hyper-V interface may have a faster card below it, but also works without that card (drivers/net/hyperv/netvsc_drv.c).
  return device === null ? below.flatMap(lower => devicesOfLink(doors, lower)) : upwards(files, device);
}

/** A device and what it is attached to, up to its bus. */
export function upwards(files: Doors['files'], start: string, root = ''): BusDevice[] {
  const devices: BusDevice[] = [];
  for (let path = start; path.startsWith(`${root}/sys/devices/`); path = dirname(path)) {
    const modalias = files.readText(`${path}/modalias`)?.trim();
    const driver = files.realPath(`${path}/driver`);
    if (modalias === undefined || modalias === '') continue;
    const module = files.realPath(`${path}/driver/module`);
    devices.push({
      path: path.slice(`${root}/sys/devices/`.length),
      modalias,
      driver: driver === null ? null : basename(driver),
      module: module === null ? null : basename(module),
    });
  }
  return devices;
}

/** Cache: one index for each `files` door. */
const indexes = new WeakMap<object, ModuleIndex>();

/** The modules of the drivers of these devices. */
export function driversOf(doors: Doors, devices: readonly BusDevice[]): string[] {
  const index = indexes.get(doors.files) ?? readModuleIndex(doors);
  indexes.set(doors.files, index);
  return modulesInUse(devices, index);
}

/** Reads the modules of this image. On the old system, the running kernel is another one. */
export function readModuleIndex({ files }: Doors): ModuleIndex {
  const [release = ''] = files.list('/usr/lib/modules');
  const read = (name: string) => files.readText(`/usr/lib/modules/${release}/${name}`) ?? '';
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

/**
 * Firmware files that a module may request (modinfo(8)) and that the image does not have.
 * @param release kernel release of the image, the directory in /usr/lib/modules
 */
export async function missingFirmware(
  { exec, files }: Doors,
  module: string,
  release: string,
): Promise<string[]> {
  const { exitCode, stdout } = await exec.attempt({
    doing: `looking up the firmware of ${module}`,
    argv: ['modinfo', '--set-version', release, '--field', 'firmware', module],
    timeoutSeconds: 20,
  });
  if (exitCode !== 0) return [];
  return stdout.split('\n').filter(name => name !== '' && !files.exists(`/usr/lib/firmware/${name}`));
}
