import { disk } from '../../../../fixtures/disks.ts';
import { sda, sdb, testSelection } from './selection.ts';

const sdc = disk({
  ...sda,
  path: '/dev/sdc',
  aliases: ['/dev/disk/by-id/ata-WDC_WD40_A3'],
  serial: 'A3',
  wwn: '0x50014ee4',
});

testSelection([
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
]);
