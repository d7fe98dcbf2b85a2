import { cleanLine } from '../../clean-text.ts';
import { DabeiError, Refusals } from '../../errors.ts';
import { targetRoot } from '../target.ts';

/** Whether what is mounted is what the system will mount: its `fileSystems` against the kernel's list. Pure. */

/** An entry of the system's fileSystems, with the meanings of fstab(5). */
export interface FileSystem {
  mountPoint: string;
  device: string;
  fsType: string;
  options: readonly string[];
}

/** A mounted file system, by proc_pid_mountinfo(5). */
export interface Mount {
  mountPoint: string;
  /** What of the file system is mounted: a path in it, "/" for all of it. */
  root: string;
  fsType: string;
  source: string;
}

/** /etc/fstab of a NixOS: white space is \040, as in the kernel's own lists. */
export function parseFstab(text: string): FileSystem[] {
  return text.split('\n').flatMap(line => {
    const [device = '', mountPoint = '', fsType = '', options = ''] = line.trim().split(/\s+/);
    if (device === '' || device.startsWith('#') || !mountPoint.startsWith('/')) return [];
    return [
      {
        mountPoint: unescapeOctal(mountPoint),
        device: unescapeOctal(device),
        fsType,
        options: options.split(','),
      },
    ];
  });
}

/** ID, parent, major:minor, root, mount point, options, optional fields, "-", type, source, options. */
export function mountsBelow(mountinfo: string, root = targetRoot): Mount[] {
  const mounts = mountinfo.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , within = '', mountPoint = ''] = before.split(' ').map(unescapeOctal);
    const [fsType = '', source = ''] = after.split(' ').map(unescapeOctal);
    const isBelow = mountPoint === root || mountPoint.startsWith(`${root}/`);
    return isBelow
      ? [{ mountPoint: mountPoint.slice(root.length) || '/', root: within, fsType, source }]
      : [];
  });
  // Of several at one place, the last one is on top.
  return [...new Map(mounts.map(mount => [mount.mountPoint, mount])).values()];
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** File systems that lie on no disk. */
const withoutDisk = new Set([
  ...[
    'tmpfs',
    'ramfs',
    'proc',
    'sysfs',
    'devtmpfs',
    'devpts',
    'efivarfs',
    'overlay',
    'none',
    'swap',
    'cgroup2',
  ],
  ...['nfs', 'nfs4', 'cifs', 'smb3', '9p', 'virtiofs', 'ceph', 'debugfs', 'securityfs', 'squashfs'],
]);

/** Bind mounts, network file systems and what people mount themselves: no script of disko makes them. */
function isOnDisk({ fsType, options, device }: FileSystem): boolean {
  const isOther = ['bind', 'rbind', 'noauto', '_netdev'].some(option => options.includes(option));
  return !withoutDisk.has(fsType) && !fsType.startsWith('fuse') && !isOther && device !== 'none';
}

/** What this machine says of names of devices. */
export interface Devices {
  /** Where a name leads to; null where it leads nowhere. */
  resolve: (device: string) => string | null;
  /** All devices of the btrfs that this one belongs to; empty for another one. */
  beside: (path: string) => readonly string[];
}

const doing = 'comparing what is mounted with fileSystems of the system';

/**
 * @param expected all of the system's fileSystems
 * @param mounts those below the target, as `mountsBelow` gives them
 * @throws Refusals of DISKO_MOUNTS: what is missing, what is another one, and what the system would not mount
 */
export function compareMounts(
  expected: readonly FileSystem[],
  mounts: readonly Mount[],
  devices: Devices,
): void {
  const wanted = expected.filter(isOnDisk);
  const remedy =
    'correct disko.devices and fileSystems of the flake: disko defines both, unless disko.enableConfig is false or fileSystems ' +
    'are overridden; then install again with disks.wipe';
  const fault = (problem: string) =>
    new DabeiError('DISKO_MOUNTS', { doing, problem: cleanLine(problem), remedy });
  const faults: DabeiError[] = [];
  if (!expected.some(({ mountPoint }) => mountPoint === '/'))
    faults.push(fault('fileSystems does not say what is mounted at /'));
  for (const fileSystem of wanted) {
    const mount = mounts.find(({ mountPoint }) => mountPoint === fileSystem.mountPoint);
    const what = `${fileSystem.mountPoint} is to be ${fileSystem.device} (${fileSystem.fsType})`;
    if (mount === undefined) {
      // The system starts without it (systemd.mount(5)): a disk of its own, which the layout does not make.
      if (fileSystem.options.includes('nofail')) continue;
      faults.push(fault(`${what}, but the disko script mounted nothing there`));
    } else if (!isSame(fileSystem, mount, devices))
      faults.push(
        fault(
          `${what}${subvolume(fileSystem)}, but ${mount.source} (${mount.fsType}, ${mount.root}) is mounted there`,
        ),
      );
  }
  for (const { mountPoint, source, fsType } of mounts) {
    if (withoutDisk.has(fsType) || expected.some(fileSystem => fileSystem.mountPoint === mountPoint))
      continue;
    faults.push(
      fault(`${source} (${fsType}) is mounted at ${mountPoint}, where the system would not mount it`),
    );
  }
  const store = mountOf('/nix/store', mounts);
  if (faults.length === 0 && (store === undefined || withoutDisk.has(store.fsType)))
    faults.push(fault('no disk would hold /nix: the system would be gone at the next start'));
  if (faults.length > 0) throw new Refusals(faults);
}

/** The mount that a path lies on. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const isAbove = ({ mountPoint }: Mount) =>
    mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
  return mounts.filter(isAbove).sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
}

function isSame(fileSystem: FileSystem, mount: Mount, devices: Devices): boolean {
  const { device, fsType } = fileSystem;
  if (fsType !== 'auto' && fsType !== mount.fsType) return false;
  // A dataset has no device.
  if (mount.fsType === 'zfs') return device === mount.source;
  const path = devices.resolve(linkOf(device));
  const source = devices.resolve(mount.source);
  if (path === null || source === null) return false;
  if (mount.fsType !== 'btrfs') return path === source;
  const subvol = subvolumeOf(fileSystem);
  // Of several devices, the kernel shows one (fs/btrfs/super.c, btrfs_show_devname).
  return (
    (subvol === null || subvol === mount.root) && (path === source || devices.beside(source).includes(path))
  );
}

/** subvol= of btrfs(5), with a slash before it as the kernel shows it; null where none is asked for. */
function subvolumeOf({ options }: FileSystem): string | null {
  const option = options.findLast(name => name.startsWith('subvol='))?.slice('subvol='.length);
  return option === undefined ? null : `/${option.replace(/^\/+/, '')}`;
}

function subvolume(fileSystem: FileSystem): string {
  const name = subvolumeOf(fileSystem);
  return fileSystem.fsType === 'btrfs' && name !== null ? `, ${name}` : '';
}

/** UUID=, LABEL= and the like (mount(8), "Indicating the device and filesystem"), as udev's link. */
function linkOf(device: string): string {
  const [, tag = '', value = ''] = /^(UUID|LABEL|PARTUUID|PARTLABEL|ID)=(.+)$/.exec(device) ?? [];
  return tag === '' ? device : `/dev/disk/by-${tag.toLowerCase()}/${value.replace(/^"(.*)"$/, '$1')}`;
}
