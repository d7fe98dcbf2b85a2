import type { Config } from '../../config/schema.ts';
import type { DabeiError } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { isOfBus } from '../disks/attachment.ts';
import { findLink } from '../network/match-links.ts';
import { judgeDrivers, type BusDevice, type ModuleIndex } from './modalias.ts';
import { refusal } from './refusal.ts';
import type { NewSystem, OldSystem } from './systems.ts';

const elsewhere =
  'boot the image by PXE or from a medium, where it shows which disks and cards it has drivers for';
/** Drivers that do not work without a firmware file. All others work without one, or their devices contain the firmware. */
const firmwareNeeded = new Set(['bnx2', 'bnx2x']);

/**
 * Checks that the image has drivers for the selected disks and for the interfaces of the default routes. It refuses a disk whose driver
 * it cannot determine. For such an interface it only warns, if another interface or a configured card is known.
 */
export function checkDrivers(
  { facts, linkDevices, diskDevices }: OldSystem,
  image: NewSystem,
  targets: readonly Disk[],
  config: Config | null,
): { refusals: DabeiError[]; warnings: string[] } {
  const refusals: DabeiError[] = [];
  const warnings: string[] = [];
  const needed: { what: string; devices: readonly BusDevice[] }[] = [
    ...[...linkDevices].map(([name, devices]) => ({ what: `${name}, which has a default route`, devices })),
    ...targets.map(({ path }) => ({ what: `the disk ${path}`, devices: diskDevices.get(path) ?? [] })),
  ];
  const unknown = (devices: readonly BusDevice[]) => !devices.some(isOfBus);
  for (const { path } of targets) {
    if (!unknown(diskDevices.get(path) ?? [])) continue;
    const problem = `dabei cannot determine the driver of the disk ${path}: sysfs shows no bus for it`;
    refusals.push(refusal('PREFLIGHT_NO_EVIDENCE', problem, elsewhere));
  }
  const dark = [...linkDevices].filter(([, devices]) => unknown(devices)).map(([name]) => name);
  if (dark.length > 0) {
    const problem = `dabei cannot determine the driver of ${dark.join(' and ')}, which has a default route: sysfs shows no device behind it`;
    if (dark.length < linkDevices.size || configuresCard(config, facts)) warnings.push(problem);
    else {
      const remedy = `give network.interfaces with a card of this machine in --config FILE; or ${elsewhere}`;
      refusals.push(refusal('PREFLIGHT_NO_EVIDENCE', problem, remedy));
    }
  }
  for (const { what, devices } of needed) {
    const { missing, modules } = judgeDrivers(devices, image.modules);
    for (const { driver, modalias } of missing) {
      const problem = `the image has no driver for ${what}: here it is ${driver} (${modalias})`;
      refusals.push(refusal('PREFLIGHT_NO_DRIVER', problem, 'build an image that has it (kernel-config/)'));
    }
    for (const module of new Set(modules)) {
      const files = image.firmware.get(module) ?? [];
      if (files.length === 0) continue;
      const problem = `the image lacks firmware for the driver of ${what}, ${module}: ${files.join(', ')}`;
      if (firmwareNeeded.has(module)) {
        const remedy = 'boot the machine from a medium that has the firmware';
        refusals.push(refusal('PREFLIGHT_NO_FIRMWARE', problem, remedy));
      } else {
        warnings.push(`${problem}; the driver works without it, perhaps with fewer features`);
      }
    }
  }
  return { refusals, warnings };
}

/** Whether a configured interface is a card whose driver is known. */
function configuresCard(config: Config | null, { links }: Facts): boolean {
  return (config?.network.interfaces ?? []).some(wanted => {
    const link = findLink(wanted, links, []);
    return (link?.drivers?.length ?? 0) > 0;
  });
}

/** Modules of all disks and of the interfaces of the default routes, for which to look up missing firmware. */
export function neededModules({ linkDevices, diskDevices }: OldSystem, index: ModuleIndex): string[] {
  const devices = [...linkDevices.values(), ...diskDevices.values()];
  return [...new Set(devices.flatMap(each => judgeDrivers(each, index).modules))];
}
