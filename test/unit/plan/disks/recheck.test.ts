import t from 'tap';
import { configSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { layOut } from '../../../../agent/plan/disks/layout.ts';
import { recheckDisks } from '../../../../agent/plan/disks/recheck.ts';
import { content, disk, facts } from '../../../fixtures/disks.ts';

const planned = disk({ path: '/dev/sda', serial: 'A', model: 'M', aliases: ['/dev/disk/by-id/ata-M_A'] });
const late = (changes: Partial<Disk> = {}) =>
  disk({ path: '/dev/sdb', serial: 'B', model: 'N', aliases: ['/dev/disk/by-id/ata-N_B'], ...changes });

function recheck(
  present: readonly Disk[],
  device: NonNullable<ConfigInput['disks']>['devices'][number] = { serial: 'A' },
): void {
  const config = configSchema.parse({ disks: { devices: [device], key: 'correct horse battery' } });
  recheckDisks(config, facts([planned]), [planned], present);
}

t.test('a disk that is no longer what it was', async t => {
  const changed = (changes: Partial<Disk>) => [disk({ ...planned, ...changes })];
  t.doesNotThrow(() => recheck(changed({})));
  const rows: [string, Disk[]][] = [
    ['gone', []],
    ['another one under the same name', changed({ serial: 'B' })],
    ['another model', changed({ model: 'N' })],
    ['another size', changed({ sizeBytes: planned.sizeBytes + 512 })],
    ['the link leads elsewhere', changed({ aliases: [] })],
    ['mounted since', changed({ contents: [content('/dev/sda1', { mountPoints: ['/data'] })] })],
  ];
  for (const [name, present] of rows) t.throws(() => recheck(present), { code: 'DISK_CHANGED' }, name);
});

t.test('a disk that came in the meantime', async t => {
  t.doesNotThrow(() => recheck([planned, late()]), 'is none of our business');
  t.throws(() => recheck([planned, late({ serial: 'A' })]), { code: 'DISK_AMBIGUOUS' });
  t.throws(() => recheck([planned, late()], 'only'), { code: 'DISK_AMBIGUOUS' });
  t.throws(() => recheck([planned, late({ model: 'M' })], { model: 'M' }), { code: 'DISK_AMBIGUOUS' });
  const pool = content('/dev/sdb1', { signature: 'zfs_member', label: 'rpool' });
  t.throws(() => recheck([planned, late({ contents: [pool] })]), { code: 'POOL_NAME_TAKEN' });

  const config = configSchema.parse({ disks: { devices: ['/dev/sda'], key: 'correct horse battery' } });
  const partUuid = layOut(config, [planned], facts([planned])).guids[0]!.zfs;
  const twin = late({ contents: [content('/dev/sdb4', { partUuid })] });
  t.throws(() => recheck([planned, twin], '/dev/sda'), {
    code: 'DISK_CHANGED',
    problem: /planned partition GUIDs/,
  });
});

t.test('what is on the disks is known, whether or not it may be erased', async t => {
  const full = disk({ ...planned, contents: [content('/dev/sda1', { signature: 'ext4' })] });
  const config = configSchema.parse({ disks: { devices: ['/dev/sda'], key: 'correct horse battery' } });
  t.doesNotThrow(() => recheckDisks(config, facts([full]), [full], [full]));
});
