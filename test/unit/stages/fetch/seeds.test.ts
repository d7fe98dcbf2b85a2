import { join } from 'node:path';
import t, { type Test } from 'tap';
import { boot } from '../../../../agent/commands/boot.ts';
import { plan } from '../../../../agent/commands/commands.ts';
import { readStatus, type Status } from '../../../../agent/host/status.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { doorsTo, type TestDoors, type World } from '../../../support/doors.ts';
import { onlineAddress, onlineFiles, onlinePrograms } from '../../../support/online/machine.ts';

/** `dabei boot` of a machine with a seed on a volume, or with credentials in its firmware. */

t.setTimeout(900_000);

const me = publicKeyOf('me');
const programs = {
  ...onlinePrograms(),
  // "volume" has the files of the volumes, by label; they are vfat.
  mount: `for last; do device=$mountpoint; mountpoint=$last; done; case "$*" in "-t vfat -o ro,"*) ;; *) echo wrong fs type >&2; exit 32;; esac
cp -R $ROOT/volume/\${device##*/}/. $ROOT$mountpoint/`,
  umount: 'rm -rf $ROOT$1/*',
}; // prettier-ignore
const ip = onlineAddress;

/** Files of volumes: "cidata/meta-data" -> text. */
const volumes = (files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(files).flatMap(([path, text]) => [
      [`/volume/${path}`, text],
      [`/dev/disk/by-label/${path.split('/')[0]!}`, ''],
    ]),
  );
const doorsFor = (t: Test, parameters: string, world: World): TestDoors =>
  doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    ...{ waiting: 10, programs },
    ...world,
    files: { ...onlineFiles, '/run/dabei/boot/cmdline': `${ip} ${parameters}`, ...world.files },
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0' },
  });
const consoleOf = (doors: TestDoors) => JSON.stringify(doors.told);

const installs = { disks: { devices: ['/dev/vda'], encryption: 'none' } };
const own = { rootAuthorizedKeys: [me], ...installs };
const withSecret = { disks: { devices: ['/dev/vda'], key: 'correct horse' } };
const meta = `local-hostname: web-01\npublic-keys: ["${me}"]\n`;
const noCloud = (userData?: unknown) =>
  volumes({
    'cidata/meta-data': meta,
    ...(userData === undefined ? {} : { 'cidata/user-data': JSON.stringify(userData) }),
  });
const configDrive = (userData?: unknown) =>
  volumes({
    'config-2/openstack/latest/meta_data.json': JSON.stringify({ hostname: 'drive', public_keys: { a: me } }),
    ...(userData === undefined ? {} : { 'config-2/openstack/latest/user_data': JSON.stringify(userData) }),
  });
const smbios = (...strings: string[]) => ({
  '/sys/firmware/dmi/tables/DMI': `\x0b\x05\0\0${String.fromCharCode(strings.length)}${strings.map(text => `${text}\0`).join('')}\0`,
});
const credential = (value: unknown) => `io.systemd.credential:dabei.config=${JSON.stringify(value)}`;
const fwCfg = (name: string, text: string) => ({
  '/sys/bus/acpi/devices/QEMU0002:00/hid': 'QEMU0002\n',
  [`/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials/${name}/raw`]: text,
});

interface Row {
  name: string;
  parameters?: string;
  world: World;
  exitCode?: number;
  status: Partial<Status>;
  told?: RegExp;
  hostName?: string;
  letsIn?: boolean;
  mounts?: boolean;
}

