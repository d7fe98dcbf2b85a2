import t from 'tap';
import { disksSchema, type ConfigInput } from '../../../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../../../agent/errors.ts';
import type { Disk } from '../../../../../agent/facts.ts';
import { selectDisks } from '../../../../../agent/plan/disks/select-disks.ts';
import { GiB, content, disk } from '../../../../fixtures/disks.ts';

export const vda = disk();
export const nvme = disk({
  path: '/dev/nvme0n1',
  aliases: [
    '/dev/disk/by-id/nvme-eui.0025388b',
    '/dev/disk/by-id/nvme-Samsung_980_S64D',
    '/dev/disk/by-path/pci-0000:01:00.0-nvme-1',
  ],
  sizeBytes: 500 * GiB,
  model: 'Samsung 980',
  serial: 'S64D',
  wwn: 'eui.0025388b',
  transport: 'nvme',
});
export const sda = disk({
  path: '/dev/sda',
  aliases: [
    '/dev/disk/by-id/ata-WDC_WD40_A1',
    '/dev/disk/by-id/wwn-0x50014ee2',
    '/dev/disk/by-path/pci-0000:00:17.0-ata-1',
  ],
  sizeBytes: 4000 * GiB,
  model: 'WDC WD40',
  serial: 'A1',
  wwn: '0x50014ee2',
  transport: 'sata',
});
export const sdb = disk({
  ...sda,
  path: '/dev/sdb',
  aliases: ['/dev/disk/by-id/ata-WDC_WD40_A2'],
  serial: 'A2',
  wwn: '0x50014ee3',
});
export const used = disk({
  ...sda,
  contents: [
    content('/dev/sda', { deviceType: 'disk', signature: 'gpt' }),
    content('/dev/sda1', { signature: 'ext4', label: 'root' }),
  ],
});
export const medium = disk({
  path: '/dev/sdz',
  aliases: [],
  transport: 'usb',
  removable: true,
  bootMedium: true,
  sizeBytes: 32 * GiB,
});
export const stick = disk({ ...medium, path: '/dev/sdy', bootMedium: false });
export const locked = disk({ path: '/dev/vdr', aliases: [], readOnly: true });
export const tiny = disk({ path: '/dev/vdt', aliases: [], sizeBytes: 2 * GiB });
export const twinA = disk({ path: '/dev/vdb', aliases: ['/dev/disk/by-path/pci-0000:00:05.0'] });

export type DisksInput = NonNullable<ConfigInput['disks']>;

export const zvol = (path: string) =>
  disk({
    path,
    aliases: [],
    transport: null,
    contents: [content(`${path}p1`, { signature: 'zfs_member', label: 'rpool' })],
    notHardware: { kind: 'software', because: 'it is made by software' },
  });
export const pooled = disk({
  ...nvme,
  contents: [
    content('/dev/nvme0n1p1', { signature: 'zfs_member', label: 'rpool' }),
    content('rpool', { deviceType: 'zpool' }),
  ],
});
export const lun = disk({
  path: '/dev/sdi',
  serial: 'LUN1',
  transport: 'iscsi',
  notHardware: { kind: 'network', because: 'it is reached over a network (iscsi)' },
});
/** One disk with two ports at a SAS controller: by-id leads to either, so it is left out. */
export const ways = [
  ['/dev/sdp', '/dev/disk/by-path/a'],
  ['/dev/sdq', '/dev/disk/by-path/b'],
].map(([path, alias]) =>
  disk({ path: path!, aliases: [alias!], wwn: '0x5000c5', serial: 'P1', model: 'ST', transport: 'sas' }),
);

interface Row {
  name: string;
  disks: Disk[];
  config: Partial<DisksInput> & Pick<DisksInput, 'devices'>;
  /** Paths of the members; only looked at when nothing is refused. */
  members?: string[];
  /** Codes of all refusals, in order. */
  refused?: ErrorCode[];
  /** Must stand somewhere in the refusals' problems or remedies. */
  says?: RegExp[];
}

/** One test for all rows: which disks are taken, or why none is. */
export function testSelection(rows: readonly Row[]): void {
  t.test('selection', async t => {
    for (const row of rows) {
      const selection = selectDisks(disksSchema.parse(row.config), row.disks);
      t.same(
        selection.refusals.map(refusal => refusal.code),
        row.refused ?? [],
        row.name,
      );
      if (row.members) {
        t.same(
          selection.members.map(member => member.path),
          row.members,
          `${row.name}: members`,
        );
      }
      const said = selection.refusals.map(refusal => `${refusal.problem}\n${refusal.remedy}`).join('\n');
      for (const phrase of row.says ?? []) t.match(said, phrase, `${row.name}: ${phrase}`);
      for (const refusal of selection.refusals)
        t.ok(refusal.remedy, `${row.name}: ${refusal.code} has a remedy`);
    }
  });
}
