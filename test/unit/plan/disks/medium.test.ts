import t from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { describeDisk } from '../../../../agent/plan/disks/describe-disk.ts';
import { holdsMedium, holdsOnlyMedium, mediumGuids, mediumOn } from '../../../../agent/plan/disks/medium.ts';
import { planNukeDisk } from '../../../../agent/plan/disks/nuke-disk.ts';
import { Secret } from '../../../../agent/secret.ts';
import { content, disk, facts } from '../../../fixtures/disks.ts';
import { nvme, sda, stick, testSelection, vda } from './select-disks/selection.ts';

/** A disk that nix-dabei.img was written onto, which this system may have been started from. */

const image = (path: string, part: string) => [
  content(path, { deviceType: 'disk', signature: 'gpt' }),
  content(`${path}${part}1`, { partUuid: mediumGuids.biosBoot, sizeBytes: 2 ** 20 }),
  content(`${path}${part}2`, {
    ...{ partUuid: mediumGuids.esp, signature: 'vfat', label: 'NIXDABEI', sizeBytes: 40 * 2 ** 20 },
  }),
];
const own = disk({ ...nvme, contents: image('/dev/nvme0n1', 'p') });
/** A virtual disk of which nothing is stable. */
const nameless = disk({ ...vda, aliases: [], contents: image('/dev/vda', '') });
const written = disk({
  ...{ ...stick, aliases: ['/dev/disk/by-id/usb-X_1'], serial: 'X1', contents: image('/dev/sdy', '') },
});
/** As lsblk shows nix-dabei.iso, and as wipefs does where udev has not looked. */
const iso = (disk: Disk, signature: string) => ({
  ...disk,
  contents: [
    content(disk.path, { deviceType: 'disk', signature, label: 'NIXDABEI' }),
    content(`${disk.path}2`, { signature: 'vfat', label: 'NIXDABEI' }),
  ],
});
const burnt = disk(iso(vda, 'iso9660'));
const data = content('/dev/nvme0n1p3', { signature: 'ext4', label: 'photos' });

testSelection([
  ...[
    { serial: 'S64D' },
    { wwn: 'eui.0025388b' },
    { serial: 'S64D', size: { min: '10GiB' } },
    '/dev/disk/by-id/nvme-Samsung_980_S64D',
    '/dev/disk/by-path/pci-0000:01:00.0-nvme-1',
  ].map(selector => ({
    name: `named, without disks.wipe: ${JSON.stringify(selector)}`,
    disks: [own, vda],
    config: { devices: [selector] },
    members: ['/dev/nvme0n1'],
  })),
  ...['/dev/nvme0n1', { model: 'Samsung 980' }, { transport: 'nvme' }].map(selector => ({
    name: `matched, but not named: ${JSON.stringify(selector)}`,
    disks: [own, vda],
    config: { devices: [selector], wipe: true },
    refused: ['DISK_BOOT_MEDIUM' as const],
    says: [/may have been started from it/, /set it to \{"serial":"S64D"\}$/m],
  })),
  {
    name: 'only: another disk',
    disks: [own, vda],
    config: { devices: ['only'], wipe: true },
    members: ['/dev/vda'],
  },
  ...['only', { size: { min: '10GiB' } }].map(selector => ({
    name: `it alone: ${JSON.stringify(selector)}`,
    disks: [own],
    config: { devices: [selector], wipe: true },
    refused: ['DISK_NOT_FOUND' as const],
    says: [/nvme0n1 \(500 GiB.*with nix-dabei\.img\)/, /over nix-dabei\.img, set it to \{"serial":"S64D"\}/],
  })),
  {
    name: 'another disk that is named: this one is none of those that are proposed',
    disks: [own, vda],
    config: { devices: ['/dev/nowhere'] },
    refused: ['DISK_NOT_FOUND'],
    says: [/to use \/dev\/vda, set it to/],
  },
  ...['only', { size: { min: '10GiB' } }].map(selector => ({
    name: `nix-dabei.iso on it: ${JSON.stringify(selector)}`,
    disks: [burnt],
    config: { devices: [selector], wipe: true },
    refused: ['DISK_NOT_FOUND' as const],
    says: [/with nix-dabei\.iso\)/, /to install over nix-dabei\.iso, set it to /],
  })),
  {
    name: 'nix-dabei.iso beside another disk',
    disks: [own, burnt, sda],
    config: { devices: ['only'], wipe: true },
    members: ['/dev/sda'],
  },
  {
    name: 'nix-dabei.iso, by a kernel name that may be another disk’s',
    disks: [burnt],
    config: { devices: ['/dev/vda'], wipe: true },
    refused: ['DISK_BOOT_MEDIUM'],
    says: [/may have been started from it/],
  },
  {
    name: 'nix-dabei.iso, by a name of its own: its bytes are somebody’s',
    disks: [burnt],
    config: { devices: [vda.aliases[0]!] },
    refused: ['DISK_FOREIGN_DATA'],
  },
  {
    name: '… and with disks.wipe',
    disks: [burnt],
    config: { devices: [vda.aliases[0]!], wipe: true },
    members: ['/dev/vda'],
  },
  {
    name: 'data beside it is somebody’s',
    disks: [disk({ ...own, contents: [...own.contents, data] })],
    config: { devices: [{ serial: 'S64D' }] },
    refused: ['DISK_FOREIGN_DATA'],
    says: [/ext4 "photos"/],
  },
  {
    name: 'mounted',
    disks: [disk({ ...own, bootMedium: true })],
    config: { devices: [{ serial: 'S64D' }] },
    refused: ['DISK_BOOT_MEDIUM'],
    says: [/has mounted it/],
  },
  {
    name: 'without a stable name, its kernel name names it',
    disks: [nameless],
    config: { devices: ['/dev/vda'] },
    members: ['/dev/vda'],
  },
  {
    name: 'a stick by its kernel name',
    disks: [written],
    config: { devices: ['/dev/sdy'], wipe: true },
    refused: ['DISK_BOOT_MEDIUM'],
  },
  {
    name: 'a stick by its serial number',
    disks: [written],
    config: { devices: [{ serial: 'X1' }] },
    members: ['/dev/sdy'],
  },
]);

