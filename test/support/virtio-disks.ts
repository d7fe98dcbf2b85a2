import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { doorsTo, type TestDoors, type World } from './doors.ts';

/** A machine with virtio disks, whose lsblk(8) answers from the file /lsblk, which a test may change. */

/** An entry of lsblk for a disk without content, of 32 GiB. */
export const device = (name: string, serial: string) => ({
  ...{ name, path: `/dev/${name}`, 'maj:min': '254:0', type: 'disk', tran: 'virtio', serial },
  ...{ size: 2 ** 35, 'log-sec': 512, 'phy-sec': 512, ro: false, rm: false, mountpoints: [null] },
});

/** What an entry has more with a partition. */
export const part = (name: string, mountPoint: string) => ({
  children: [{ ...device(name, ''), type: 'part', fstype: 'ext4', mountpoints: [mountPoint] }],
});

export const lsblkSays = (...devices: object[]) => JSON.stringify({ blockdevices: devices });

/** Disks that sysfs knows as hardware. */
const names = ['vda', 'vdb', 'vdc'];
const files = {
  '/proc/meminfo': 'MemTotal: 2097152 kB\n',
  '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n',
  ...Object.fromEntries(
    names.flatMap((name): [string, string][] => [
      [`/sys/devices/pci0000:00/${name}/modalias`, 'pci:v00001AF4d00001001\n'],
      [`/sys/devices/pci0000:00/${name}/driver/uevent`, ''],
    ]),
  ),
};
/** ip(8) knows one card. */
const eth0 = {
  ifname: 'eth0',
  flags: ['UP', 'LOWER_UP'],
  mtu: 1500,
  link_type: 'ether',
  address: '52:54:00:00:00:00',
};
const ip = `case "$*" in *" link") echo '${JSON.stringify([eth0])}';; *) echo '[]';; esac`; // prettier-ignore
const programs = { ip, lsblk: 'cat $ROOT/lsblk', udevadm: 'exit 0', wipefs: 'exit 0' };

export function machineWithDisks(t: Test, world: World): TestDoors {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    ...world,
    files: { ...files, ...world.files },
    programs: { ...programs, ...world.programs },
  });
  for (const name of names) {
    const directory = join(doors.root, 'sys/class/block', name);
    mkdirSync(directory, { recursive: true });
    symlinkSync(join(doors.root, 'sys/devices/pci0000:00', name), join(directory, 'device'));
  }
  return doors;
}
