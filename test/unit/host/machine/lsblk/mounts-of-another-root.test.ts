import t from 'tap';
import { growth, growthLimit } from '../../../../support/growth.ts';
import { describeDisks, parseLsblk, withMountsOf } from '../../../../../agent/host/machine/lsblk.ts';
import { node, nothing, part } from './nodes.ts';

t.test('the mounts of another root directory', async t => {
  const tree = parseLsblk(
    JSON.stringify({
      blockdevices: [
        node('/dev/vda', {
          'maj:min': '254:0',
          children: [
            part('/dev/vda1', { 'maj:min': '254:1', fstype: 'ext4', mountpoints: ['/mnt/image'] }),
            part('/dev/vda2', { 'maj:min': '254:2', fstype: 'btrfs' }),
            part('/dev/vda3', { 'maj:min': '254:3', fstype: 'swap', mountpoints: ['[SWAP]'] }),
          ],
        }),
      ],
    }),
  );
  const mountinfo = [
    '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
    '23 22 0:40 /@data /srv/my\\040data rw shared:2 master:3 - btrfs /dev/vda2 rw,subvolid=256',
    '24 22 0:5 / /dev rw - devtmpfs udev rw',
    '',
  ].join('\n');
  const seen = withMountsOf(tree, mountinfo);
  t.strictSame(
    seen[0]!.children.map(({ mountpoints }) => mountpoints),
    [['/'], ['/srv/my data'], ['[SWAP]']],
  );
  t.equal(describeDisks(seen, nothing)[0]!.bootMedium, true);
  t.equal(describeDisks(seen, { ...nothing, leaving: true })[0]!.bootMedium, false, 'it is going to be left');
});

t.test('and with the mounts of one device, of which containers make thousands', async t => {
  const tree = parseLsblk(JSON.stringify({ blockdevices: [node('/dev/sda', { 'maj:min': '8:0' })] }));
  const mounts = (count: number) =>
    Array.from({ length: count }, (_, index) => `1 1 0:30 / /m${index} rw - btrfs /dev/sda rw`).join('\n');
  t.equal(withMountsOf(tree, mounts(50_000))[0]!.mountpoints.length, 50_000);
  const ratio = growth(mounts, text => withMountsOf(tree, text), 5000);
  t.ok(ratio < growthLimit, `${ratio.toFixed(1)} times as long for twice as many`);
});
