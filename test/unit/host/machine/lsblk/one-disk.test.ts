import t from 'tap';
import { node, part, read } from './nodes.ts';

t.test('virtio without a serial number', async t => {
  const links = new Map([['/dev/vda', ['/dev/disk/by-path/virtio-pci-0', '/dev/disk/by-path/pci-0']]]);
  const drivers = new Map([['/dev/vda', ['virtio_blk', 'virtio_pci']]]);
  t.same(read([node('/dev/vda', { tran: 'virtio', model: null, serial: '' })], { links, drivers }), [
    {
      path: '/dev/vda',
      aliases: ['/dev/disk/by-path/pci-0', '/dev/disk/by-path/virtio-pci-0'],
      sizeBytes: 8 * 2 ** 30,
      logicalSectorBytes: 512,
      physicalSectorBytes: 512,
      model: null,
      serial: null,
      wwn: null,
      transport: 'virtio',
      readOnly: false,
      removable: false,
      drivers: ['virtio_blk', 'virtio_pci'],
      bootMedium: false,
      contents: [],
    },
  ]);
});

t.test('NVMe with sectors of 4096 bytes', async t => {
  const [disk] = read([
    node('/dev/nvme0n1', {
      'log-sec': 4096,
      'phy-sec': 4096,
      model: 'SAMSUNG MZVL2  ',
      serial: 'S64D  ',
      wwn: 'eui.002538b',
      tran: 'nvme',
      pttype: 'gpt',
      children: [
        part('/dev/nvme0n1p1', {
          fstype: 'vfat',
          label: 'EFI',
          partuuid: 'ABCDEF00-0000-4000-8000-000000000000',
        }),
      ],
    }),
  ]);
  t.match(disk, {
    logicalSectorBytes: 4096,
    model: 'SAMSUNG MZVL2',
    serial: 'S64D',
    wwn: 'eui.002538b',
    transport: 'nvme',
  });
  t.match(disk!.contents, [
    { device: '/dev/nvme0n1', signature: 'gpt', partUuid: null },
    {
      device: '/dev/nvme0n1p1',
      signature: 'vfat',
      label: 'EFI',
      partUuid: 'abcdef00-0000-4000-8000-000000000000',
    },
  ]);
});

t.test('what a disk says of itself makes no lines', async t => {
  const [disk] = read([
    node('/dev/sda', {
      model: 'A\u001b[2JB\u009b',
      serial: 'S\nerror: x\u2028\u202ey',
      fstype: 'ext4',
      label: 'root\r\n',
    }),
  ]);
  t.match(disk, { model: 'AB', serial: 'S error: x y' });
  t.equal(disk!.contents[0]!.label, 'root');
});
