import t from 'tap';
import type { Disk } from '../../../../agent/facts.ts';
import { isSameDisk, multipathMembers, waysTo } from '../../../../agent/plan/disks/identity.ts';
import { disk } from '../../../fixtures/disks.ts';

const sas = (path: string, changes: Partial<Disk> = {}) =>
  disk({
    path,
    aliases: [`/dev/disk/by-path/${path.slice(5)}`],
    wwn: '0x5000c500a1b2c3d4',
    serial: 'Z1',
    model: 'ST4000',
    transport: 'sas',
    ...changes,
  });

t.test('one disk or two', async t => {
  const rows: [string, Partial<Disk>, Partial<Disk>, boolean][] = [
    ['two ports', {}, {}, true],
    ['case and padding do not count', {}, { wwn: '0X5000C500A1B2C3D4 ', serial: ' Z1' }, true],
    ['the same WWN, two serial numbers', {}, { serial: 'Z2' }, false],
    ['the same WWN, two models', {}, { model: 'ST8000' }, false],
    ['the same WWN, two sizes', {}, { sizeBytes: 2 ** 40 }, false],
    ['the same WWN, two sizes of sectors', {}, { logicalSectorBytes: 4096 }, false],
    ['the same serial number, two WWNs', {}, { wwn: '0x5000c500a1b2c3d5' }, false],
    ['the same WWN, and nothing else known of one', {}, { serial: null, model: null }, true],
    ['a WWN of one alone', { wwn: null }, {}, true],
    ['no WWN: SCSI has several ways', { wwn: null }, { wwn: null }, true],
    ['no WWN: a virtual SCSI disk', { wwn: null, transport: null }, { wwn: null, transport: null }, true],
    [
      'no WWN: bridges with one serial number for all',
      { wwn: null, transport: 'usb' },
      { wwn: null, transport: 'usb' },
      false,
    ],
    ['no WWN: virtio', { wwn: null, transport: 'virtio' }, { wwn: null, transport: 'virtio' }, false],
    ['no WWN, no serial number', { wwn: null, serial: null }, { wwn: null, serial: null }, false],
    [
      'two NVMe of one EUI',
      { wwn: 'eui.0025385b71b0d7c1', transport: 'nvme' },
      { wwn: 'eui.0025385b71b0d7c1', transport: 'nvme', serial: 'Z2' },
      false,
    ],
    [
      'two NVMe of one EUI and one serial number, of two models',
      { wwn: 'eui.0025385b71b0d7c1', transport: 'nvme' },
      { wwn: 'eui.0025385b71b0d7c1', transport: 'nvme', model: 'Other' },
      false,
    ],
    [
      'an NVMe with two ports',
      { wwn: 'eui.0025385b71b0d7c1', transport: 'nvme' },
      { wwn: 'eui.0025385b71b0d7c1', transport: 'nvme' },
      true,
    ],
    [
      'two namespaces of one NVMe',
      { wwn: 'nvme.1b36-64-51-00000001', transport: 'nvme' },
      { wwn: 'nvme.1b36-64-51-00000002', transport: 'nvme' },
      false,
    ],
  ];
  for (const [name, one, other, expected] of rows) {
    const [a, b] = [sas('/dev/sda', one), sas('/dev/sdb', other)];
    t.equal(isSameDisk(a, b), expected, name);
    t.equal(isSameDisk(b, a), expected, `${name}, the other way round`);
  }
});

t.test('members that are ways to one disk', async t => {
  const [sda, sdb, sdc] = [sas('/dev/sda'), sas('/dev/sdb'), sas('/dev/sdc', { serial: 'Z2' })];
  t.same(
    waysTo(sda, [sda, sdb, sdc]).map(({ path }) => path),
    ['/dev/sda', '/dev/sdb'],
  );
  t.match(multipathMembers([sda, sdc, sdb]), [
    {
      code: 'DISK_AMBIGUOUS',
      problem:
        '/dev/sda and /dev/sdb have the same world wide name 0x5000c500a1b2c3d4 and serial number Z1: they are 2 paths to one disk (multipath)',
      remedy: /"\/dev\/disk\/by-path\/sda" for \/dev\/sda, or "\/dev\/disk\/by-path\/sdb" for \/dev\/sdb/,
    },
  ]);
  t.same(multipathMembers([sda, sdc]), []);
});
