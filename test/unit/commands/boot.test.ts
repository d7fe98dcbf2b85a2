import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { boot, install } from '../../../agent/commands/boot.ts';
import { confirm, logs, plan, status } from '../../../agent/commands/commands.ts';
import { nixosInstall } from '../../../agent/commands/nixos-install.ts';
import { DabeiError, type ErrorCode } from '../../../agent/errors.ts';
import { readStatus, type Status } from '../../../agent/host/status.ts';
import { endOfSupport } from '../../fixtures/nixos-release.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import { doorsTo, type TestDoors, type World } from '../../support/doors.ts';

/** Commands from the first look at the configuration to what people read, on a machine that is a directory. */

t.setTimeout(200_000);

const doorsFor = (t: Test, { files = {}, programs = {}, ...world }: World = {}): TestDoors =>
  doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    waiting: 10,
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0' },
    files: { ...machine, ...files },
    programs: { ...working, ...programs },
    ...world,
  });

const machine = {
  '/proc/meminfo': 'MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n',
  '/proc/sys/kernel/hostname': '',
  '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n',
  '/etc/shadow': 'root:*:1:0:99999:7:::\nnobody:*:1:0:99999:7:::\n',
};
const working = {
  ip: `case "$*" in
  *link) echo '[{"ifname":"eth0","flags":["UP","LOWER_UP"],"mtu":1500,"link_type":"ether","address":"52:54:00:12:34:56"}]';;
  *address) echo '[{"ifname":"eth0","addr_info":[{"family":"inet","local":"192.0.2.7","prefixlen":24,"scope":"global"}]}]';;
  *neigh*) echo '[{"dst":"192.0.2.1","lladdr":"52:54:00:00:00:01","state":["REACHABLE"]}]';;
  *-batch*) cat > /dev/null;;
  *) echo '[]';;
esac`,
  lsblk: `echo '{"blockdevices":[]}'`,
  udevadm: 'exit 0',
  modprobe: 'exit 0',
  busybox: 'exit 0',
  reboot: 'exit 0',
  'ssh-keygen': `for last; do :; done; case $last in $ROOT*) ;; *) last=$ROOT$last ;; esac; printf key > $last; printf '%s' '${publicKeyOf('host')}' > $last.pub`,
  '/usr/lib/dabei/resolvconf': 'exit 0',
  '/usr/lib/dabei/stay': 'echo asked > $ROOT/run/dabei/return/cancelled',
};

const network = {
  interfaces: [
    {
      name: 'eth0',
      addresses: ['192.0.2.7/24'],
      routes: [{ destination: 'default', gateway: '192.0.2.1' }],
    },
  ],
};
const rescue = { mode: 'rescue', hostName: 'web', network, rootAuthorizedKeys: [publicKeyOf('me')] };
const appended = (value: unknown) => ({ '/run/dabei/boot/dabei.json': JSON.stringify(value) });
const install1 = {
  ...rescue,
  mode: 'install',
  disks: { devices: ['/dev/vda'], key: 'a passphrase of some length' },
};

