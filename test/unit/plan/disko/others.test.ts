import t from 'tap';
import {
  contentNamesIn,
  lvmConfiguration,
  nameFaults,
  protectOthers,
} from '../../../../agent/plan/disko/others.ts';
import { content, disk } from '../../../fixtures/disks.ts';
import { diskoScripts } from '../../../vm/guests/disko-scripts.ts';

const chosen = disk({ path: '/dev/vda', serial: 'a', wwn: '0x5000c5001' });
const other = disk({ path: '/dev/vdb', aliases: [], serial: 'b', wwn: '0x5000c5002' });
const nvme = disk({ path: '/dev/nvme1n1', aliases: [], serial: 'c' });

t.test('other disks do not exist for LVM, nor what was opened on them', async t => {
  t.match(
    lvmConfiguration([other, nvme]),
    'global_filter = [ "r|^/dev/vdb[0-9]*$|", "r|^/dev/nvme1n1(p[0-9]+)?$|" ]',
  );
  t.match(lvmConfiguration([], ['/dev/mapper/old.disk']), '[ "r|^/dev/mapper/old[.]disk$|" ]');
  t.notMatch(lvmConfiguration([]), /global_filter/);
});

const opened = content('/dev/mapper/crypted', {
  deviceType: 'crypt',
  signature: 'ext4',
  mountPoints: ['/backup'],
});
const array = content('/dev/md127', { deviceType: 'raid1' });
const pool = content('tank', { deviceType: 'zpool' });

t.test('what a person opened on another disk is read-only, too', async t => {
  const holder = disk({
    ...other,
    contents: [content('/dev/vdb1', { signature: 'crypto_LUKS' }), opened, array, pool],
  });
  // An array of both disks is stopped with the chosen one.
  const mirrored = disk({ ...chosen, contents: [content('/dev/vda1'), array] });
  const protectedBy = (members: (typeof chosen)[]) =>
    protectOthers([holder, nvme], members).flatMap(step =>
      step.kind === 'run' ? [step.argv.join(' ')] : [],
    );
  const disks = ['blockdev --setro /dev/vdb', 'blockdev --setro /dev/nvme1n1'];
  const container = 'blockdev --setro /dev/mapper/crypted';
  t.same(protectedBy([chosen]), [container, 'blockdev --setro /dev/md127', ...disks]);
  t.same(protectedBy([mirrored]), [container, ...disks]);
});

t.test('names that a script shares with another disk', async t => {
  t.same(
    contentNamesIn("mkfs.vfat '/dev/disk/by-partlabel/disk-main-ESP'; mount /dev/disk/by-uuid/1A-2B /mnt"),
    ['/dev/disk/by-partlabel/disk-main-ESP', '/dev/disk/by-uuid/1A-2B'],
  );
  const text =
    'mkfs.ext4 /dev/disk/by-partlabel/disk-main-root\ncryptsetup open x "crypted"\nzpool create tank x';
  const label = '/dev/disk/by-partlabel/disk-main-root';
  const holding = (...contents: (typeof pool)[]) => disk({ ...other, contents });
  const partition = content('/dev/vdb2', { signature: 'ext4' });
  const rows: [name: string, disk: typeof other, claims: string[], says: RegExp[]][] = [
    ['none', holding(partition), [], []],
    ['the label of a partition', holding(partition), ['/dev/vdb2'], [/disk-main-root", which also is on a disk .*\/dev\/vdb /]],
    ['the label, while the link leads to the chosen disk', holding(partition), ['/dev/vda2', '/dev/vdb2'], [/disk-main-root/]],
    ['the label of the chosen disk', holding(partition), ['/dev/vda2'], []],
    ['an opened container', holding(opened), [], [/"crypted"/]],
    ['an imported pool', holding(pool), [], [/"tank"/]],
    ['names that the script does not have', holding(array, { ...pool, device: 'backup' }), [], []],
  ]; // prettier-ignore
  for (const [name, holder, claimed, says] of rows) {
    const faults = nameFaults(text, [chosen], [chosen, holder], link => (link === label ? claimed : []));
    t.equal(faults.length, says.length, name);
    faults.forEach((fault, index) => t.match(fault, { code: 'DISKO_DISKS', message: says[index] }, name));
  }
  for (const comment of [`# waits for ${label}`, '\t# imports tank'])
    t.same(
      nameFaults(comment, [chosen], [chosen, holding(partition, pool)], () => ['/dev/vdb2']),
      [],
      comment,
    );
  const stopped = disk({ ...chosen, contents: [pool] });
  t.same(
    nameFaults(text, [stopped], [stopped, holding(pool)], () => []),
    [],
    'a pool that is exported before',
  );
  const again = disk({ ...chosen, path: '/dev/sdb', contents: [content('/dev/sdb2')] });
  t.same(
    nameFaults(text, [chosen], [chosen, again], () => ['/dev/sdb2']),
    [],
    'another path to the chosen disk',
  );
  for (const [name, { text }] of Object.entries(diskoScripts))
    t.same(
      nameFaults(text, [chosen], [chosen, holding(partition)], () => []),
      [],
      name,
    );
});
