import t from 'tap';
import {
  diskFaults,
  disksNamedIn,
  missingPrograms,
  programsNeededBy,
} from '../../../../agent/plan/disko/script.ts';
import { diskoScripts } from '../../../vm/guests/disko-scripts.ts';
import { disk } from '../../../fixtures/disks.ts';

t.test('names of whole disks in a script', async t => {
  const rows: [string, string[]][] = [
    ['for dev in /dev/sda /dev/sdb; do', ['/dev/sda', '/dev/sdb']],
    ["sgdisk --clear '/dev/disk/by-id/ata-X_Y.1:2'", ['/dev/disk/by-id/ata-X_Y.1:2']],
    ['mkfs.vfat /dev/sda1; mount "/dev/vdb12" /mnt', ['/dev/sda', '/dev/vdb']],
    ['/dev/sdaa1 /dev/xvdba12 /dev/hda3', ['/dev/sdaa', '/dev/xvdba', '/dev/hda']],
    ['/dev/nvme0n1p3 and /dev/nvme1n1, /dev/mmcblk0p1.', ['/dev/nvme0n1', '/dev/nvme1n1', '/dev/mmcblk0']],
    ['/dev/disk/by-id/nvme-S4-part2', ['/dev/disk/by-id/nvme-S4']],
    ['/dev/disk/by-path/pci-0000:00:04.0-part1', ['/dev/disk/by-path/pci-0000:00:04.0']],
    ['zpool create tank /dev/disk/by-partlabel/disk-main-zfs', []],
    ['/dev/mapper/crypted /dev/md/mirror /dev/pool/root /dev/zvol/tank/data /dev/null', []],
    ['/dev/disk/by-id/md-name-any:mirror /dev/disk/by-id/dm-uuid-LVM-x', []],
    ['/dev/sdata/x /dev/hdd', ['/dev/hdd']],
    ['device=/dev/vda\ndevice=/dev/vda', ['/dev/vda']],
    ['  # until /dev/disk/by-path/...-partN is there\nmkfs.vfat /dev/vda1', ['/dev/vda']],
    ['wipefs /dev/vda # and /dev/vdb', ['/dev/vda', '/dev/vdb']],
    ['sgdisk "#/dev/vda"', ['/dev/vda']],
  ];
  for (const [text, expected] of rows) t.same(disksNamedIn(text), expected, text);
  const named = Object.entries(diskoScripts).map(([name, { text }]) => [name, disksNamedIn(text)]);
  t.same(named, [
    ['luks', ['/dev/vda']],
    ['btrfs', ['/dev/vda']],
    ['lvm', ['/dev/vda', '/dev/vdb']],
    ['zfs', ['/dev/vda']],
  ]);
});

t.test('exactly the chosen disks', async t => {
  const a = disk({ path: '/dev/vda', aliases: ['/dev/disk/by-id/virtio-a'], serial: 'a' });
  const b = disk({ path: '/dev/vdb', aliases: ['/dev/disk/by-id/virtio-b'], serial: 'b' });
  const c = disk({ path: '/dev/vdc', aliases: [], serial: 'c' });
  const rows: [string, string[], RegExp[]][] = [
    ['the same', ['/dev/vda', '/dev/disk/by-id/virtio-b'], []],
    ['one of them twice', ['/dev/vda', '/dev/disk/by-id/virtio-a', '/dev/vdb'], []],
    [
      'another one',
      ['/dev/vda', '/dev/vdb', '/dev/vdc'],
      [/"\/dev\/vdc", which is not in disks\.devices: \/dev\/vdc /],
    ],
    [
      'one that is not there',
      ['/dev/vda', '/dev/vdb', '/dev/sda'],
      [/"\/dev\/sda", which is not a disk of this machine/],
    ],
    ['one too few', ['/dev/vda'], [/disks\.devices names \/dev\/vdb .*does not use/]],
    ['none', [], [/\/dev\/vda /, /\/dev\/vdb /]],
    ['another in its place', ['/dev/vda', '/dev/vdc'], [/"\/dev\/vdc"/, /names \/dev\/vdb /]],
  ];
  for (const [name, names, expected] of rows) {
    const faults = diskFaults(names, [a, b], [a, b, c]);
    t.equal(faults.length, expected.length, name);
    faults.forEach((fault, index) => {
      t.equal(fault.code, 'DISKO_DISKS', name);
      t.match(fault.message, expected[index], name);
      t.match(fault.remedy, /disks\.devices|disko\.devices/, name);
    });
  }
});

t.test('programs that have to be here', async t => {
  const always = ['awk', 'bash', 'dd', 'dirname', 'env', 'jq', 'lsblk', 'realpath', 'wipefs'];
  t.same(programsNeededBy('#!/usr/bin/env bash\ntrue'), always);
  t.same(
    programsNeededBy(
      '#!/usr/bin/env bash\nif ! (blkid x | grep -q y); then mkfs.btrfs x; fi\nat=$(mktemp -d)',
    ),
    [...always, 'blkid', 'grep', 'mkfs.btrfs', 'mktemp'].sort(),
  );
  t.same(
    programsNeededBy('#!/nix/store/x-bash/bin/bash\nexport PATH=/nix/store/x-jq/bin:$PATH\nmkfs.f2fs x'),
    [],
  );
  t.ok(
    programsNeededBy('#!/usr/bin/env bash\nmkfs.f2fs x\nexport PATH=/nix/store/x-hook/bin:$PATH').includes(
      'mkfs.f2fs',
    ),
    'a path that a hook sets is not that of the script',
  );
  for (const [name, { text, programs }] of Object.entries(diskoScripts)) {
    const needed = new Set(programsNeededBy(text));
    t.same(
      programs.filter(program => !needed.has(program)),
      [],
      name,
    );
  }
  t.equal(missingPrograms([]), null);
  t.match(missingPrograms(['lvcreate', 'mkfs.f2fs']), {
    code: 'DISKO_PROGRAM',
    problem: /lvcreate, mkfs\.f2fs/,
    remedy: /tools/,
  });
});
