import { readFileSync } from 'node:fs';
import t from 'tap';
import { blindDevices, describeDisks, parseLsblk } from '../../../../../agent/host/machine/lsblk.ts';
import { nothing } from './nodes.ts';

/** Output of lsblk from util-linux 2.41; in remains.json the loop device is called sda. */
function fixture(name: string) {
  return parseLsblk(
    readFileSync(new URL(`../../../../fixtures/lsblk/${name}.json`, import.meta.url), 'utf8'),
  );
}

t.test('real output: a running machine with loop devices and zram', async t => {
  const [disk, ...rest] = describeDisks(fixture('host'), nothing);
  t.same(rest, []);
  t.match(disk, {
    path: '/dev/vda',
    sizeBytes: 274877906944,
    logicalSectorBytes: 512,
    physicalSectorBytes: 4096,
    serial: null,
    readOnly: false,
    bootMedium: true,
    contents: [{ device: '/dev/vda', deviceType: 'disk', mountPoints: ['/'] }],
  });
});

t.test(
  'real output: a disk with remains of LVM, LUKS, swap, and of two that libblkid does not tell',
  async t => {
    const tree = fixture('remains');
    t.same(blindDevices(tree), ['/dev/sda4', '/dev/sda5']);
    const signatures = new Map([
      ['/dev/sda4', [{ type: 'linux_raid_member', label: 'host:md0' }]],
      ['/dev/sda5', [{ type: 'zfs_member', label: null }]],
    ]);
    const [disk] = describeDisks(tree, { ...nothing, signatures });
    t.same(
      disk!.contents.map(content => [content.device, content.signature, content.label]),
      [
        ['/dev/sda', 'gpt', null],
        ['/dev/sda1', 'LVM2_member', null],
        ['/dev/sda2', 'crypto_LUKS', null],
        ['/dev/sda3', 'swap', null],
        ['/dev/sda4', 'linux_raid_member', 'host:md0'],
        ['/dev/sda5', 'zfs_member', null],
      ],
    );
    t.match(disk!.contents[1]!.partUuid, /^[0-9a-f-]{36}$/);
    t.equal(disk!.contents[1]!.sizeBytes, 200 * 2 ** 20);
    t.equal(disk!.bootMedium, false);
  },
);
