import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { rescueEntry } from '../../../../agent/commands/rescue-entry.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { parseMachine } from '../../../../agent/plan/rescue/machine.ts';
import { modules } from '../../../../agent/plan/host-flake/templates.ts';
import { withInclude } from '../../../../agent/plan/rescue/renew.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { doorsTo, type TestDoors, type World } from '../../../support/doors.ts';
import { machines } from '../../plan/machines.ts';

const { config, facts, storage } = machines['uefi-mirror'];
const info = runtimeInfo(config, facts, storage);
const hostKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const authorized = '/etc/ssh/authorized_keys.d/root';
const stage1Key = '/mnt/etc/ssh/initrd_ssh_host_ed25519_key';

const lsblk = (mounted: string | null) =>
  JSON.stringify({
    blockdevices: [
      {
        ...{ name: 'vda', kname: 'vda', path: '/dev/vda', type: 'disk', size: 1e10, pttype: 'gpt', mountpoints: [null] },
        children: [
          { name: 'vda2', kname: 'vda2', path: '/dev/vda2', type: 'part', size: 1e9, fstype: 'vfat', partuuid: 'AAAA-1', mountpoints: [mounted] },
          { name: 'vda3', kname: 'vda3', path: '/dev/vda3', type: 'part', size: 1e9, fstype: 'ext4', partuuid: 'AAAA-2', mountpoints: [null] },
        ],
      },
    ],
  }); // prettier-ignore

/** A machine whose ESP is at /run/dabei/esps/1 once it is mounted, and at /mnt/boot. */
function machine(t: Test, world: World = {}): TestDoors {
  return doorsTo(t.testdir(), {
    ...world,
    programs: {
      lsblk: `cat <<'END'\n${lsblk(null)}\nEND`,
      udevadm: 'exit 0',
      wipefs: 'echo "{}"',
      zpool: 'exit 1',
      ip: 'echo "[]"',
      modprobe: 'exit 0',
      mount: 'exit 0',
      umount: 'exit 0',
      sh: 'env | grep -E "^(machine|keys|host_keys|options|package|systemd_boot|system|pool)=" | sort >$ROOT/seen; echo "nix-dabei: told" >&2',
      '/usr/lib/dabei/rescue-files': 'echo 0123456789ab >$ROOT/run/dabei/rescue-system',
      'ssh-keygen': `for last; do :; done; case $last in $ROOT*) ;; *) last=$ROOT$last ;; esac; cp $ROOT/new-key $last`,
      ...world.programs,
    },
    files: {
      '/new-key': hostKey,
      '/dev/vda2': '',
      '/run/dabei/boot/kernel': 'MZ',
      '/run/dabei/boot/cmdline': 'console=tty0 console=ttyS0,115200',
      '/proc/cmdline': 'console=tty0 console=ttyS0,115200',
      '/proc/meminfo': 'MemTotal: 500000 kB\n',
      '/proc/self/mounts':
        '/dev/vda2 /mnt/boot vfat rw 0 0\n/dev/vda3 /mnt ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n',
      '/run/dabei/esps/1/dabei/rescue.cpio': 'archive',
      '/mnt/boot/loader/entries/nixos-a.conf': '',
      [`/mnt${authorized}`]: `${publicKeyOf('one')}\n`,
      ...world.files,
    },
  });
}

/** The variables that the program of the entry got. */
function seen(doors: TestDoors): Record<string, string> {
  const lines = (doors.read('/seen') ?? '').trim().split('\n');
  return Object.fromEntries(lines.map(line => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]));
}

t.test('renewed: kernel and initrd beside the older ones, then the entry', async t => {
  const doors = machine(t);
  t.match(await rescueEntry(doors, undefined, false), /^the rescue entry on 1 ESP starts nix-dabei/);
  const ran = doors.ran.filter(line => /rescue|^u?mount|modprobe/.test(line));
  t.same(ran, [
    'mount -t vfat -o ro,umask=0077 /dev/vda2 /run/dabei/esps/1',
    'umount /run/dabei/esps/1',
    'mount -t vfat -o umask=0077 /dev/vda2 /run/dabei/esps/1',
    'modprobe zfs',
    '/usr/lib/dabei/rescue-files bzImage from source /run/dabei/esps/1',
    'sh /run/dabei/rescue-entry/program renew /run/dabei/esps/1',
    'umount /run/dabei/esps/1',
  ]);
  t.same(seen(doors), { package: '', pool: '', system: '0123456789ab', systemd_boot: 'auto' });
  t.equal(doors.read('/run/dabei/rescue-entry/program'), modules['rescue.sh']);
});

t.test('refreshed in the rescue system: its own keys, no passphrase', async t => {
  const doors = machine(t, {
    files: {
      '/run/dabei/boot/dabei/machine.json': JSON.stringify(info),
      '/root/.ssh/authorized_keys': `# mine\n${publicKeyOf('two')}\n`,
      '/etc/ssh/ssh_host_ed25519_key': 'PRIVATE',
      '/etc/ssh/ssh_host_ed25519_key.pub': 'public',
    },
  });
  t.match(
    await rescueEntry(doors, undefined, true),
    /^the rescue entry on 1 ESP has 1 authorized key, from the next start on\n/,
  );
  t.match(seen(doors), { host_keys: '/etc/ssh/ssh_host_ed25519_key', options: '', system: '' });
  t.match(doors.read('/run/dabei/rescue-entry/authorized_keys'), publicKeyOf('two'));
  t.same(JSON.parse(doors.read('/run/dabei/rescue-entry/machine.json')!), JSON.parse(JSON.stringify(info)));
  t.notOk(doors.ran.some(line => line.includes('rescue-files')));
});

