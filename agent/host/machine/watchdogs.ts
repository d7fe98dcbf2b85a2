import type { Watchdog } from '../../facts.ts';
import type { Doors } from '../doors.ts';
import { upwards } from './devices.ts';

/** Watchdogs that this kernel has a driver for. */

const directory = '/sys/class/watchdog';
/** Bridges on the way, whose drivers are in every kernel. */
const bridges: readonly string[] = ['pcieport', 'shpchp'];

/** Without the software watchdog, which is no device, and hangs together with the kernel (drivers/watchdog/softdog.c). */
export function readWatchdogs({ files }: Pick<Doors, 'files'>): Watchdog[] {
  const named = files.list(directory).flatMap(name => files.realPath(`${directory}/${name}/device`) ?? []);
  const watchdogs = [...named, ...devicesOfUsers(files)].flatMap(device => {
    // An Intel board's belongs to a bridge or to the SMBus controller, whose driver makes the device (drivers/mfd/lpc_ich.c).
    const drivers = upwards(files, device);
    const modules = drivers.flatMap(({ driver, module }) =>
      module === null || bridges.includes(driver ?? '') ? [] : [module],
    );
    const [first] = drivers;
    if (first?.driver == null) return [];
    return [{ name: first.module ?? first.driver, modules: [...new Set(modules)] }];
  });
  return watchdogs.filter(({ name }, index) => index === watchdogs.findIndex(each => each.name === name));
}

/**
 * Some drivers do not tell the kernel which device their watchdog is, and its device is "virtual": drivers/watchdog/i6300esb.c sets no
 * parent. What the modules that use the kernel's watchdog module are bound to.
 */
function devicesOfUsers(files: Doors['files']): string[] {
  return files.list('/sys/module/watchdog/holders').flatMap(module =>
    files.list(`/sys/module/${module}/drivers`).flatMap(driver => {
      const path = `/sys/module/${module}/drivers/${driver}`;
      return files.list(path).flatMap(name => {
        const device = files.realPath(`${path}/${name}`);
        return device?.startsWith('/sys/devices/') === true ? [device] : [];
      });
    }),
  );
}
