import t from 'tap';
import { disksSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../../agent/errors.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { selectDisks } from '../../../../agent/plan/disks/select-disks.ts';
import { GiB, content, disk } from '../../../fixtures/disks.ts';

const vda = disk();
const nvme = disk({
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
const sda = disk({
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
const sdb = disk({
  ...sda,
  path: '/dev/sdb',
  aliases: ['/dev/disk/by-id/ata-WDC_WD40_A2'],
  serial: 'A2',
  wwn: '0x50014ee3',
});
const sdc = disk({
  ...sda,
  path: '/dev/sdc',
  aliases: ['/dev/disk/by-id/ata-WDC_WD40_A3'],
  serial: 'A3',
  wwn: '0x50014ee4',
});
const used = disk({
  ...sda,
  contents: [
    content('/dev/sda', { deviceType: 'disk', signature: 'gpt' }),
    content('/dev/sda1', { signature: 'ext4', label: 'root' }),
  ],
});
const medium = disk({
  path: '/dev/sdz',
  aliases: [],
  transport: 'usb',
  removable: true,
  bootMedium: true,
  sizeBytes: 32 * GiB,
});
const stick = disk({ ...medium, path: '/dev/sdy', bootMedium: false });
const locked = disk({ path: '/dev/vdr', aliases: [], readOnly: true });
const tiny = disk({ path: '/dev/vdt', aliases: [], sizeBytes: 2 * GiB });
const twinA = disk({ path: '/dev/vdb', aliases: ['/dev/disk/by-path/pci-0000:00:05.0'] });
const twinB = disk({ path: '/dev/vdc', aliases: ['/dev/disk/by-path/pci-0000:00:06.0'] });

type DisksInput = NonNullable<ConfigInput['disks']>;

const zvol = (path: string) =>
  disk({
    path,
    aliases: [],
    transport: null,
    contents: [content(`${path}p1`, { signature: 'zfs_member', label: 'rpool' })],
    notHardware: { kind: 'software', because: 'it is made by software' },
  });
const pooled = disk({
  ...nvme,
  contents: [
    content('/dev/nvme0n1p1', { signature: 'zfs_member', label: 'rpool' }),
    content('rpool', { deviceType: 'zpool' }),
  ],
});
const lun = disk({
  path: '/dev/sdi',
  serial: 'LUN1',
  transport: 'iscsi',
  notHardware: { kind: 'network', because: 'it is reached over a network (iscsi)' },
});
/** One disk with two ports at a SAS controller: by-id leads to either, so it is left out. */
const ways = [
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

const rows: Row[] = [
  { name: 'only: the one disk', disks: [vda], config: { devices: ['only'] }, members: ['/dev/vda'] },
  {
    name: 'only: the boot medium does not count',
    disks: [vda, medium],
    config: { devices: ['only'] },
    members: ['/dev/vda'],
  },
  {
    name: 'only: a stick does not count, whether or not this system was started from it',
    disks: [vda, stick],
    config: { devices: ['only'] },
    members: ['/dev/vda'],
  },
  {
    name: 'only: a stick alone',
    disks: [stick],
    config: { devices: ['only'] },
    refused: ['DISK_NOT_FOUND'],
    says: [/non-removable, not the boot medium/],
  },
  {
    name: 'nor is a stick one of any that are large enough',
    disks: [vda, stick],
    config: { devices: [{ size: { min: '10GiB' } }] },
    members: ['/dev/vda'],
  },
  {
    name: 'a stick that is meant',
    disks: [vda, stick],
    config: { devices: [{ transport: 'usb' }] },
    members: ['/dev/sdy'],
  },
  {
    name: 'only: a read-only disk does not count',
    disks: [locked, vda],
    config: { devices: ['only'] },
    members: ['/dev/vda'],
  },
  {
    name: 'only: a small disk does not count',
    disks: [tiny, vda],
    config: { devices: ['only'] },
    members: ['/dev/vda'],
  },
  {
    name: 'only: no disk at all',
    disks: [],
    config: { devices: ['only'] },
    refused: ['DISK_NOT_FOUND'],
    says: [/the machine has no disk/, /driver/],
  },
  {
    name: 'only: nothing but unfit disks',
    disks: [medium, locked, tiny],
    config: { devices: ['only'] },
    refused: ['DISK_NOT_FOUND'],
    says: [/\/dev\/sdz .*boot medium/, /\/dev\/vdr .*read-only/, /\/dev\/vdt \(2 GiB/],
  },
  {
    name: 'only: two disks, each named by what is unique',
    disks: [vda, nvme],
    config: { devices: ['only'] },
    refused: ['DISK_AMBIGUOUS'],
    says: [
      /"\/dev\/disk\/by-path\/pci-0000:00:04\.0" for \/dev\/vda/,
      /\{"serial":"S64D"\} for \/dev\/nvme0n1/,
    ],
  },
  {
    name: 'only: a disk that holds data is refused',
    disks: [used],
    config: { devices: ['only'] },
    refused: ['DISK_FOREIGN_DATA'],
    says: [/\/dev\/sda1 ext4 "root"/, /disks\.wipe/],
  },
  {
    name: 'only: a disk that holds data, with wipe',
    disks: [used],
    config: { devices: ['only'], wipe: true },
    members: ['/dev/sda'],
  },
  { name: 'path: kernel name', disks: [vda, nvme], config: { devices: ['/dev/vda'] }, members: ['/dev/vda'] },
  {
    name: 'path: by-id',
    disks: [vda, nvme],
    config: { devices: ['/dev/disk/by-id/nvme-Samsung_980_S64D'] },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'path: by-path with colons',
    disks: [vda, nvme],
    config: { devices: ['/dev/disk/by-path/pci-0000:00:04.0'] },
    members: ['/dev/vda'],
  },
  {
    name: 'path: nothing there',
    disks: [vda],
    config: { devices: ['/dev/sda'] },
    refused: ['DISK_NOT_FOUND'],
    says: [
      /no disk matches "\/dev\/sda"/,
      /\/dev\/vda \(20 GiB, virtio\): empty/,
      /set it to "\/dev\/disk\/by-path/,
    ],
  },
  {
    name: 'path: a partition is no disk',
    disks: [used, vda],
    config: { devices: ['/dev/sda1'], wipe: true },
    refused: ['DISK_NOT_FOUND'],
    says: [/is on \/dev\/sda; a whole disk is needed/, /to use \/dev\/sda, set it to \{"serial":"A1"\}/],
  },
  {
    name: 'path: not the beginning of a name',
    disks: [disk({ path: '/dev/vdab' })],
    config: { devices: ['/dev/vda'] },
    refused: ['DISK_NOT_FOUND'],
  },
  { name: 'serial', disks: [sda, sdb], config: { devices: [{ serial: 'A2' }] }, members: ['/dev/sdb'] },
  {
    name: 'serial: padded',
    disks: [disk({ ...sda, serial: '  A1' })],
    config: { devices: [{ serial: 'A1 ' }] },
    members: ['/dev/sda'],
  },
  {
    name: 'serial: case counts',
    disks: [sda],
    config: { devices: [{ serial: 'a1' }] },
    refused: ['DISK_NOT_FOUND'],
  },
  {
    name: 'serial: a part is not enough',
    disks: [sda],
    config: { devices: [{ serial: 'A' }] },
    refused: ['DISK_NOT_FOUND'],
  },
  {
    name: 'serial: a disk without one never matches',
    disks: [vda],
    config: { devices: [{ serial: 'null' }] },
    refused: ['DISK_NOT_FOUND'],
  },
  {
    name: 'wwn: case does not count',
    disks: [sda, sdb],
    config: { devices: [{ wwn: '0x50014EE3' }] },
    members: ['/dev/sdb'],
  },
  {
    name: 'model',
    disks: [nvme, sda],
    config: { devices: [{ model: 'Samsung 980' }] },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'model: two of a kind',
    disks: [sda, sdb],
    config: { devices: [{ model: 'WDC WD40' }] },
    refused: ['DISK_AMBIGUOUS'],
    says: [
      /2 disks match \{"model":"WDC WD40"\}/,
      /\{"serial":"A1"\} for \/dev\/sda, or \{"serial":"A2"\} for \/dev\/sdb/,
    ],
  },
  {
    name: 'two of a kind without a serial number are named by path',
    disks: [twinA, twinB],
    config: { devices: [{ transport: 'virtio' }] },
    refused: ['DISK_AMBIGUOUS'],
    says: [/"\/dev\/disk\/by-path\/pci-0000:00:05\.0" for \/dev\/vdb/],
  },
  {
    name: 'two with the same serial number are named by wwn',
    disks: [sda, disk({ ...sdb, serial: 'A1' })],
    config: { devices: [{ serial: 'A1' }] },
    refused: ['DISK_AMBIGUOUS'],
    says: [/\{"wwn":"0x50014ee2"\} for \/dev\/sda/],
  },
  {
    name: 'transport',
    disks: [nvme, sda],
    config: { devices: [{ transport: 'NVMe' }] },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'size: minimum',
    disks: [vda, nvme],
    config: { devices: [{ size: { min: '100GiB' } }] },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'size: maximum',
    disks: [vda, nvme],
    config: { devices: [{ size: { max: '100GiB' } }] },
    members: ['/dev/vda'],
  },
  {
    name: 'size: bounds belong to the range',
    disks: [vda],
    config: { devices: [{ size: { min: '20GiB', max: '20GiB' } }] },
    members: ['/dev/vda'],
  },
  {
    name: 'size: none in the range',
    disks: [vda],
    config: { devices: [{ size: { min: '21GiB' } }] },
    refused: ['DISK_NOT_FOUND'],
  },
  {
    name: 'all properties must match',
    disks: [sda, sdb],
    config: { devices: [{ model: 'WDC WD40', serial: 'A2', transport: 'sata', size: { min: '1TiB' } }] },
    members: ['/dev/sdb'],
  },
  {
    name: 'one property that does not match is enough',
    disks: [sda],
    config: { devices: [{ serial: 'A1', transport: 'nvme' }] },
    refused: ['DISK_NOT_FOUND'],
  },
  {
    name: 'a selector that also matches the boot medium is ambiguous',
    disks: [medium, stick],
    config: { devices: [{ transport: 'usb' }] },
    refused: ['DISK_AMBIGUOUS'],
  },
  {
    name: 'the boot medium',
    disks: [medium, vda],
    config: { devices: ['/dev/sdz'] },
    refused: ['DISK_BOOT_MEDIUM'],
    says: [/not named yet: "\/dev\/disk\/by-path\/pci-0000:00:04\.0" for \/dev\/vda/],
  },
  {
    name: 'a read-only disk',
    disks: [locked],
    config: { devices: ['/dev/vdr'] },
    refused: ['DISK_READ_ONLY'],
    says: [/blockdev --setrw \/dev\/vdr/],
  },
  {
    name: 'a small disk, with figures',
    disks: [tiny],
    config: { devices: ['/dev/vdt'] },
    refused: ['DISK_TOO_SMALL'],
    says: [/it has 2 GiB, the layout needs 2\.5 GiB/],
  },
  {
    name: 'too small because of the swap that is asked for',
    disks: [vda],
    config: { devices: ['/dev/vda'], swap: '18GiB' },
    refused: ['DISK_TOO_SMALL'],
    says: [/set disks\.swap to less than 18 GiB/],
  },
  {
    name: 'everything that speaks against a disk is said',
    disks: [
      disk({
        ...tiny,
        readOnly: true,
        bootMedium: true,
        contents: [content('/dev/vdt', { deviceType: 'disk', signature: 'iso9660' })],
      }),
    ],
    config: { devices: ['/dev/vdt'] },
    refused: ['DISK_BOOT_MEDIUM', 'DISK_READ_ONLY', 'DISK_TOO_SMALL', 'DISK_FOREIGN_DATA'],
  },
  {
    name: 'wipe does not allow the boot medium',
    disks: [medium],
    config: { devices: ['/dev/sdz'], wipe: true },
    refused: ['DISK_BOOT_MEDIUM'],
  },
  {
    name: 'mirror of two',
    disks: [sda, sdb],
    config: { layout: 'mirror', devices: [{ serial: 'A2' }, '/dev/sda'] },
    members: ['/dev/sdb', '/dev/sda'],
  },
  {
    name: 'the same disk twice, by two names',
    disks: [sda, sdb],
    config: { layout: 'mirror', devices: ['/dev/sda', { serial: 'A1' }] },
    refused: ['DISK_AMBIGUOUS'],
    says: [/is \/dev\/sda, already matched by an earlier selector/, /\{"serial":"A2"\} for \/dev\/sdb/],
  },
  {
    name: 'single with two',
    disks: [sda, sdb],
    config: { devices: ['/dev/sda', '/dev/sdb'] },
    refused: ['DISK_MEMBERS'],
    says: [/exactly 1 disk/, /one of: mirror/],
  },
  {
    name: 'mirror with one',
    disks: [sda],
    config: { layout: 'mirror', devices: ['/dev/sda'] },
    refused: ['DISK_MEMBERS'],
    says: [/at least 2 disks, disks\.devices names 1/, /one of: single/],
  },
  {
    name: 'raidz1 with two',
    disks: [sda, sdb],
    config: { layout: 'raidz1', devices: ['/dev/sda', '/dev/sdb'] },
    refused: ['DISK_MEMBERS'],
  },
  {
    name: 'raidz1 with three',
    disks: [sda, sdb, sdc],
    config: { layout: 'raidz1', devices: ['/dev/sda', '/dev/sdb', '/dev/sdc'] },
    members: ['/dev/sda', '/dev/sdb', '/dev/sdc'],
  },
  {
    name: 'raidz2 with three',
    disks: [sda, sdb, sdc],
    config: { layout: 'raidz2', devices: ['/dev/sda', '/dev/sdb', '/dev/sdc'] },
    refused: ['DISK_MEMBERS'],
  },
  {
    name: 'raidz3 with three',
    disks: [sda, sdb, sdc],
    config: { layout: 'raidz3', devices: ['/dev/sda', '/dev/sdb', '/dev/sdc'] },
    refused: ['DISK_MEMBERS'],
  },
  {
    name: 'a pool of the same name on another disk, which the installed system could not tell from its own',
    disks: [
      vda,
      disk({ ...twinA, contents: [content('/dev/vdb1', { signature: 'zfs_member', label: 'rpool' })] }),
    ],
    config: { devices: ['/dev/vda'] },
    refused: ['POOL_NAME_TAKEN'],
    says: [/\/dev\/vdb .*zfs_member "rpool"/, /disks\.poolName/],
  },
  {
    name: 'the same under another name',
    disks: [
      vda,
      disk({ ...twinA, contents: [content('/dev/vdb1', { signature: 'zfs_member', label: 'rpool' })] }),
    ],
    config: { devices: ['/dev/vda'], poolName: 'tank' },
    members: ['/dev/vda'],
  },
  {
    name: 'only: beside volumes of a pool on the only disk, which has the name of the new one',
    disks: [zvol('/dev/zd0'), zvol('/dev/zd16'), pooled],
    config: { devices: ['only'], wipe: true },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'only: two disks, of which one has a pool of that name, are ambiguous and nothing else',
    disks: [pooled, vda],
    config: { devices: ['only'], wipe: true },
    refused: ['DISK_AMBIGUOUS'],
  },
  {
    name: 'only: nothing but what is no hardware',
    disks: [zvol('/dev/zd0'), lun],
    config: { devices: ['only'] },
    refused: ['DISK_NOT_FOUND'],
    says: [/the machine has no disk; not hardware: \/dev\/zd0 \(software\), \/dev\/sdi \(network\)/],
  },
  {
    name: 'size: a volume is none of the disks that are large enough',
    disks: [zvol('/dev/zd0'), pooled],
    config: { devices: [{ size: { min: '1GiB' } }], wipe: true },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'size: a volume alone',
    disks: [zvol('/dev/zd0')],
    config: { devices: [{ size: { min: '1GiB' } }] },
    refused: ['DISK_NOT_FOUND'],
  },
  {
    name: 'path: a volume of a pool',
    disks: [zvol('/dev/zd0'), pooled],
    config: { devices: ['/dev/zd0'], wipe: true },
    refused: ['DISK_NOT_HARDWARE', 'POOL_NAME_TAKEN'],
    says: [
      /\/dev\/zd0 is not a disk of this machine: it is made by software/,
      /give it to a virtual machine/,
    ],
  },
  {
    name: 'serial: a disk behind a network',
    disks: [lun, vda],
    config: { devices: [{ serial: 'LUN1' }] },
    refused: ['DISK_NOT_HARDWARE'],
    says: [/\/dev\/sdi is not a disk of this machine: it is reached over a network \(iscsi\)/, /\/dev\/vda/],
  },
  {
    name: 'transport: hardware goes first',
    disks: [disk({ ...lun, transport: 'nvme' }), nvme],
    config: { devices: [{ transport: 'nvme' }] },
    members: ['/dev/nvme0n1'],
  },
  {
    name: 'wwn: one for a whole batch, told apart by serial number',
    disks: [sda, disk({ ...sdb, wwn: sda.wwn })],
    config: { layout: 'mirror', devices: [{ serial: 'A1' }, { serial: 'A2' }] },
    members: ['/dev/sda', '/dev/sdb'],
  },
  {
    name: 'serial: two ways to one disk, which both are named',
    disks: ways,
    config: { devices: [{ serial: 'P1' }] },
    refused: ['DISK_AMBIGUOUS'],
    says: [
      /\/dev\/sdp and \/dev\/sdq have the same world wide name 0x5000c5 and serial number P1: .*2 paths to one disk/,
      /"\/dev\/disk\/by-path\/a" for \/dev\/sdp, or "\/dev\/disk\/by-path\/b" for \/dev\/sdq/,
    ],
  },
  {
    name: 'mirror of two ways to one disk',
    disks: ways,
    config: { layout: 'mirror', devices: ['/dev/sdp', '/dev/sdq'] },
    refused: ['DISK_AMBIGUOUS'],
    says: [/name only one of them, "\/dev\/disk\/by-path\/a" for \/dev\/sdp, or .*\/b" for \/dev\/sdq/],
  },
  {
    name: 'path: one of two ways, with a pool that both of them show',
    disks: ways.map(way =>
      disk({ ...way, contents: [content(`${way.path}1`, { signature: 'zfs_member', label: 'rpool' })] }),
    ),
    config: { devices: ['/dev/sdp'], wipe: true },
    members: ['/dev/sdp'],
  },
  {
    name: 'path: one of two ways, by the other of which it is mounted',
    disks: [ways[0]!, disk({ ...ways[1]!, bootMedium: true })],
    config: { devices: ['/dev/sdp'] },
    refused: ['DISK_BOOT_MEDIUM'],
    says: [/has mounted it: \/dev\/sdq/],
  },
  {
    name: 'path: a map of dm-multipath names all of its ways',
    disks: ways.map(way =>
      disk({ ...way, contents: [content('/dev/mapper/mpatha', { deviceType: 'mpath' })] }),
    ),
    config: { devices: ['/dev/mapper/mpatha'], wipe: true },
    refused: ['DISK_NOT_FOUND'],
    says: [
      /\/dev\/mapper\/mpatha maps \/dev\/sdp and \/dev\/sdq, which are 2 paths to one disk/,
      /to use \/dev\/sdp, set it to "\/dev\/disk\/by-path\/a"; or to use \/dev\/sdq, .*by-path\/b"/,
    ],
  },
  {
    name: 'path: an array lies on several',
    disks: [sda, sdb].map(each =>
      disk({ ...each, contents: [content('/dev/md0', { deviceType: 'raid1' })] }),
    ),
    config: { devices: ['/dev/md0'], wipe: true },
    refused: ['DISK_NOT_FOUND'],
    says: [/\/dev\/md0 is on \/dev\/sda and \/dev\/sdb; a whole disk is needed/],
  },
  {
    name: 'refusals of all members come together',
    disks: [used, sdb, locked],
    config: { layout: 'mirror', devices: ['/dev/sda', '/dev/vdr', '/dev/nowhere'] },
    refused: ['DISK_FOREIGN_DATA', 'DISK_READ_ONLY', 'DISK_NOT_FOUND'],
  },
];

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

t.test('warnings', async t => {
  const warnings = (devices: string[], disks: Disk[], layout: DisksInput['layout'] = 'single') =>
    selectDisks(disksSchema.parse({ devices, layout }), disks).warnings;
  t.same(warnings(['/dev/vda'], [vda]), []);
  t.match(warnings(['/dev/vdx'], [disk({ path: '/dev/vdx', aliases: [] })]), [
    /no stable name under \/dev\/disk: its name may change/,
  ]);
  t.match(warnings(['/dev/sdy'], [disk({ path: '/dev/sdy', transport: 'usb' })]), [/removable/]);
  t.match(warnings(['/dev/vda', '/dev/sda'], [vda, sda], 'mirror'), [/only 20 GiB count/]);
  t.match(warnings(['/dev/sdp'], ways), [/\/dev\/sdp also has the paths \/dev\/sdq \(multipath\)/]);
});
