import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { DabeiError, reasonsOf } from '../../../agent/errors.ts';
import { realDoors, type Doors } from '../../../agent/host/doors.ts';
import * as files from '../../../agent/host/files.ts';
import { programsNeededBy } from '../../../agent/plan/disko/script.ts';
import { checkLayout, checkScript } from '../../../agent/stages/disko.ts';
import { diskoScripts } from '../../vm/guests/disko-scripts.ts';
import { content, disk } from '../../fixtures/disks.ts';

const a = disk({ path: '/dev/vda', aliases: ['/dev/disk/by-id/virtio-a'], serial: 'a' });
const b = disk({ path: '/dev/vdb', aliases: [], serial: 'b' });

/** A machine below a directory, whose PATH has these programs; those of `absent` are links to the word that says so. */
function machine(
  root: string,
  { script, layout, programs = [], absent = [], mountinfo = '' }: { script?: string; layout: unknown; programs?: string[]; absent?: string[]; mountinfo?: string },
): Doors {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  if (script !== undefined) write('/run/dabei/disko/script', script);
  write('/run/dabei/disko/layout.json', typeof layout === 'string' ? layout : JSON.stringify(layout));
  write('/proc/self/mountinfo', mountinfo);
  write('/usr/lib/dabei/absent', '');
  for (const name of programs) write(`/usr/bin/${name}`, '');
  for (const name of absent) symlinkSync('../lib/dabei/absent', join(root, 'usr/bin', name));
  const real = files.realPath(root)!;
  return {
    ...realDoors,
    files: {
      ...files,
      readText: path => files.readText(join(root, path)),
      list: path => files.list(join(root, path)),
      realPath: path => (path.startsWith('/dev/') ? path : (files.realPath(join(root, path))?.slice(real.length) ?? null)),
    },
  };
} // prettier-ignore

const reasons = (work: () => void): string[] => {
  try {
    work();
    return [];
  } catch (thrown) {
    return reasonsOf(thrown as DabeiError).map(({ code, message }) => `${code} ${message}`);
  }
};

const wiping = ['awk', 'bash', 'dd', 'dirname', 'env', 'jq', 'lsblk', 'realpath', 'wipefs'];
const layout = { devices: ['/dev/vda'], fileSystems: [] };
const script = '#!/usr/bin/env bash\nsgdisk --clear /dev/vda\nmkfs.ext4 /dev/vda1\n';

t.test('before the script runs', async t => {
  const all = [...wiping, 'sgdisk', 'mkfs.ext4'];
  const rows: [string, Omit<Parameters<typeof machine>[1], 'layout'> & { layout?: unknown }, RegExp[]][] = [
    ['all is well', { script, programs: all }, []],
    ['only the script is known', { script, programs: all, layout: { fileSystems: [] } }, []],
    ['a program is missing', { script, programs: [...wiping, 'sgdisk'] }, [/^DISKO_PROGRAM .*: not in this image: mkfs\.ext4/]],
    ['a word in its place', { script, programs: [...wiping, 'sgdisk'], absent: ['mkfs.ext4'] }, [/^DISKO_PROGRAM .*mkfs\.ext4/]],
    ['the script has another disk', { script: `${script}wipefs /dev/vdb`, programs: all }, [/^DISKO_DISKS .*"\/dev\/vdb"/]],
    ['the layout has another disk', { script, programs: all, layout: { ...layout, devices: ['/dev/vda', '/dev/vdb'] } }, [/^DISKO_DISKS .*"\/dev\/vdb"/]],
    ['both have', { script: `${script}wipefs /dev/vdb`, programs: all, layout: { ...layout, devices: ['/dev/vda', '/dev/vdb'] } }, [/^DISKO_DISKS/]],
    ['the layout has none', { script, programs: all, layout: { ...layout, devices: [] } }, [/^DISKO_DISKS .*names \/dev\/vda /]],
    ['the layout keeps a disk', { script, programs: all, layout: { ...layout, kept: ['/dev/vda'] } }, [/^DISKO_DISKS .*keeps what "\/dev\/vda"/]],
    ['a key that is given', { script: `${script}cryptsetup open x y --key-file /tmp/disk.key`, programs: [...all, 'cryptsetup'] }, []],
    ['a key that is not given', { script: `${script}cryptsetup open x y --key-file /tmp/other`, programs: [...all, 'cryptsetup'] }, [/^DISKO_KEY .*"\/tmp\/other"/]],
    ['no layout', { script, programs: all, layout: '' }, [/^FLAKE_EVALUATION .*not JSON/]],
    ['half a layout', { script, programs: all, layout: { devices: [] } }, [/^FLAKE_EVALUATION .*fileSystems/s]],
    ['no script', { programs: all }, [/^INTERNAL/]],
  ]; // prettier-ignore
  for (const [index, [name, given, expected]] of rows.entries()) {
    const doors = machine(join(t.testdir(), String(index)), { layout, ...given });
    const found = reasons(() => checkScript(doors, [a], [a, b], ['/tmp/disk.key']));
    t.equal(found.length, expected.length, `${name}: ${found.join('; ')}`);
    t.match(found, expected, name);
  }
});

