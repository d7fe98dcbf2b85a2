import { content, disk } from '../../../../fixtures/disks.ts';
import { sda, sdb, testSelection, ways } from './selection.ts';

testSelection([
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
]);