t.test('dabei boot', async t => {
  const rows: [name: string, world: World, exitCode: number, status: Partial<Status>, console: string][] = [
    ['rescue', { files: appended(rescue) }, 0, { state: 'rescue', addresses: { eth0: ['192.0.2.7/24'] } }, 'root'],
    ['nothing given, and nobody who gives an address', {}, 1, { stage: 'network', code: 'NETWORK_UNREACHABLE' }, 'root'],
    ['a refused configuration', { files: appended({ ...rescue, wipee: 1 }) }, 1, { state: 'failed', stage: 'config', code: 'CONFIG_SCHEMA' }, 'off'],
    ['Tor, on an image without it', { files: appended({ ...install1, tor: {} }) }, 1, { state: 'failed', stage: 'config', code: 'VARIANT_MISSING' }, 'off'],
    ['secrets were dropped', { files: { ...appended(install1), '/run/dabei/console/without-secrets': '' } }, 1, { code: 'CONSOLE_WITHOUT_SECRETS' }, 'root'],
    ['no such disk', { files: appended(install1) }, 1, { state: 'failed', stage: 'plan', code: 'DISK_NOT_FOUND' }, 'off'],
    ['a rehearsal', { files: appended({ ...install1, mode: 'plan' }) }, 1, { state: 'failed', stage: 'plan', code: 'DISK_NOT_FOUND' }, 'off'],
    ['lsblk is missing', { files: appended(install1), programs: { lsblk: 'exit 127' } }, 1, { stage: 'plan', code: 'COMMAND_FAILED' }, 'off'],
    ['lsblk never ends', { files: appended(install1), programs: { lsblk: 'exec sleep 60' }, programSeconds: 2 }, 1, { stage: 'plan', code: 'COMMAND_TIMEOUT' }, 'off'],
    ['no meminfo', { files: { ...appended(install1), '/proc/meminfo': '' } }, 1, { stage: 'plan', code: 'INTERNAL' }, 'off'],
    ['no host key can be made', { files: appended(rescue), programs: { 'ssh-keygen': 'kill -9 $$' } }, 1, { stage: 'ssh', code: 'COMMAND_FAILED' }, 'root'],
    ['no interface', { files: appended(rescue), programs: { ip: 'echo "[]"' } }, 1, { stage: 'network', code: 'NETWORK_NO_LINK' }, 'root'],
    ['a host name that the kernel refuses', { files: appended(rescue), failing: [['writeKernelFile', /hostname/, 'EACCES']] }, 0, { state: 'rescue' }, 'root'],
    ['a configuration that cannot be read', { files: appended(rescue), failing: [['readStart', /dabei\.json$/, 'EIO']] }, 1, { stage: 'config', code: 'FILE' }, 'off'],
  ]; // prettier-ignore
  for (const [name, world, exitCode, expected, shell] of rows) {
    const doors = doorsFor(t, world);
    t.equal(await boot(doors), exitCode, name);
    t.match(readStatus(doors), expected, name);
    t.equal(doors.read('/run/dabei/console/shell'), `${shell}\n`, `${name}: console`);
    t.notMatch(doors.ran.join('\n'), /sgdisk|wipefs|zpool create|reboot/, `${name}: no disk is written`);
    t.notMatch(JSON.stringify(doors.told), /a passphrase of some/, `${name}: no secret is told`);
    if (name !== 'no host key can be made')
      t.equal(doors.read('/run/dabei/ssh-ready'), '', `${name}: people can log in`);
    if (name !== 'no interface')
      t.match(JSON.stringify(doors.told), 'ssh root@192.0.2.7', `${name}: the way in is told`);
  }
  const claim = () => {
    throw new DabeiError('BUSY', { doing: 'starting', problem: 'another dabei is already running' });
  };
  const busy = doorsFor(t, { claim });
  await t.rejects(boot(busy), { code: 'BUSY' });
  t.same([busy.written, busy.ran], [[], []], 'a second one touches nothing');
});

t.test("a machine's own rescue system does not offer to install", async t => {
  for (const [file, offers] of [
    [{}, true],
    [{ '/run/dabei/boot/dabei/machine.json': '{' }, false],
  ] as const) {
    const doors = doorsFor(t, { files: { ...appended(rescue), ...file } });
    t.equal(await boot(doors), 0);
    t.equal(JSON.stringify(doors.told).includes('dabei setup'), offers);
  }
});

