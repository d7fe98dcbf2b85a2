import t from 'tap';
import { describeDisk, stablePath, uniqueSelector } from '../../../../agent/plan/disks/describe-disk.ts';
import { formatBytes } from '../../../../agent/format.ts';
import { content, disk } from '../../../fixtures/disks.ts';

t.test('bytes', async t => {
  const rows: [number, string][] = [
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [512 * 2 ** 20, '512 MiB'],
    [20e9, '18.6 GiB'],
    [4e12, '3.6 TiB'],
  ];
  for (const [bytes, words] of rows) t.equal(formatBytes(bytes), words);
});

t.test('stable path', async t => {
  const rows: [string[], string][] = [
    [[], '/dev/vda'],
    [
      ['/dev/disk/by-path/virtio-pci-0000:00:04.0', '/dev/disk/by-path/pci-0000:00:04.0'],
      '/dev/disk/by-path/pci-0000:00:04.0',
    ],
    [['/dev/disk/by-id/wwn-0x5', '/dev/disk/by-path/pci-0'], '/dev/disk/by-id/wwn-0x5'],
    [
      ['/dev/disk/by-id/wwn-0x5', '/dev/disk/by-id/ata-X_1', '/dev/disk/by-id/scsi-SATA_X_1'],
      '/dev/disk/by-id/ata-X_1',
    ],
    [
      ['/dev/disk/by-id/google-boot', '/dev/disk/by-path/pci-0000:00:03.0-scsi-0:0:1:0'],
      '/dev/disk/by-path/pci-0000:00:03.0-scsi-0:0:1:0',
    ],
    [['/dev/disk/by-id/google-boot'], '/dev/vda'],
    [
      ['/dev/disk/by-id/nvme-eui.00', '/dev/disk/by-id/nvme-X_1_1', '/dev/disk/by-id/nvme-X_1'],
      '/dev/disk/by-id/nvme-X_1',
    ],
  ];
  for (const [aliases, expected] of rows) t.equal(stablePath(disk({ aliases })), expected);
});

t.test('in words', async t => {
  t.equal(describeDisk(disk()), '/dev/vda (20 GiB, virtio): empty');
  t.equal(
    describeDisk(
      disk({
        model: 'WDC WD40',
        serial: 'A1',
        transport: null,
        removable: true,
        contents: [
          content('/dev/vda', { deviceType: 'disk', signature: 'gpt' }),
          content('/dev/vda1', { signature: 'swap', mountPoints: ['[SWAP]'] }),
          content('/dev/vda2', { signature: 'ext4', label: 'my root', mountPoints: ['/mnt/a', '/mnt/b'] }),
          content('/dev/vda3'),
          content('/dev/md0', { deviceType: 'raid1' }),
          content('tank', { deviceType: 'zpool' }),
        ],
      }),
    ),
    '/dev/vda (20 GiB, model "WDC WD40", serial "A1", removable): gpt, /dev/vda1 swap in use as swap, ' +
      '/dev/vda2 ext4 "my root" mounted at /mnt/a and /mnt/b, /dev/vda3 unknown, /dev/md0 raid1, tank imported pool',
  );
});

t.test('a mount point makes no lines', async t => {
  const mountPoints = ['/mnt/a\nerror: \u001b[31mx'];
  t.equal(
    describeDisk(disk({ contents: [content('/dev/vda1', { signature: 'ext4', mountPoints })] })),
    '/dev/vda (20 GiB, virtio): /dev/vda1 ext4 mounted at /mnt/a error: x',
  );
});

t.test('a unique selector', async t => {
  const a = disk({ path: '/dev/a', serial: 'S', wwn: 'W1', aliases: [] });
  const b = disk({ path: '/dev/b', serial: 'S', wwn: 'W2', aliases: [] });
  t.equal(uniqueSelector(a, [a]), '{"serial":"S"}');
  t.equal(uniqueSelector(a, [a, b]), '{"wwn":"W1"}');
  t.equal(uniqueSelector(a, [a, { ...b, wwn: 'W1' }]), '"/dev/a"');
});
