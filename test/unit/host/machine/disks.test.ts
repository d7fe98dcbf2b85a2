import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { readLinks } from '../../../../agent/host/machine/disks.ts';

/**
 * /dev/disk of machines on which several disks have the same properties. udev makes one link of a name, to the disk that it
 * heard of last, and notes every claim below /run/udev/links (systemd, src/udev/udev-node.c).
 */
const machines: [name: string, links: Record<string, { to: string; claims: string[] }>, kept: string[]][] = [
  ['one disk', { 'by-id/ata-WD_A1': { to: 'sda', claims: ['b8:0'] } }, ['by-id/ata-WD_A1 -> sda']],
  [
    'USB bridges with one serial number for all',
    {
      'by-id/usb-JMicron_0123456789ABCDEF-0:0': { to: 'sdb', claims: ['b8:0', 'b8:16'] },
      'by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0': { to: 'sda', claims: ['b8:0'] },
      'by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0': { to: 'sdb', claims: ['b8:16'] },
    },
    [
      'by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0 -> sda',
      'by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0 -> sdb',
    ],
  ],
  [
    'two SATA disks of one world wide name',
    {
      'by-id/ata-WD_A1': { to: 'sda', claims: ['b8:0'] },
      'by-id/ata-ST_B2': { to: 'sdb', claims: ['b8:16'] },
      'by-id/wwn-0x50014ee2': { to: 'sda', claims: ['b8:16', 'b8:0'] },
    },
    ['by-id/ata-ST_B2 -> sdb', 'by-id/ata-WD_A1 -> sda'],
  ],
  [
    'two namespaces of one NVMe disk, which share the name without a number',
    {
      'by-id/nvme-Samsung_S1': { to: 'nvme0n2', claims: ['b259:0', 'b259:1'] },
      'by-id/nvme-Samsung_S1_1': { to: 'nvme0n1', claims: ['b259:0'] },
      'by-id/nvme-Samsung_S1_2': { to: 'nvme0n2', claims: ['b259:1'] },
    },
    ['by-id/nvme-Samsung_S1_1 -> nvme0n1', 'by-id/nvme-Samsung_S1_2 -> nvme0n2'],
  ],
  [
    'virtio serial numbers, which end after 20 characters',
    { 'by-id/virtio-volume-of-the-web-se': { to: 'vda', claims: ['b254:0', 'b254:16'] } },
    [],
  ],
  [
    'a name with a backslash, as udev writes other characters',
    { 'by-id/ata-a\\x2fb': { to: 'sda', claims: ['b8:0', 'b8:16'] } },
    [],
  ],
  [
    'names of what is written on a disk',
    { 'by-id/lvm-pv-uuid-x': { to: 'sda', claims: ['b8:0'] }, 'by-id/md-name-a': { to: 'md0', claims: ['b9:0'] } },
    [],
  ],
]; // prettier-ignore

for (const [name, links, kept] of machines) {
  t.test(name, async t => {
    const root = t.testdir();
    for (const [link, { to, claims }] of Object.entries(links)) {
      const noted = join(root, 'run/udev/links', `disk/${link}`.replaceAll('\\', '\\x5c').replaceAll('/', '\\x2f'));
      mkdirSync(noted, { recursive: true });
      for (const claim of claims) writeFileSync(join(noted, claim), '');
      for (const directory of ['by-id', 'by-path']) mkdirSync(join(root, 'dev/disk', directory), { recursive: true });
      writeFileSync(join(root, 'dev', to), '');
      symlinkSync(`../../${to}`, join(root, 'dev/disk', link));
    } // prettier-ignore
    const found = [...readLinks(realDoors, root)].flatMap(([device, names]) =>
      names.map(link => `${link.slice('/dev/disk/'.length)} -> ${device.slice('/dev/'.length)}`),
    );
    t.same(found.sort(), kept);
  });
}