t.test('from a medium', async t => {
  const files = {
    '/run/dabei/boot/cmdline': 'console=tty0 dabei.medium=iso\n',
    '/sys/class/vtconsole/vtcon0/name': '(S) VGA+\n',
    '/sys/class/vtconsole/vtcon0/bind': '1\n',
  };
  const boots = async (world: World) => {
    const doors = doorsFor(t, world);
    await boot({ ...doors, files: { ...doors.files, consolePaths: () => ['/dev/tty0'] } });
    return doors;
  };
  const busybox = 'case "$1" in mkpasswd) echo "\\$6\\$salt\\$hash";; esac';
  const doors = await boots({ files, programs: { busybox } });
  const password = doors.read('/run/dabei/screen/password')!;
  t.match(password, /^\w{5}-\w{5}-\w{5}-\w{5}$/);
  t.match(doors.read('/etc/shadow'), /^root:\$6\$salt\$hash:/);
  const told = JSON.stringify([doors.told, doors.ran, readStatus(doors)]);
  t.notMatch(told, password, 'on the screen alone');
  t.notMatch(told, /nobody can log in over SSH/);
  const failing = await boots({ files, programs: { busybox: 'exit 1' } });
  t.ok(failing.told.some(entry => entry.event === 'warning' && /root's password/.test(entry.text)));
  t.equal(failing.read('/run/dabei/screen/password'), null);
  const key = await boots({ files: { ...files, ...appended(rescue) }, programs: { busybox } });
  t.equal(key.read('/run/dabei/screen/password'), null);
  const damaged = await boots({
    files: { ...files, '/run/dabei/boot/medium-damaged': '' },
    programs: { busybox },
  });
  t.match(readStatus(damaged), { state: 'failed', stage: 'config', code: 'MEDIUM_DAMAGED' });
  t.equal(damaged.read('/run/dabei/screen/password'), null, 'a configuration was given');
});

t.test('/nix/store of a small machine that nixos-anywhere will fill', async t => {
  const anywhere = { ...appended(rescue), '/run/dabei/boot/dabei/nixos-anywhere': '' };
  const small = { '/proc/meminfo': 'MemTotal: 487732 kB\nMemAvailable: 300000 kB\n' };
  const zram = { '/sys/block/zram1/comp_algorithm': '', '/sys/block/zram1/disksize': '' };
  const programs = { 'mkfs.btrfs': 'exit 0', mount: 'exit 0', mkdir: 'exit 0', umount: 'exit 0' };
  const prepared = async (world: World) => {
    const doors = doorsFor(t, world);
    t.equal(await boot(doors), 0, 'people can log in');
    const mounts = doors.ran.filter(line => line.startsWith('mount '));
    return { mounts, size: doors.read('/sys/block/zram1/disksize'), told: JSON.stringify(doors.told) };
  };
  const done = await prepared({ files: { ...anywhere, ...small, ...zram }, programs });
  t.equal(done.size, String(220 * 2 ** 20));
  t.match(done.mounts.at(-1), /^mount -t overlay .* \/nix\/store$/);
  t.notMatch(done.told, 'has less room');

  const others: [name: string, world: World][] = [
    ['without nixos-anywhere', { files: { ...appended(rescue), ...small, ...zram }, programs }],
    ['ample memory', { files: { ...anywhere, ...zram }, programs }],
    ['to install', { files: { ...anywhere, ...small, ...zram, ...appended({ ...rescue, mode: 'plan' }) }, programs }],
  ]; // prettier-ignore
  for (const [name, world] of others) {
    const doors = doorsFor(t, world);
    await boot(doors);
    t.notMatch(doors.ran.join('\n'), /zram|mkfs/, name);
  }
  const absent = { ...programs, 'mkfs.btrfs': 'echo not in this image >&2; exit 127' };
  const without = await prepared({ files: { ...anywhere, ...small, ...zram }, programs: absent });
  t.match(
    without.told,
    /formatting \/dev\/zram1[^"]*not in this image[^"]*; \/nix\/store has less room: use nixos-anywhere --no-disko-deps/,
  );
  t.same(without.mounts, []);
  const noMemory = await prepared({ files: { ...anywhere, '/proc/meminfo': '' } });
  t.match(noMemory.told, 'no line MemTotal');
});

t.test('a password for the console', async t => {
  const passwordHash = `$6$abcdefgh$${'a'.repeat(86)}`;
  const doors = doorsFor(t, { files: appended({ ...rescue, console: { passwordHash } }) });
  await boot(doors);
  t.equal(doors.read('/run/dabei/console/shell'), 'password\n');
  t.equal(doors.read('/etc/shadow'), `root:${passwordHash}:1:0:99999:7:::\nnobody:*:1:0:99999:7:::\n`);
});

t.test('install and plan by hand', async t => {
  const rows: [name: string, text: string | null, world: World, code: ErrorCode][] = [
    ['no such file', null, {}, 'FILE'],
    ['refused', '{"disks": {}}', {}, 'CONFIG_SCHEMA'],
    ['no such disk', JSON.stringify(install1), {}, 'DISK_NOT_FOUND'],
    ['no login', JSON.stringify({ ...install1, rootAuthorizedKeys: [] }), {}, 'NO_LOGIN'],
  ];
  for (const [name, text, world, code] of rows) {
    const files: Record<string, string> = text === null ? {} : { '/root/web.json': text };
    const doors = doorsFor(t, { ...world, files });
    await t.rejects(plan(doors, '/root/web.json'), { code }, `plan: ${name}`);
    let said = '';
    const installing = install(doors, '/root/web.json', text => {
      said += text;
    });
    if (code === 'FILE') await t.rejects(installing, { code }, name);
    else t.equal(await installing, 1, name);
    if (code !== 'FILE') t.match(readStatus(doors), { state: 'failed', code }, name);
    if (code !== 'FILE') t.match(said, `\nerror ${code}: `, `${name}: whoever runs it reads why`);
    t.notMatch(doors.ran.join('\n'), /sgdisk|zpool create/, `${name}: no disk is written`);
  }
});

t.test('a plan warns of a default release without updates', async t => {
  const columns = {
    name: 'vda',
    path: '/dev/vda',
    type: 'disk',
    tran: 'virtio',
    size: 2 ** 35,
    ro: false,
    rm: false,
  };
  const disk = { ...columns, 'maj:min': '254:0', 'log-sec': 512, 'phy-sec': 512, mountpoints: [null] };
  const lsblk = `echo '${JSON.stringify({ blockdevices: [disk] })}'`;
  const device = '/sys/devices/pci0000:00/0000:00:04.0';
  const planOn = (epoch: number, system = {}) => {
    const files = {
      '/root/web.json': JSON.stringify({ ...install1, system }),
      [`${device}/driver/uevent`]: '',
      [`${device}/modalias`]: 'pci:v00001AF4d00001001\n',
    };
    const doors = doorsFor(t, { files, programs: { lsblk, wipefs: 'exit 0' }, epoch });
    const sysfs = join(doors.root, 'sys/class/block/vda');
    mkdirSync(sysfs, { recursive: true });
    symlinkSync(join(doors.root, device), join(sysfs, 'device'));
    return plan(doors, '/root/web.json');
  };
  t.match(await planOn(endOfSupport), /^warning: NixOS .* has had no security updates since /m);
  t.notMatch(await planOn(endOfSupport - 1), 'security updates');
  t.notMatch(await planOn(0), 'security updates');
  t.notMatch(
    await planOn(endOfSupport, { nixpkgs: 'github:NixOS/nixpkgs/nixos-unstable' }),
    'security updates',
  );
});

t.test('status, logs and confirm', async t => {
  const fresh = doorsFor(t);
  t.equal(status(fresh, false), 'dabei has not started on this machine\n');
  t.equal(status(fresh, true), 'null\n');
  t.equal(await confirm(fresh), 'no return timer is active\n');
  t.equal(logs(fresh, false), '');

  const returning = { '/run/dabei/return/deadline': '700\n' };
  const log = '{"time":"x","up":12.5,"event":"note","text":"hello"}\n{"cut';
  const files = { ...returning, '/var/log/dabei.jsonl': log };
  const doors = doorsFor(t, { files, uptime: 100 });
  t.match(status(doors, false), /return: to the old system in \d+ s/);
  t.equal(logs(doors, false), '    12.5  hello\n       ?  {"cut\n');
  t.equal(logs(doors, true), log);
  t.equal(await confirm(doors), 'return: cancelled by dabei confirm; the machine stays here\n');

  const programs = { '/usr/lib/dabei/stay': 'echo refused >&2; exit 1' };
  const stuck = doorsFor(t, { files: returning, programs });
  await t.rejects(confirm(stuck), { code: 'COMMAND_FAILED', problem: /exit code 1: refused/ });
  t.match(status(stuck, false), /return: to the old system in/, 'the timer still runs');
});

t.test('nixos-install', async t => {
  const told: string[] = [];
  const tell = (text: string) => told.push(text);
  t.equal(await nixosInstall(doorsFor(t), ['--help'], tell), 0);
  t.match(told.join(''), /^usage: /);
  const argv = [
    '--root',
    '/mnt',
    '--system',
    '/nix/store/00000000000000000000000000000000-x',
    '--no-root-passwd',
  ];
  await t.rejects(nixosInstall(doorsFor(t), argv, tell), {
    code: 'FILE',
    problem: '/mnt is not a directory',
    remedy: /mount/,
  });
  const mounted = doorsFor(t, { files: { '/mnt/etc/x': '' }, programs: { nix: 'exit 1' } });
  await t.rejects(nixosInstall(mounted, argv, tell), { code: 'COMMAND_FAILED' });
  t.equal(readStatus(mounted), null, 'nothing is called installed');
});
