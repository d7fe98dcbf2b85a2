import { content, disk } from '../../../../fixtures/disks.ts';
import { locked, medium, pooled, sdb, testSelection, tiny, twinA, used, vda, zvol } from './selection.ts';

testSelection([
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
    name: 'refusals of all members come together',
    disks: [used, sdb, locked],
    config: { layout: 'mirror', devices: ['/dev/sda', '/dev/vdr', '/dev/nowhere'] },
    refused: ['DISK_FOREIGN_DATA', 'DISK_READ_ONLY', 'DISK_NOT_FOUND'],
  },
]);