t.test('a name that udev gives to one of two disks', async t => {
  const text = `${script}mkfs.ext4 /dev/disk/by-partlabel/disk-main-root\n`;
  const doors = machine(t.testdir(), { script: text, layout, programs: [...wiping, 'sgdisk', 'mkfs.ext4'] });
  const claims = { '/run/udev/links/disk\\x2fby-partlabel\\x2fdisk-main-root': ['b254:2', 'b254:18'] };
  const names: Record<string, string> = {
    '/sys/dev/block/254:2': '/sys/devices/virtio1/block/vda/vda2',
    '/sys/dev/block/254:18': '/sys/devices/virtio2/block/vdb/vdb2',
    '/dev/disk/by-partlabel/disk-main-root': '/dev/vda2',
  };
  const udev: Doors = {
    ...doors,
    files: {
      ...doors.files,
      list: path => (claims as Record<string, string[]>)[path] ?? [],
      realPath: path => names[path] ?? doors.files.realPath(path),
    },
  };
  const copy = disk({ ...b, contents: [content('/dev/vdb2')] });
  t.match(
    reasons(() => checkScript(udev, [a], [a, copy], [])),
    [/^DISKO_DISKS .*disk-main-root.*\/dev\/vdb /],
  );
  t.same(
    reasons(() => checkScript(udev, [a], [a, b], [])),
    [],
    'the other disk has no such partition any more',
  );
});

/** A machine in memory with a script and programs; those of `absent` are links to the word that says so. */
function small(
  script: string,
  devices: string[],
  programs: readonly string[],
  absent: readonly string[],
): Doors {
  const texts: Record<string, string> = {
    '/run/dabei/disko/script': script,
    '/run/dabei/disko/layout.json': JSON.stringify({ devices, fileSystems: [] }),
  };
  const realPath = (path: string) => {
    const name = /^\/usr\/bin\/(.+)$/.exec(path)?.[1] ?? '';
    if (absent.includes(name)) return '/usr/lib/dabei/absent';
    return programs.includes(name) ? path : null;
  };
  return { ...realDoors, files: { ...files, readText: path => texts[path] ?? null, realPath } };
}

t.test('each program missing, one at a time', async t => {
  for (const [name, { disks, text }] of Object.entries(diskoScripts)) {
    const needed = programsNeededBy(text);
    const members = [a, b].slice(0, disks);
    const devices = members.map(({ path }) => path);
    const check = (programs: readonly string[], absent: readonly string[]) =>
      reasons(() => checkScript(small(text, devices, programs, absent), members, [a, b], ['/tmp/disk.key']));
    t.same(check(needed, []), [], name);
    for (const program of needed) {
      const rest = needed.filter(other => other !== program);
      const says = [
        new RegExp(`^DISKO_PROGRAM .*: not in this image: ${program.replaceAll('.', '\\.')}(?:$|;|\\n)`),
      ];
      for (const absent of [[], [program]]) {
        const found = check(rest, absent);
        t.equal(found.length, 1, `${name} without ${program}`);
        t.match(found, says, `${name} without ${program}`);
      }
    }
  }
});

