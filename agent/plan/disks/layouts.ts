import type { PoolLayout } from '../../config/schema.ts';

/** The vdev that ZFS makes for a layout of the configuration. */
export interface LayoutRow {
  /** Least number of disks. For raidz it is one more than ZFS requires, which is parity + 1 (zpoolconcepts(7)). */
  min: number;
  max: number;
  /** How many members may fail without loss of data. */
  parity: number | 'all but one';
  /** The word before the members on the command line of zpool-create(8), from zpoolconcepts(7), "Virtual Devices". */
  vdev: 'mirror' | 'raidz1' | 'raidz2' | 'raidz3' | null;
}

export const layoutTable: Readonly<Record<PoolLayout, LayoutRow>> = {
  single: { min: 1, max: 1, parity: 0, vdev: null },
  mirror: { min: 2, max: Infinity, parity: 'all but one', vdev: 'mirror' },
  raidz1: { min: 3, max: Infinity, parity: 1, vdev: 'raidz1' },
  raidz2: { min: 4, max: Infinity, parity: 2, vdev: 'raidz2' },
  raidz3: { min: 5, max: Infinity, parity: 3, vdev: 'raidz3' },
};

/**
 * How many members' worth of data such a vdev holds.
 * @param members number of disks of the vdev
 */
export function dataMembers(layout: PoolLayout, members: number): number {
  const { parity } = layoutTable[layout];
  return parity === 'all but one' ? 1 : members - parity;
}