const found = { hostName: 'web-01', letsIn: true, mounts: true };
const rescue = { state: 'rescue' } as const;
const planned = { exitCode: 1, status: { stage: 'plan', code: 'DISK_NOT_FOUND' } } satisfies Partial<Row>;
const rows: Row[] = [
  { name: 'no volume', world: {}, status: rescue, mounts: false },
  { name: 'NoCloud', world: { files: noCloud() }, status: rescue, told: /NoCloud on \/dev\/disk\/by-label\/cidata: hostName, rootAuthorizedKeys"/, ...found },
  { name: 'NoCloud in capitals', world: { files: volumes({ 'CIDATA/meta-data': meta }) }, status: rescue, ...found },
  { name: 'a config drive', world: { files: configDrive() }, status: rescue, told: /config drive on/, hostName: 'drive', letsIn: true, mounts: true },
  { name: 'both: the config drive counts', world: { files: { ...noCloud(), ...configDrive() } }, status: rescue, hostName: 'drive', letsIn: true },
  { name: 'off', parameters: 'dabei.seed=off', world: { files: noCloud() }, status: rescue, mounts: false },
  { name: 'it does not install by itself', world: { files: noCloud(installs) }, status: rescue, told: /only dabei\.seed=install/, ...found },
  { name: 'nor with the metadata\'s word', parameters: 'dabei.metadata=install', world: { files: noCloud(installs) }, status: rescue, ...found },
  { name: 'install', parameters: 'dabei.seed=install', world: { files: noCloud(installs) }, ...planned, ...found },
  { name: 'install from a config drive', parameters: 'dabei.seed=install', world: { files: configDrive(installs) }, ...planned, hostName: 'drive', letsIn: true },
  { name: 'install, and there is no volume', parameters: 'dabei.seed=install', world: {}, status: rescue, mounts: false },
  { name: 'a secret', parameters: 'dabei.seed=install', world: { files: noCloud(withSecret) }, exitCode: 1, status: { stage: 'config', code: 'CONFIG_SECRET_IN_CLEAR' }, told: /lies on a volume/, ...found },
  { name: 'an old system was captured', parameters: 'dabei.seed=install', world: { files: { ...noCloud(installs), '/run/dabei/boot/dabei/capture/hostname': 'old\n' } }, status: rescue, mounts: false, hostName: 'old' },
  { name: 'another file system', world: { files: noCloud(), programs: { ...programs, mount: 'echo wrong fs type >&2; exit 32' } }, status: rescue, told: /is neither iso9660 nor vfat: wrong fs type/, mounts: true },
  { name: 'a file that cannot be read', world: { files: noCloud(), failing: [['readStart', /meta-data/, 'EIO']] }, status: rescue, told: /reading \/run\/dabei\/seed\/meta-data: EIO/, mounts: true },
  { name: 'it cannot be unmounted', world: { files: noCloud(), programs: { ...programs, umount: 'echo busy >&2; exit 32' } }, status: rescue, told: /stays mounted: busy/, ...found },
  { name: 'no directory to mount it on', world: { files: noCloud(), failing: [['makeDirectory', /dabei\/seed/, 'ENOSPC']] }, status: rescue, told: /ENOSPC/, mounts: false },
  { name: 'udevadm does not end well', world: { files: noCloud(), programs: { ...programs, udevadm: 'exit 1' } }, status: rescue, ...found },
  { name: 'a link that leads out', world: { files: noCloud(), programs: { ...programs, mount: programs.mount.replace('cp ', 'ln -s /etc/shadow $ROOT$mountpoint/user-data; cp ') } }, status: rescue, ...found },
  { name: 'a credential installs', world: { files: smbios(credential(own)) }, ...planned, letsIn: true },
  { name: 'a credential has secrets', world: { files: smbios(credential({ ...own, ...withSecret })) }, ...planned, letsIn: true },
  { name: 'a credential with a mistake', world: { files: smbios(credential({ hostNam: 1 })) }, exitCode: 1, status: { stage: 'config', code: 'CONFIG_SCHEMA' }, told: /the credential dabei\.config:1:2 hostNam/ },
  { name: 'other credentials', world: { files: smbios('io.systemd.credential:system.hostname=web-01', `io.systemd.credential:ssh.authorized_keys.root=${me}`) }, status: rescue, hostName: 'web-01', letsIn: true, mounts: false },
  { name: 'a credential that is broken', world: { files: smbios('io.systemd.credential.binary:dabei.config=$') }, status: rescue, told: /dabei\.config of the firmware is left out/ },
  { name: 'fw_cfg', world: { files: fwCfg('dabei.config', JSON.stringify(own)) }, ...planned, letsIn: true },
  { name: 'fw_cfg without a driver', world: { files: fwCfg('dabei.config', JSON.stringify(own)), programs: { ...programs, modprobe: 'exit 1' } }, ...planned, letsIn: true },
  { name: 'fw_cfg that cannot be read', world: { files: fwCfg('dabei.config', '{}'), failing: [['readStart', /fw_cfg/, 'EIO']] }, exitCode: 1, status: { stage: 'config', code: 'FILE' } },
  { name: 'a file of the initramfs wins', world: { files: { ...smbios(credential({ ...own, hostName: 'x' })), '/run/dabei/boot/dabei.json': '{"hostName": "file"}' } }, ...planned, hostName: 'file', letsIn: true },
  { name: 'a credential after run', world: { files: { ...smbios(credential(installs)), '/run/dabei/boot/dabei/capture/hostname': 'old\n' } }, status: rescue, hostName: 'old' },
]; // prettier-ignore

for (const row of rows) {
  t.test(row.name, async t => {
    const doors = doorsFor(t, row.parameters ?? '', row.world);
    t.equal(await boot(doors), row.exitCode ?? 0);
    t.match(readStatus(doors), row.status);
    if (row.told) t.match(consoleOf(doors), row.told);
    const ran = doors.ran.join('\n');
    t.notMatch(ran, /sgdisk|wipefs|zpool create|reboot/, 'no disk is written');
    for (const line of doors.ran.filter(each => each.startsWith('mount '))) t.match(line, / -o ro,/, 'read-only');
    if (row.mounts !== undefined) t.equal(/^(mount|udevadm settle)/m.test(ran) && /^mount/m.test(ran), row.mounts && !/credential/.test(row.name), 'what is mounted');
    t.notMatch(consoleOf(doors), 'correct horse', 'no secret is told');
    t.equal(doors.read('/proc/sys/kernel/hostname'), row.hostName ?? '', 'host name');
    t.equal((doors.read('/root/.ssh/authorized_keys') ?? '').includes(me), row.letsIn ?? false, 'who is let in');
  });
} // prettier-ignore

t.test('the plan names the sources', async t => {
  const doors = doorsFor(t, 'dabei.seed=install', { files: noCloud(installs) });
  await t.rejects(plan(doors, undefined), { code: 'DISK_NOT_FOUND' });
});
