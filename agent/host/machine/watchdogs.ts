import type { Watchdog } from '../../facts.ts';
import type { Doors } from '../doors.ts';
import { upwards } from './devices.ts';

/** Watchdogs that this kernel has a driver for. */

const directory = '/sys/class/watchdog';
/** Bridges on the way, whose drivers are in every kernel. */
const bridges: readonly string[] = ['pcieport', 'shpchp'];

/** Without the software watchdog, which is no device, and hangs together with the kernel (drivers/watchdog/softdog.c). */
export function readWatchdogs({ files }: Pick<Doors, 'files'>): Watchdog[] {
  return files.list(directory).flatMap(name => {
    const device = files.realPath(`${directory}/${name}/device`);
    // An Intel board's belongs to a bridge or to the SMBus controller, whose driver makes the device (drivers/mfd/lpc_ich.c).
    const drivers = device === null ? [] : upwards(files, device);
    const modules = drivers.flatMap(({ driver, module }) =>
      module === null || bridges.includes(driver ?? '') ? [] : [module],
    );
    const [first] = drivers;
    if (first?.driver == null) return [];
    return [{ name: first.module ?? first.driver, modules: [...new Set(modules)] }];
  });
}
