import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import { cleanLine } from '../../../agent/clean-text.ts';
import { facterReport } from '../../../agent/hardware/facter.ts';
import { formatHardware } from '../../../agent/hardware/format.ts';
import type { Device, Hardware } from '../../../agent/hardware/hardware.ts';
import { readDevices, readHealth } from '../../../agent/host/machine/hardware.ts';
import { disk, facts } from '../../fixtures/disks.ts';
import { link } from '../plan/example.ts';

const index = {
  release: '6.12.0',
  aliases: [{ pattern: 'pci:v00008086d000010D3*', module: 'e1000e' }],
  names: new Set(['e1000e', 'nvme']),
};

/** A tree of sysfs: files with their content, links with where they lead. */
function sysfs(directory: string, files: Record<string, string>, links: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), `${text}\n`);
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    symlinkSync(join(directory, target), join(directory, path));
  }
  return directory;
}

t.test('devices and health, from sysfs', async t => {
  const card = 'sys/devices/pci0000:00/0000:00:02.0';
  const odd = 'sys/devices/pci0000:00/0000:00:03.0';
  const root = sysfs(
    t.testdir(),
    {
      [`${card}/modalias`]: 'pci:v00008086d000010D3sv0',
      [`${card}/class`]: '0x020000',
      [`${card}/vendor`]: '0x8086',
      [`${card}/device`]: '0x10d3',
      [`${odd}/modalias`]: 'pci:v00001AAAd00000001sv0',
      [`${odd}/class`]: '0x010400',
      [`${odd}/vendor`]: '0x1aaa',
      [`${odd}/device`]: '0x0001',
      'sys/devices/nvme0/state': 'live',
      'sys/devices/nvme0/firmware_rev': '5B2QGXA7',
      'sys/devices/nvme0/hwmon3/temp1_input': '38850',
      'sys/devices/sda/state': 'running',
      'sys/devices/sda/ioerr_cnt': '0x1f',
      'sys/devices/sda/rev': 'SN06\u001b[2J',
      'sys/module/e1000e/version': '1',
      'sys/bus/pci/drivers/e1000e/bind': '',
    },
    {
      [`${card}/driver`]: 'sys/bus/pci/drivers/e1000e',
      'sys/bus/pci/drivers/e1000e/module': 'sys/module/e1000e',
      'sys/bus/pci/devices/0000:00:02.0': card,
      'sys/bus/pci/devices/0000:00:03.0': odd,
      'sys/class/block/nvme0n1/device': 'sys/devices/nvme0',
      'sys/class/block/sda/device': 'sys/devices/sda',
      'sys/class/block/vda/device': 'sys/devices/vda',
    },
  );
  t.match(readDevices(realDoors, index, root), [
    { id: '0000:00:02.0', bus: 'pci', pciClass: 0x020000, vendor: 0x8086, driver: 'e1000e', modules: ['e1000e'] },
    { id: '0000:00:03.0', bus: 'pci', pciClass: 0x010400, product: 1, driver: null, modules: [] },
  ]); // prettier-ignore
  const health = (path: string) => readHealth(realDoors, { path }, root);
  t.strictSame(health('/dev/nvme0n1'), { path: '/dev/nvme0n1', state: 'live', errors: null, celsius: 39, firmware: '5B2QGXA7' }); // prettier-ignore
  t.strictSame(health('/dev/sda'), { path: '/dev/sda', state: 'running', errors: 31, celsius: null, firmware: cleanLine('SN06\u001b[2J') }); // prettier-ignore
  t.notMatch(health('/dev/sda').firmware, /\u001b/, 'the words of a disk cannot move the cursor');
  t.strictSame(health('/dev/vda'), { path: '/dev/vda', state: null, errors: null, celsius: null, firmware: null }); // prettier-ignore
});

const device = (changes: Partial<Device>): Device => ({
  ...{ id: '0000:00:02.0', bus: 'pci', path: '/devices/pci0000:00/0000:00:02.0', modalias: 'pci:x' },
  ...{ pciClass: 0x020000, vendor: 0x8086, product: 0x10d3, driver: 'e1000e', modules: ['e1000e'] },
  missingFirmware: [],
  ...changes,
});

const machine: Hardware = {
  facts: facts([disk({ path: '/dev/sda', transport: 'sata', model: 'ST4000', serial: 'Z1', drivers: ['sd_mod', 'ahci'] })], { firmware: 'uefi', firmwareBits: 64, links: [link({ name: 'eth0', mac: '52:54:00:00:00:01', modalias: 'pci:x', driver: 'e1000e', drivers: ['e1000e'], altNames: ['enp0s2'] })] }),
  devices: [
    device({}),
    device({ id: '0000:00:03.0', pciClass: 0x010400, vendor: 0x1aaa, product: 1, driver: null, modules: [] }),
    device({ id: '0000:00:04.0', pciClass: 0x028000, driver: null, modules: ['iwlwifi'] }),
    device({ id: '0000:00:00.0', pciClass: 0x060000, driver: null, modules: [] }),
    device({ id: '0000:00:05.0', modules: ['bnx2x'], missingFirmware: ['bnx2x/a.fw', 'bnx2x/b.fw'] }),
  ],
  health: [{ path: '/dev/sda', state: 'running', errors: 31, celsius: null, firmware: 'SN06' }],
  processors: 2,
  processorFlags: ['fpu', 'svm'],
  memory: { totalBytes: 2 * 2 ** 30, availableBytes: 2 ** 30, swapBytes: 0 },
}; // prettier-ignore

t.test('for people', async t => {
  const text = formatHardware(machine);
  for (const line of [
    /^firmware +UEFI, 64 bits$/m,
    /^processor .*, 2 threads, x86_64-linux$/m,
    /^memory +2 GiB, 1 GiB available, no swap$/m,
    /^disk +\/dev\/sda, .*sata, ST4000, serial Z1, firmware SN06, .*health: running 31 I\/O errors, driver sd_mod ahci/m,
    /^network +eth0, .*driver e1000e, 8086:10d3, also enp0s2$/m,
    /^no driver +storage 0000:00:03\.0 1aaa:0001: this image has none for pci:x$/m,
    /^no driver +network 0000:00:04\.0 8086:10d3: iwlwifi of this image does not drive it$/m,
    /^no firmware +bnx2x \(0000:00:05\.0\) may ask for bnx2x\/a\.fw or 1 other file$/m,
  ])
    t.match(text, line);
  t.notMatch(text, /0000:00:00\.0/, 'bridges work without a driver');
  t.match(formatHardware({ ...machine, health: [] }), /health unknown/, 'no evidence is not health');
});

t.test('for programs, as the modules of nixos-facter read it', async t => {
  const report = JSON.parse(JSON.stringify(facterReport(machine))) as Record<string, unknown>;
  t.match(report, {
    version: 1,
    system: 'x86_64-linux',
    virtualisation: 'kvm',
    uefi: { supported: true, platform_size: 64 },
    hardware: {
      disk: [{ driver_modules: ['sd_mod', 'ahci'], unix_device_name: '/dev/sda', class_list: ['disk', 'block_device', 'sata'] }],
      network_interface: [{ unix_device_names: ['eth0', 'enp0s2'], driver_modules: ['e1000e'] }],
      network_controller: [{ vendor: { hex: '8086', value: 0x8086 }, driver_modules: ['e1000e'] }],
      cpu: [{ vendor_name: 'AuthenticAMD', features: ['fpu', 'svm'] }, {}],
      storage_controller: [{ sysfs_bus_id: '0000:00:03.0', driver_modules: [] }],
    },
  }); // prettier-ignore
});