t.test('a system that dabei installed', async t => {
  const doors = machine(t, {
    files: { '/mnt/etc/nixos/runtime-info.json': JSON.stringify(info), [stage1Key]: hostKey },
  });
  const said = await rescueEntry(doors, '/mnt', false);
  t.match(said, /^"nix-dabei rescue" is in the boot menu on 1 ESP: .*\nits host key: SHA256:/);
  t.notMatch(said, /GRUB/);
  t.match(seen(doors), {
    host_keys: stage1Key,
    options: 'dabei.rescue console=tty0 console=ttyS0,115200',
    system: '0123456789ab',
    pool: 'rpool',
  });
  t.equal(doors.read('/run/dabei/rescue-entry/authorized_keys'), `${publicKeyOf('one')}\n`);
});

t.test('a system that dabei did not install: links of /etc, a host key of its own, GRUB', async t => {
  const doors = machine(t, {
    files: {
      '/mnt/boot/grub/grub.cfg': 'menuentry "NixOS" {\n}\n\n\n',
      '/mnt/nix/store/x-etc/etc/hostname': 'web-01.example.org\n',
      '/mnt/root/.ssh/authorized_keys': `${publicKeyOf('two')}\n${publicKeyOf('one')}\n`,
      '/dev/disk/by-partuuid/other': '',
    },
  });
  const link = (path: string, target: string) => {
    mkdirSync(dirname(join(doors.root, path)), { recursive: true });
    symlinkSync(target, join(doors.root, path));
  };
  link('/mnt/etc/static', '/nix/store/x-etc/etc');
  link('/mnt/etc/hostname', '/etc/static/hostname');
  link('/mnt/etc/hostid', 'hostid');
  link('/dev/disk/by-partuuid/aaaa-1', '../../vda2');
  doors.files.remove('/mnt/boot/loader');
  const said = await rescueEntry(doors, '/mnt', false);
  t.match(said, /the next nixos-rebuild takes it out of the menu of GRUB/);
  t.match(said, /its host key: SHA256:/);
  const found = parseMachine(doors.read('/run/dabei/rescue-entry/machine.json')!);
  t.match(found, {
    hostName: 'web-01',
    domain: 'example.org',
    hostId: /^[0-9a-f]{8}$/,
    pool: null,
    disks: [{ espPartuuid: 'aaaa-1', espMountpoint: '/boot' }],
  });
  t.equal(
    doors.read('/run/dabei/rescue-entry/authorized_keys'),
    `${publicKeyOf('one')}\n${publicKeyOf('two')}\n`,
  );
  t.equal(doors.read('/mnt/boot/grub/grub.cfg'), withInclude('menuentry "NixOS" {\n}\n'));
  t.equal(withInclude(doors.read('/mnt/boot/grub/grub.cfg')!), doors.read('/mnt/boot/grub/grub.cfg'), 'once');
  t.match(seen(doors)['host_keys'], /dabei_rescue_host_ed25519_key$/);
  doors.files.remove('/new-key');
  t.match(await rescueEntry(doors, '/mnt', true), /has 2 authorized keys/, 'the key stays');
});

const rows: [name: string, world: World, root: string | undefined, refresh: boolean, code: string, says: RegExp][] = [
  ['no entry anywhere', { files: { '/run/dabei/esps/1/dabei/rescue.cpio': '' }, programs: { lsblk: `echo '{"blockdevices":[]}'` } }, undefined, false, 'RESCUE_ENTRY', /no ESP of this machine has a rescue entry/],
  ['no ESP below the root', { files: { '/proc/self/mounts': '/dev/vda3 /mnt ext4 rw 0 0\n/dev/vda2 /boot vfat rw 0 0\n' } }, '/mnt', false, 'RESCUE_ENTRY', /no ESP with a boot menu .* below \/mnt/],
  ['nobody could log in', { files: { [`/mnt${authorized}`]: '\n' } }, '/mnt', false, 'RESCUE_ENTRY', /root has no authorized key/],
  ['nobody could log in afterwards', { files: { '/run/dabei/boot/dabei/machine.json': JSON.stringify(info), '/root/.ssh/authorized_keys': '' } }, undefined, true, 'RESCUE_ENTRY', /has no key, so nobody/],
  ['not a rescue entry that was started', {}, undefined, true, 'RESCUE_MACHINE', /not started from the rescue entry/],
  ['the ESP is full', { programs: { '/usr/lib/dabei/rescue-files': 'echo "cpio: write error: No space left on device" >&2; exit 1' } }, undefined, false, 'ESP_TOO_SMALL', /No space left/],
  ['the program fails', { programs: { sh: 'echo broken >&2; exit 1' } }, undefined, false, 'RESCUE_ENTRY', /broken/],
]; // prettier-ignore
for (const [name, world, root, refresh, code, says] of rows) {
  t.test(name, async t => {
    await t.rejects(rescueEntry(machine(t, world), root, refresh), { code, message: says });
  });
}

t.test('without the kernel of this start', async t => {
  for (const root of [undefined, '/mnt']) {
    const doors = machine(t);
    doors.files.remove('/run/dabei/boot/kernel');
    await t.rejects(rescueEntry(doors, root, false), {
      code: 'RESCUE_ENTRY',
      message: /did not bring its own kernel/,
    });
  }
});

t.test('links in a circle', async t => {
  const doors = machine(t);
  symlinkSync('hostname', join(doors.root, 'mnt/etc/hostname'));
  await rescueEntry(doors, '/mnt', false);
  t.match(parseMachine(doors.read('/run/dabei/rescue-entry/machine.json')!), { hostName: /./ });
});
