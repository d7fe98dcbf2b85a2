import t from 'tap';
import { selectDisks } from '../../../../agent/plan/disks/select-disks.ts';
import { disksSchema, type DiskSelector } from '../../../../agent/config/schema.ts';
import type { Disk } from '../../../../agent/facts.ts';
import { disk } from '../../../fixtures/disks.ts';

/**
 * Disks whose maker gave them one EUI, as lsblk and udev's links show them once the kernel has taken it from the second
 * (wwid_show in drivers/nvme/host/sysfs.c). No virtual machine can show it: the kernel believes no id of QEMU's NVMe disks
 * (NVME_QUIRK_BOGUS_NID in drivers/nvme/host/pci.c).
 */
const nvme = (number: number, serial: string, id: string, overrides: Partial<Disk> = {}) =>
  disk({
    path: `/dev/nvme${number}n1`,
    aliases: [`/dev/disk/by-id/nvme-${id}`, `/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_${serial}`],
    ...{ transport: 'nvme', model: 'QEMU NVMe Ctrl', serial, wwn: id },
    ...overrides,
  });
const first = nvme(0, 'first', 'eui.0123456789abcdef');
const second = nvme(1, 'second', 'nvme.1b36-7365636f6e64-51454d55204e564d65204374726c-00000001');

/** Of another maker, who bought the same controller. */
const other = { ...second, model: 'Other' };

const both =
  /^"?.*may mean \/dev\/nvme0n1 and \/dev\/nvme1n1: only one of them has an id that its maker gave/;
const rows: [name: string, disks: Disk[], selector: DiskSelector, expected: string | RegExp][] = [
  ['by its link', [first, second], '/dev/disk/by-id/nvme-eui.0123456789abcdef', both],
  ['found in the other order', [second, first], '/dev/disk/by-id/nvme-eui.0123456789abcdef', both],
  ['by the id as world wide name', [first, second], { wwn: 'EUI.0123456789ABCDEF' }, both],
  [
    'and by the transport, which both have',
    [first, second],
    { wwn: 'eui.0123456789abcdef', transport: 'nvme' },
    both,
  ],
  [
    'by the id and the serial number',
    [first, second],
    { wwn: 'eui.0123456789abcdef', serial: 'first' },
    '/dev/nvme0n1',
  ],
  ['by the serial number of either', [first, second], { serial: 'second' }, '/dev/nvme1n1'],
  ['by its other link', [first, second], '/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_first', '/dev/nvme0n1'],
  ['by the name of the kernel', [first, second], '/dev/nvme0n1', '/dev/nvme0n1'],
  ['the id that the kernel made', [first, second], { wwn: second.wwn! }, '/dev/nvme1n1'],
  [
    'a UUID',
    [nvme(0, 'a', 'uuid.6e1b'), nvme(1, 'b', 'nvme.1b36-62-51-00000001')],
    '/dev/disk/by-id/nvme-uuid.6e1b',
    both,
  ],
  [
    'each has an id of its own',
    [first, nvme(1, 'second', 'eui.0123456789abcdf0')],
    '/dev/disk/by-id/nvme-eui.0123456789abcdef',
    '/dev/nvme0n1',
  ],
  ['one without an id is of another model', [first, other], '/dev/disk/by-id/nvme-eui.0123456789abcdef', both],
  ['the same, found in the other order', [other, first], { wwn: 'eui.0123456789abcdef' }, both],
  ['of another model and size, by id and transport', [first, { ...other, sizeBytes: 2 ** 40 }], { wwn: 'eui.0123456789abcdef', transport: 'nvme' }, both],
  ['a stick behind a bridge to NVMe', [first, { ...other, removable: true }], '/dev/disk/by-id/nvme-eui.0123456789abcdef', both],
  ['by the id and the model', [first, other], { wwn: 'eui.0123456789abcdef', model: 'QEMU NVMe Ctrl' }, '/dev/nvme0n1'],
  ['by the id and the size', [first, { ...other, sizeBytes: 2 ** 40 }], { wwn: 'eui.0123456789abcdef', size: { max: 2 ** 39 } }, '/dev/nvme0n1'],
  ['one without an id is not an NVMe', [first, { ...other, transport: 'sata', wwn: null }], '/dev/disk/by-id/nvme-eui.0123456789abcdef', '/dev/nvme0n1'],
  ['two without an id', [{ ...first, wwn: null }, other], '/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_first', '/dev/nvme0n1'],
]; // prettier-ignore

for (const [name, disks, selector, expected] of rows) {
  t.test(name, async t => {
    const { members, refusals } = selectDisks(disksSchema.parse({ devices: [selector] }), disks);
    if (typeof expected === 'string') {
      t.same(refusals, []);
      t.equal(members[0]?.path, expected);
      return;
    }
    t.equal(refusals[0]?.code, 'DISK_AMBIGUOUS');
    t.match(refusals[0]?.problem.replace('nvme1n1 and /dev/nvme0n1', 'nvme0n1 and /dev/nvme1n1'), expected);
    t.match(
      refusals[0]?.remedy,
      /\{"serial":"\w+"\} for \/dev\/nvme\dn1, or \{"serial":"\w+"\} for \/dev\/nvme\dn1/,
    );
  });
}

t.test('by the id and a serial number that both have', async t => {
  const disks = [first, { ...other, serial: 'first' }];
  const selection = selectDisks(
    disksSchema.parse({ devices: [{ wwn: first.wwn!, serial: 'first' }] }),
    disks,
  );
  t.match(selection.refusals, [{ code: 'DISK_AMBIGUOUS', problem: both }]);
  // Neither is the id suggested, which is refused, nor the serial number.
  t.equal(
    selection.refusals[0]?.remedy,
    'set it to "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_first" for /dev/nvme0n1, or ' +
      `{"wwn":"${second.wwn}"} for /dev/nvme1n1`,
  );
});
