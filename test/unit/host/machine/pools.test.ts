import t from 'tap';
import { parsePoolDevices, poolMountPoints } from '../../../../agent/host/machine/pools.ts';

t.test('pools', async t => {
  const text =
    'rpool\t19.5G\n\tmirror-0\t19.5G\t-\n\t/dev/vda4\t-\t-\n\t/dev/vdb4\t-\t-\nlogs\t-\t-\n\t/dev/vdc1\t-\t-\ntank\n\t/dev/sda1\n\t/var/file\n';
  const pools = parsePoolDevices(text, ['rpool', 'tank']);
  t.same(pools.get('rpool'), ['/dev/vda4', '/dev/vdb4', '/dev/vdc1']);
  t.same(pools.get('tank'), ['/dev/sda1']);
  t.equal(parsePoolDevices('', []).size, 0);

  const mounts = [
    'tmpfs /run tmpfs rw 0 0',
    'rpool/local/root /mnt zfs rw,xattr 0 0',
    'rpool/safe/my\\040home /mnt/my\\040home zfs rw 0 0',
    'rpool2/x /x zfs rw 0 0',
    'rpool /pool zfs rw 0 0',
    '/dev/vda2 /mnt/boot vfat rw 0 0',
  ].join('\n');
  t.same(poolMountPoints(mounts, 'rpool'), ['/mnt', '/mnt/my home', '/pool']);
});
