import { join } from 'node:path';
import type { Built } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import { copyModules, lackingModules, modules, writeIndex, type ModuleParts } from '../../rootfs/modules.ts';
import type { Maker } from './cards.ts';

export interface DriverParts extends ModuleParts {
  /** image/kernel/drivers.ts */
  drivers: Built;
}

/**
 * Lays the drivers of cards over the modules of an image.
 * @param directory receives `layer`: the drivers, and the index of all modules of a machine that has them, which hides the image's
 * @throws Error naming drivers that need others, which these makers' cards do not have
 */
export async function layDrivers(
  directory: string,
  makers: readonly Pick<Maker, 'drivers'>[],
  parts: DriverParts,
): Promise<void> {
  const { kernel, drivers } = parts;
  const release = files.readText(join(kernel.path, 'release'));
  const from = join(drivers.path, 'modules/lib/modules', release, 'kernel');
  const all = files.walk(from).map(path => path.slice(from.length + 1));
  const wanted = all.filter(path => makers.some(maker => maker.drivers.some(each => path.startsWith(each))));
  const both = join(directory, 'both');
  files.symlink('usr/lib', join(both, 'lib'));
  await copyModules(both, parts);
  const layer = join(directory, 'layer', modules, release);
  for (const path of wanted)
    for (const to of [join(both, modules, release), layer])
      files.copy(join(from, path), join(to, 'kernel', path));
  const lacking = lackingModules(
    files.readText(join(drivers.path, 'needs')),
    path => !all.some(driver => path === `kernel/${driver}`) || files.exists(join(layer, path)),
  ).filter(line => wanted.some(path => line.startsWith(`kernel/${path} `)));
  if (lacking.length > 0)
    throw new Error(`drivers need others, which are not packed:\n  ${lacking.join('\n  ')}`);
  for (const name of await writeIndex(both, release, parts))
    files.copy(join(both, modules, release, name), join(layer, name));
  files.remove(both);
}