t.test('what is on it', async t => {
  const whole = content('/dev/nvme0n1', { deviceType: 'disk', signature: 'zfs_member', label: 'rpool' });
  const rows: [name: string, disk: Disk, holds: boolean, alone: boolean][] = [
    ['the image', own, true, true],
    ['nothing', vda, false, false],
    ['a partition beside it', disk({ ...own, contents: [...own.contents, data] }), true, false],
    [
      'a signature of the whole disk',
      disk({ ...own, contents: [whole, ...own.contents.slice(1)] }),
      true,
      false,
    ],
    ['a table alone', disk({ ...own, contents: own.contents.slice(0, 1) }), false, false],
    ['nix-dabei.iso', burnt, true, false],
    ['nix-dabei.iso, by its signatures', disk(iso(vda, 'iso9660+gpt+PMBR')), true, false],
    [
      'another CD',
      disk({ ...vda, contents: [content('/dev/vda', { signature: 'iso9660', label: 'DEBIAN' })] }),
      false,
      false,
    ],
    ['another ESP', disk({ contents: [content('/dev/vda1', { signature: 'vfat' })] }), false, false],
  ];
  for (const [name, disk, holds, alone] of rows) {
    t.equal(holdsMedium(disk), holds, name);
    t.equal(holdsOnlyMedium(disk), alone, `${name}, alone`);
  }
  t.match(describeDisk(own), /serial "S64D", with nix-dabei\.img\): /);
});

t.test('the plan says so, and overwrites the configuration before the disk is anything else', async t => {
  const config = configSchema.parse({
    ...{
      version: 1,
      hostName: 'web-01',
      disks: { devices: [{ serial: 'S64D' }], key: 'correct horse battery' },
    },
  });
  const plan = (member: Disk) =>
    planNukeDisk(config, [member], facts([member]), new Secret('0123456789abcdef'.repeat(4)));
  const { summary, steps } = plan(own);
  t.match(summary[1], /nix-dabei\.img is overwritten with it: .* it runs from RAM/);
  const lines = steps.flatMap(step => (step.kind === 'run' ? [step.argv.join(' ')] : []));
  const zeros = lines.indexOf('blkdiscard --zeroout --force /dev/nvme0n1p2');
  t.ok(zeros >= 0 && zeros < lines.findIndex(line => line.startsWith('sgdisk --zap-all')), `${zeros}`);
  const argv = (member: Disk) =>
    plan(member).steps.flatMap(step => (step.kind === 'run' ? [step.argv.join(' ')] : []));
  const iso = argv(burnt);
  const over = iso.findIndex(line =>
    /^blkdiscard --zeroout --force --length 134217728 \/dev\/disk\/by-/.test(line),
  );
  const zap = iso.findIndex(line => line.startsWith('sgdisk --zap-all'));
  const table = iso.findIndex(line => line.startsWith('sgdisk --clear'));
  t.ok(zap >= 0 && zap < over && over < table, `nix-dabei.iso: ${zap} < ${over} < ${table}`);
  t.equal(mediumOn(burnt), 'nix-dabei.iso');
  const other = plan(nvme);
  t.notMatch(other.summary.join('\n'), /nix-dabei\.img/);
  t.notMatch(JSON.stringify(other.steps), /--zeroout/);
});
