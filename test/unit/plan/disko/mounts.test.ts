import t from 'tap';
import {
  compareMounts,
  mountsBelow,
  parseFstab,
  type FileSystem,
  type Mount,
} from '../../../../agent/plan/disko/mounts.ts';
import { DabeiError, reasonsOf } from '../../../../agent/errors.ts';

const fs = (mountPoint: string, device: string, fsType: string, ...options: string[]): FileSystem => ({ mountPoint, device, fsType, options }); // prettier-ignore
const mount = (mountPoint: string, source: string, fsType: string, root = '/'): Mount => ({ mountPoint, source, fsType, root }); // prettier-ignore

/** Names of devices, as udev links them. */
const links: Record<string, string> = {
  '/dev/disk/by-partlabel/disk-main-ESP': '/dev/vda1',
  '/dev/disk/by-uuid/12AB-34CD': '/dev/vda1',
  '/dev/disk/by-partlabel/disk-main-root': '/dev/vda2',
  '/dev/mapper/crypted': '/dev/dm-0',
  '/dev/vda1': '/dev/vda1',
  '/dev/vda2': '/dev/vda2',
};

const boot = [fs('/boot', '/dev/disk/by-partlabel/disk-main-ESP', 'vfat', 'umask=0077'), mount('/boot', '/dev/vda1', 'vfat')] as const; // prettier-ignore

t.test('mounts of the kernel', async t => {
  const mountinfo = [
    '20 1 0:19 / / rw - overlay overlay rw,lowerdir=/image',
    '71 20 254:2 / /mnt rw,relatime shared:2 - ext4 /dev/mapper/crypted rw',
    '72 71 0:40 /home /mnt/ho\\040me rw,relatime shared:3 master:1 - btrfs /dev/vda2 rw,subvol=/home',
    '73 71 0:41 / /mnt/x rw - tmpfs t rw',
    '74 71 254:1 / /mnt/x rw - vfat /dev/vda1 rw',
    '75 20 254:1 / /mnty rw - vfat /dev/vda1 rw',
    '',
  ].join('\n');
  t.same(mountsBelow(mountinfo), [
    mount('/', '/dev/mapper/crypted', 'ext4'),
    mount('/ho me', '/dev/vda2', 'btrfs', '/home'),
    mount('/x', '/dev/vda1', 'vfat'),
  ]);
  t.same(mountsBelow(''), []);
});

t.test('/etc/fstab of a NixOS', async t => {
  const text =
    '# This is a generated file.\n\n# Filesystems.\n/dev/disk/by-label/a\\040b / ext4 x-initrd.mount,defaults 0 1\n' +
    'tank/home /home zfs zfsutil 0 0\n\n# Swap devices.\n/dev/vda3 none swap defaults\n';
  t.same(parseFstab(text), [
    fs('/', '/dev/disk/by-label/a b', 'ext4', 'x-initrd.mount', 'defaults'),
    fs('/home', 'tank/home', 'zfs', 'zfsutil'),
  ]);
});

