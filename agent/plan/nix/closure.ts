import { dataMembers } from '../disks/layouts.ts';
import type { PoolLayout } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import { formatBytes } from '../../format.ts';
import type { FileSystem } from '../disko/mounts.ts';
import type { Narinfo } from './narinfo.ts';

/** A system that was built elsewhere: everything that Nix will copy, known before dabei touches a disk. */

export interface Closure {
  toplevel: string;
  /** The caches that answer, in the order in which Nix asks them. */
  substituters: readonly string[];
  paths: number;
  /** Unpacked size: the space in the pool before compression. */
  narBytes: number;
  /** Size of the downloads. */
  fileBytes: number;
  /** Store path -> unpacked size in bytes. */
  sizes: ReadonlyMap<string, number>;
  /** With the layout "disko": the script beside it. */
  disko?: PrebuiltLayout;
  /** The initrd's store path; every ESP gets a copy of its contents. null if the system has no initrd, or dabei does not know it. */
  initrd: string | null;
}

/** The disko script of a system that was built elsewhere, and what it is compared with. */
export interface PrebuiltLayout {
  script: Closure;
  /** The script itself. */
  text: string;
  /** /etc/fstab of the toplevel. */
  fileSystems: readonly FileSystem[];
}

export function closureOf(
  toplevel: string,
  substituters: readonly string[],
  narinfos: readonly Narinfo[],
): Closure {
  const sum = (size: (narinfo: Narinfo) => number) =>
    narinfos.reduce((total, narinfo) => total + size(narinfo), 0);
  return {
    toplevel,
    substituters,
    paths: narinfos.length,
    narBytes: sum(({ narSize }) => narSize),
    fileBytes: sum(({ fileSize }) => fileSize),
    sizes: new Map(narinfos.map(({ storePath, narSize }) => [storePath, narSize])),
    initrd: null,
  };
}

/** Two lines of the plan's summary: size and origin of the copy. */
export function describeClosure(closure: Closure): string[] {
  const { toplevel, paths, narBytes, fileBytes, substituters } = closure;
  return [
    `system: ${toplevel}, built elsewhere, not evaluated`,
    `  ${paths} paths, each signed by a trusted key: ${fileBytes} bytes to fetch (${formatBytes(fileBytes)}), ` +
      `${narBytes} bytes unpacked (${formatBytes(narBytes)}), from ${substituters.join(' and ')}`,
  ];
}

/** The part of a pool that files cannot use: ZFS reserves 1/32 (zfs(4), spa_slop_shift), and metadata takes as much again. */
const overhead = 1 / 16;

/**
 * Bytes that files can use, before compression.
 * @param members bytes of each member's ZFS partition
 * @param reservedBytes bytes of the pool that must stay free
 */
export function poolBytes(layout: PoolLayout, members: readonly number[], reservedBytes: number): number {
  const smallest = Math.min(...members);
  const raw = smallest * dataMembers(layout, members.length);
  return Math.max(0, Math.floor(raw * (1 - overhead)) - reservedBytes);
}

/**
 * Compares the unpacked closure with the disks. A closure that fits only after compression would leave no room for a second
 * generation, and each change of the system needs one.
 * @returns CLOSURE_TOO_LARGE and ESP_TOO_SMALL, if they apply
 */
export function closureRefusals(closure: Closure, room: Room): DabeiError[] {
  const { toplevel, narBytes, sizes, initrd } = closure;
  const initrdBytes = (initrd === null ? undefined : sizes.get(initrd)) ?? 0;
  const refusals: DabeiError[] = [];
  if (narBytes > room.capacityBytes) {
    refusals.push(
      new DabeiError('CLOSURE_TOO_LARGE', {
        doing: 'comparing the prebuilt system with the pool',
        problem:
          `${toplevel} and its dependencies take ${formatBytes(narBytes)}, ` +
          `but the pool has room for ${formatBytes(room.capacityBytes)}`,
        remedy: 'name larger disks, make disks.swap smaller, or build a smaller system',
      }),
    );
  }
  if (initrdBytes > room.espBytes) {
    refusals.push(
      new DabeiError('ESP_TOO_SMALL', {
        doing: 'comparing the prebuilt system with the ESP',
        problem: `its initrd alone takes ${formatBytes(initrdBytes)}, but the ESP has ${formatBytes(room.espBytes)}`,
        remedy: 'make disks.esp larger: every generation takes a kernel and an initrd',
      }),
    );
  }
  return refusals;
}

/** Room on the planned disks, in bytes: in the pool, and on each ESP. */
export interface Room {
  capacityBytes: number;
  espBytes: number;
}
