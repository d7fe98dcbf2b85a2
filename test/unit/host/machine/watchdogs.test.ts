import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { readWatchdogs } from '../../../../agent/host/machine/watchdogs.ts';

/** Trees of sysfs, as kernel 6.12 lays them out: only what decides. */

type Bus = Record<string, [modalias: string, module: string]>;

const bridge = 'pci0000:00/0000:00:1c.0';
const smbus = 'pci0000:00/0000:00:1f.4';
const rows: [name: string, device: string | null, bus: Bus, expected: unknown, users?: string[]][] = [
  ['Intel', `${smbus}/iTCO_wdt`, { [`${smbus}/iTCO_wdt`]: ['platform:iTCO_wdt', 'iTCO_wdt'], [smbus]: ['pci:v00008086d0000A123', 'i2c_i801'] }, [{ name: 'iTCO_wdt', modules: ['iTCO_wdt', 'i2c_i801'] }]],
  ['AMD, behind a bridge', `${bridge}/0000:01:01.0`, { [`${bridge}/0000:01:01.0`]: ['pci:v00001022d00001100', 'sp5100_tco'], [bridge]: ['pci:v00001B36d0000000Cbc06sc04i00', 'pcieport'] }, [{ name: 'sp5100_tco', modules: ['sp5100_tco'] }]],
  // As seen with Linux 6.12: /sys/class/watchdog/watchdog0 leads to /sys/devices/virtual.
  ['QEMU, whose driver does not name its device', null, { [`${bridge}/0000:01:01.0`]: ['pci:v00008086d000025AB', 'i6300esb'], [bridge]: ['pci:v00001B36d0000000Cbc06sc04i00', 'pcieport'] }, [{ name: 'i6300esb', modules: ['i6300esb'] }], ['i6300esb']],
  ['QEMU, beside that of its Intel board', `${smbus}/iTCO_wdt`, { [`${smbus}/iTCO_wdt`]: ['platform:iTCO_wdt', 'iTCO_wdt'], [smbus]: ['pci:v00008086d0000A123', 'lpc_ich'], 'pci0000:00/0000:00:02.0': ['pci:v00008086d000025AB', 'i6300esb'] }, [{ name: 'iTCO_wdt', modules: ['iTCO_wdt', 'lpc_ich'] }, { name: 'i6300esb', modules: ['i6300esb'] }], ['iTCO_wdt', 'i6300esb']],
  ['the software watchdog', null, {}, [], ['softdog']],
]; // prettier-ignore

for (const [name, device, bus, expected, users = []] of rows)
  t.test(name, async t => {
    const root = t.testdir();
    const below = (path: string) => {
      mkdirSync(dirname(root + path), { recursive: true });
      return root + path;
    };
    const link = (path: string, to: string) => {
      mkdirSync(below(`${to}/x`).slice(0, -2), { recursive: true });
      symlinkSync(root + to, below(path));
    };
    const watchdog = '/sys/class/watchdog/watchdog0';
    writeFileSync(below(`${watchdog}/dev`), '248:0\n');
    for (const [path, [modalias, module]] of Object.entries(bus)) {
      const at = `/sys/devices/${path}`;
      writeFileSync(below(`${at}/modalias`), `${modalias}\n`);
      const driver = `/sys/bus/drivers/${module}`;
      link(`${driver}/module`, `/sys/module/${module}`);
      link(`${at}/driver`, driver);
      symlinkSync(root + at, below(`${driver}/${path.split('/').at(-1)!}`));
      link(`/sys/module/${module}/drivers/bus:${module}`, driver);
    }
    for (const module of users)
      mkdirSync(below(`/sys/module/watchdog/holders/${module}/x`).slice(0, -2), { recursive: true });
    if (device !== null) link(`${watchdog}/device`, `/sys/devices/${device}`);
    const { files } = realDoors;
    // The same door, onto this tree: what it says of links begins with /sys again.
    const inside = {
      list: (path: string) => files.list(root + path),
      readText: (path: string) => files.readText(root + path),
      realPath: (path: string) => files.realPath(root + path)?.slice(files.realPath(root)!.length) ?? null,
    };
    t.same(readWatchdogs({ files: { ...files, ...inside } }), expected);
  });