t.test('what is mounted, and what the system will mount', async t => {
  const root = fs('/', '/dev/mapper/crypted', 'ext4');
  const mounted = mount('/', '/dev/mapper/crypted', 'ext4');
  const btrfs = fs('/', '/dev/disk/by-partlabel/disk-main-root', 'btrfs', 'subvol=root', 'compress=zstd');
  const rows: [name: string, expected: FileSystem[], mounts: Mount[], says: RegExp[]][] = [
    ['LUKS', [root, boot[0]], [mounted, boot[1]], []],
    ['by UUID', [root, fs('/boot', 'UUID=12AB-34CD', 'auto')], [mounted, boot[1]], []],
    ['datasets', [fs('/', 'tank/root', 'zfs'), fs('/d', 'tank/d', 'zfs', 'zfsutil')], [mount('/', 'tank/root', 'zfs'), mount('/d', 'tank/d', 'zfs')], []],
    ['a subvolume', [btrfs], [mount('/', '/dev/vda2', 'btrfs', '/root')], []],
    ['a subvolume with a slash', [fs('/', '/dev/vda2', 'btrfs', 'subvol=/root')], [mount('/', '/dev/vda2', 'btrfs', '/root')], []],
    ['one of several devices of a btrfs', [fs('/', '/dev/mapper/crypted', 'btrfs', 'subvol=root')], [mount('/', '/dev/vda2', 'btrfs', '/root')], []],
    ['its other subvolume', [fs('/', '/dev/mapper/crypted', 'btrfs', 'subvol=root')], [mount('/', '/dev/vda2', 'btrfs', '/home')], [/\/root, but .*\/home/]],
    ['a device of another btrfs', [fs('/', '/dev/vda1', 'btrfs')], [mount('/', '/dev/vda2', 'btrfs')], [/\/dev\/vda1/]],
    ['beside, but not a btrfs', [fs('/', '/dev/mapper/crypted', 'ext4')], [mount('/', '/dev/vda2', 'ext4')], [/\/dev\/vda2/]],
    ['a root in RAM, with the disk below', [fs('/', 'none', 'tmpfs'), fs('/nix', '/dev/vda2', 'ext4')], [mount('/', 'none', 'tmpfs'), mount('/nix', '/dev/vda2', 'ext4')], []],
    ['what no script makes', [root, fs('/srv', 'nas:/x', 'nfs'), fs('/a', '/b', 'none', 'bind'), fs('/usb', '/dev/sdz1', 'ext4', 'noauto')], [mounted], []],
    ['a disk that the system starts without', [root, fs('/data', '/dev/disk/by-label/data', 'ext4', 'nofail')], [mounted], []],
    ['another one in its place', [root, fs('/data', '/dev/vda2', 'ext4', 'nofail')], [mounted, mount('/data', '/dev/vda1', 'ext4')], [/\/data is to be/]],
    ['all of it in RAM', [fs('/', 'none', 'tmpfs')], [mount('/', 'none', 'tmpfs')], [/no disk would hold \/nix/]],
    ['a store in RAM', [root, fs('/nix', 'none', 'tmpfs')], [mounted, mount('/nix', 'none', 'tmpfs')], [/no disk would hold \/nix/]],
    ['a store on a bind mount', [fs('/', 'none', 'tmpfs'), fs('/p', '/dev/vda2', 'ext4'), fs('/nix', '/p/nix', 'none', 'bind')], [mount('/', 'none', 'tmpfs'), mount('/p', '/dev/vda2', 'ext4'), mount('/nix', '/dev/vda2', 'ext4', '/nix')], []],
    ['nothing mounted', [root, boot[0]], [], [/\/ is to be \/dev\/mapper\/crypted \(ext4\), but .* mounted nothing/, /\/boot is to be/]],
    ['the ESP is missing', [root, boot[0]], [mounted], [/\/boot is to be .*disk-main-ESP/]],
    ['another device', [root, boot[0]], [mounted, mount('/boot', '/dev/vda2', 'vfat')], [/\/boot .* but \/dev\/vda2 \(vfat, \/\) is mounted/]],
    ['a device that leads nowhere', [fs('/', '/dev/disk/by-label/gone', 'ext4')], [mounted], [/by-label\/gone/]],
    ['two names that lead nowhere', [fs('/', '/dev/disk/by-label/gone', 'ext4')], [mount('/', '/dev/nowhere', 'ext4')], [/by-label\/gone/]],
    ['another type', [fs('/', '/dev/mapper/crypted', 'xfs')], [mounted], [/\(xfs\), but .*ext4/]],
    ['another subvolume', [btrfs], [mount('/', '/dev/vda2', 'btrfs', '/home')], [/\(btrfs\), \/root, but .*\/home/]],
    ['another dataset', [fs('/', 'tank/root', 'zfs')], [mount('/', 'rpool/root', 'zfs')], [/tank\/root.*rpool\/root/]],
    ['one more than the system has', [root], [mounted, boot[1]], [/\/dev\/vda1 \(vfat\) is mounted at \/boot, where the system would not/]],
    ['no root', [boot[0]], [boot[1]], [/does not say what is mounted at \//]],
  ]; // prettier-ignore
  for (const [name, expected, mounts, says] of rows) {
    const reasons = compared(expected, mounts);
    t.equal(reasons.length, says.length, `${name}: ${reasons.map(({ message }) => message).join('; ')}`);
    reasons.forEach((reason, index) => {
      t.equal(reason.code, 'DISKO_MOUNTS');
      t.match(reason.message, says[index], name);
    });
  }
});

function compared(expected: FileSystem[], mounts: Mount[]): readonly DabeiError[] {
  try {
    const pair = ['/dev/vda2', '/dev/dm-0'];
    compareMounts(expected, mounts, {
      resolve: device => links[device] ?? (device.startsWith('/dev/dm-') ? device : null),
      beside: path => (pair.includes(path) ? pair : []),
    });
    return [];
  } catch (thrown) {
    return reasonsOf(thrown as DabeiError);
  }
}
