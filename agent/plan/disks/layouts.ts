import type { Layout } from '../../config/schema.ts';

/** What a layout of the configuration is to ZFS. */
export interface LayoutRow {
  /** How many disks it takes: ZFS' own minima, except that a mirror of one is a single disk. */
  min: number;
  max: number;
  /** How many members may fail: of a mirror all but one. */
  parity: number | 'all but one';
  /** The word before the members on the command line of zpool-create(8); zpoolconcepts(7), "Virtual Devices". */
  vdev: 'mirror' | 'raidz1' | 'raidz2' | 'raidz3' | null;
}

export const layoutTable: Readonly<Record<Layout, LayoutRow>> = {
  single: { min: 1, max: 1, parity: 0, vdev: null },
  mirror: { min: 2, max: Infinity, parity: 'all but one', vdev: 'mirror' },
  raidz1: { min: 3, max: Infinity, parity: 1, vdev: 'raidz1' },
  raidz2: { min: 4, max: Infinity, parity: 2, vdev: 'raidz2' },
  raidz3: { min: 5, max: Infinity, parity: 3, vdev: 'raidz3' },
};

/** Members' worth of bytes that such a vdev holds. @param members how many it has */
export function dataMembers(layout: Layout, members: number): number {
  const { parity } = layoutTable[layout];
  return parity === 'all but one' ? 1 : members - parity;
}