t.test('after the script has run', async t => {
  const fileSystems = [{ mountPoint: '/', device: '/dev/vda1', fsType: 'ext4', options: ['defaults'] }];
  const mountinfo = '71 20 254:1 / /mnt rw shared:2 - ext4 /dev/vda1 rw\n';
  const used = disk({ ...a, contents: [content('/dev/vda1', { signature: 'ext4', mountPoints: ['/mnt'] })] });
  const foreign = disk({ ...b, contents: [content('/dev/vdb1', { mountPoints: ['/mnt/data'] })] });
  const volume = disk({ path: '/dev/zd0', aliases: [], serial: null, contents: [content('/dev/zd0', { signature: 'ext4', mountPoints: ['/mnt/data'] })] }); // prettier-ignore
  const pooled = disk({ ...b, contents: [content('/dev/vdb1', { signature: 'zfs_member' }), content('tank', { deviceType: 'zpool' })] }); // prettier-ignore
  const rows: [string, ReturnType<typeof disk>[], string, RegExp[]][] = [
    ['all is well', [used, b], mountinfo, []],
    ['another disk is mounted', [used, foreign], mountinfo, [/^DISKO_DISKS .*not in disks\.devices is mounted below \/mnt: \/dev\/vdb /]],
    ['another disk is mounted elsewhere', [used, disk({ ...b, contents: [content('/dev/vdb1', { mountPoints: ['/media'] })] })], mountinfo, []],
    ['a volume of the chosen disk is mounted', [used, b, volume], mountinfo, []],
    ['a volume of another disk is mounted', [used, pooled, volume], mountinfo, [/^DISKO_DISKS .*mounted below \/mnt: \/dev\/zd0 /, /^DISKO_DISKS .*a pool is imported from .*: \/dev\/vdb /]],
    ['a disk is still empty', [a, b], mountinfo, [/^DISKO_DISKS .*still empty: \/dev\/vda /]],
    ['nothing is mounted', [used, b], '', [/^DISKO_MOUNTS .*\/ is to be \/dev\/vda1/]],
  ]; // prettier-ignore
  for (const [index, [name, present, mounts, expected]] of rows.entries()) {
    const doors = machine(join(t.testdir(), String(index)), { layout: { fileSystems }, mountinfo: mounts });
    const found = reasons(() => checkLayout(doors, [a], present));
    t.equal(found.length, expected.length, `${name}: ${found.join('; ')}`);
    t.match(found, expected, name);
  }
});

t.test('a btrfs of two devices, of which the kernel shows the other one', async t => {
  const root = t.testdir({
    sys: { fs: { btrfs: { features: {}, 'e4a1-fsid': { devices: { vda2: '', vdb1: '' } } } } },
  });
  const fileSystems = [{ mountPoint: '/', device: '/dev/vdb1', fsType: 'btrfs', options: ['subvol=root'] }];
  const check = (source: string) => {
    const mountinfo = `71 20 0:40 /root /mnt rw shared:2 - btrfs ${source} rw,subvol=/root\n`;
    const used = [a, b].map(each => disk({ ...each, contents: [content(`${each.path}2`)] }));
    return reasons(() => checkLayout(machine(root, { layout: { fileSystems }, mountinfo }), [a, b], used));
  };
  t.same(check('/dev/vda2'), []);
  t.match(check('/dev/vda3'), [/^DISKO_MOUNTS .*\/dev\/vdb1 \(btrfs\)/]);
});
