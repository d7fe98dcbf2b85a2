import type { Disk } from '../../facts.ts';
import { describeDisk } from '../disks/describe-disk.ts';
import type { Step } from '../step.ts';
import { lvmDirectory } from './layout.ts';

/** The disks that the disko script is not to use. */

/**
 * INVARIANT: all other disks are read-only, for programs, mounts and pools, before the script starts, and stay so until the machine
 * restarts (BLKROSET; for partitions, too, by bdev_read_only of the kernel's include/linux/blkdev.h).
 */
export function protectOthers(others: readonly Disk[]): Step[] {
  return [
    ...others.map((disk): Step => ({
      kind: 'run',
      doing: `protecting ${describeDisk(disk)}`,
      argv: ['blockdev', '--setro', disk.path],
      timeoutSeconds: 60,
      // A volume of a pool that was exported above is gone.
      ...(disk.notHardware === undefined ? {} : { optional: true }),
    })),
    {
      kind: 'write',
      doing: 'hiding all other disks from LVM',
      path: `${lvmDirectory}/lvm.conf`,
      mode: 0o644,
      content: lvmConfiguration(others),
    },
  ];
}

/**
 * lvm.conf(5), devices/global_filter: a device whose names match reject patterns alone does not exist for LVM. Its programs activate
 * every volume group that they see.
 */
export function lvmConfiguration(others: readonly Disk[]): string {
  const patterns = others.map(({ path }) => `"r|^${path}${/\d$/.test(path) ? '(p[0-9]+)?' : '[0-9]*'}$|"`);
  const filter = patterns.length === 0 ? '' : `  global_filter = [ ${patterns.join(', ')} ]\n`;
  return `devices {\n  use_devicesfile = 0\n${filter}}\n`;
}
