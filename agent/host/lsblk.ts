import { z } from 'zod';
import { DabeiError } from '../errors.ts';
import type { Content, Disk } from '../facts.ts';
import { targetRoot } from '../plan/target.ts';
import { unescapeOctal, type ImportedPool } from './pools.ts';

/** From the output of lsblk(8) and wipefs(8), and what else is known of disks, to disks; pure. */

const nodeJson = z.looseObject({
  path: z.string(),
  'maj:min': z.string().nullish(),
  type: z.string().nullish(),
  size: z.number().nullish(),
  'log-sec': z.number().nullish(),
  'phy-sec': z.number().nullish(),
  model: z.string().nullish(),
  serial: z.string().nullish(),
  wwn: z.string().nullish(),
  tran: z.string().nullish(),
  ro: z.boolean().nullish(),
  rm: z.boolean().nullish(),
  fstype: z.string().nullish(),
  pttype: z.string().nullish(),
  label: z.string().nullish(),
  // util-linux before 2.39 writes [null] for a device that is not mounted.
  mountpoints: z.array(z.string().nullable()).default([]),
  partuuid: z.string().nullish(),
  get children() {
    return z.array(nodeJson).default([]);
  },
});

export type BlockDevice = z.output<typeof nodeJson>;

export interface Signature {
  type: string;
  label: string | null;
}

/** What is known besides lsblk's tree. Keys are kernel paths such as /dev/vda. */
export interface DiskSources {
  /** Device -> links to it, absolute. */
  links: ReadonlyMap<string, readonly string[]>;
  /** Device -> signatures that wipefs found, for devices about which lsblk says nothing. */
  signatures: ReadonlyMap<string, readonly Signature[]>;
  /** Disk -> modules from it to its bus. */
  drivers: ReadonlyMap<string, readonly string[]>;
  pools: readonly ImportedPool[];
  /** The running system is going to be left: what it has mounted does not make a disk the boot medium. */
  leaving?: boolean;
}

/** @throws DabeiError INTERNAL when lsblk's output is not what lsblk(8) describes */
export function parseLsblk(json: string): BlockDevice[] {
  const parsed = z.looseObject({ blockdevices: z.array(nodeJson) }).safeParse(parseJson(json));
  if (parsed.success) return parsed.data.blockdevices;
  throw new DabeiError('INTERNAL', {
    doing: 'reading the output of lsblk',
    problem: z.prettifyError(parsed.error),
  });
}

/**
 * Signatures of `wipefs --json --no-act`, each type once.
 * @throws DabeiError INTERNAL when the output is not what wipefs(8) describes
 */
export function parseWipefs(json: string): Signature[] {
  const schema = z.looseObject({
    signatures: z.array(z.looseObject({ type: z.string(), label: z.string().nullish() })),
  });
  // Some releases print nothing at all for a clean device.
  const parsed = schema.safeParse(json.trim() === '' ? { signatures: [] } : parseJson(json));
  if (!parsed.success) {
    throw new DabeiError('INTERNAL', {
      doing: 'reading the output of wipefs',
      problem: z.prettifyError(parsed.error),
    });
  }
  const byType = new Map<string, Signature>();
  for (const { type, label } of parsed.data.signatures) {
    if (!byType.get(type)?.label) byType.set(type, { type, label: label || null });
  }
  return [...byType.values()];
}

/**
 * The same devices with the mounts of another mount namespace or root directory, where lsblk sees only its own.
 * @param mountinfo a process's /proc/PID/mountinfo (proc_pid_mountinfo(5))
 */
export function withMountsOf(tree: readonly BlockDevice[], mountinfo: string): BlockDevice[] {
  const mounts = parseMountinfo(mountinfo);
  return tree.map(node => ({
    ...node,
    mountpoints: [
      ...node.mountpoints.filter(mountPoint => mountPoint === '[SWAP]'),
      // btrfs has device numbers of its own, and names its device.
      ...mounts
        .filter(({ number, source }) => number === node['maj:min'] || source === node.path)
        .map(({ mountPoint }) => mountPoint),
    ],
    children: withMountsOf(node.children, mountinfo),
  }));
}

/** ID, parent, major:minor, root, mount point, options, optional fields, "-", type, source, options. */
function parseMountinfo(text: string): { number: string; mountPoint: string; source: string }[] {
  return text.split('\n').flatMap(line => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , number, , mountPoint] = before.split(' ');
    const [, source] = after.split(' ');
    if (number === undefined || mountPoint === undefined || source === undefined) return [];
    return [{ number, mountPoint: unescapeOctal(mountPoint), source: unescapeOctal(source) }];
  });
}

/**
 * Leaves, arrays and mapped devices about which lsblk knows no signature: udev may not have looked (its rules for md are not
 * in the image), or libblkid saw several and chose none.
 */
export function blindDevices(tree: readonly BlockDevice[]): string[] {
  const devices = new Set<string>();
  const visit = (node: BlockDevice): void => {
    const isLayer = node.type !== 'disk' && node.type !== 'part';
    if ((isLayer || node.children.length === 0) && !node.fstype && (node.type === 'part' || !node.pttype)) {
      devices.add(node.path);
    }
    node.children.forEach(visit);
  };
  tree.filter(isDisk).forEach(visit);
  return [...devices];
}

export function describeDisks(tree: readonly BlockDevice[], sources: DiskSources): Disk[] {
  return tree.filter(isDisk).map(node => {
    const contents = contentsOf(node, sources);
    const isMounted = contents.some(content => content.mountPoints.some(isForeignMount));
    return {
      path: node.path,
      aliases: [...(sources.links.get(node.path) ?? [])].sort(),
      sizeBytes: node.size!,
      logicalSectorBytes: node['log-sec'] ?? 512,
      physicalSectorBytes: node['phy-sec'] ?? node['log-sec'] ?? 512,
      model: text(node.model),
      serial: text(node.serial),
      wwn: text(node.wwn),
      transport: text(node.tran),
      readOnly: node.ro ?? false,
      removable: node.rm ?? false,
      drivers: sources.drivers.get(node.path) ?? [],
      bootMedium: isMounted && sources.leaving !== true,
      contents,
    };
  });
}

/**
 * A whole disk with something in it. lsblk gives the type "disk" to RAM disks, to network block devices without a
 * server, and to the boot and RPMB areas of eMMC (drivers/mmc/core/block.c), too.
 */
export function isDisk(node: BlockDevice): boolean {
  return (
    node.type === 'disk' &&
    (node.size ?? 0) > 0 &&
    !/^\/dev\/(ram|zram|fd|loop|sr|mtdblock)\d/.test(node.path) &&
    !/^\/dev\/mmcblk\d+(boot\d+|rpmb|gp\d+)$/.test(node.path)
  );
}

/** Whatever dabei itself did not mount: the medium it was started from, or something that a person mounted. */
function isForeignMount(mountPoint: string): boolean {
  return mountPoint !== '[SWAP]' && mountPoint !== targetRoot && !mountPoint.startsWith(`${targetRoot}/`);
}

function contentsOf(disk: BlockDevice, sources: DiskSources): Content[] {
  const contents = topological(disk).flatMap((node): Content[] => {
    const found = sources.signatures.get(node.path) ?? [];
    // A partition's PTTYPE is that of the table it stands in, not of one that it holds.
    const table = node.type === 'part' ? null : text(node.pttype);
    const signature = text(node.fstype) ?? table ?? (found.map(({ type }) => type).join('+') || null);
    const mountPoints = node.mountpoints.filter(mountPoint => mountPoint !== null);
    if (node.path === disk.path && signature === null && mountPoints.length === 0) return [];
    return [
      {
        device: node.path,
        deviceType: node.type ?? 'unknown',
        sizeBytes: node.size ?? 0,
        partUuid: text(node.partuuid)?.toLowerCase() ?? null,
        signature,
        label: text(node.label) ?? found.find(({ label }) => label !== null)?.label ?? null,
        mountPoints,
      },
    ];
  });
  const devices = new Set([disk.path, ...contents.map(({ device }) => device)]);
  for (const pool of sources.pools) {
    if (!pool.devices.some(device => devices.has(device))) continue;
    contents.push({
      device: pool.name,
      deviceType: 'zpool',
      sizeBytes: 0,
      partUuid: null,
      signature: null,
      label: null,
      mountPoints: pool.mountPoints,
    });
  }
  return contents;
}

/** The disk and all that is stacked on it, each once and after everything it stands on: an array has several parents. */
function topological(disk: BlockDevice): BlockDevice[] {
  const nodes = new Map<string, BlockDevice>();
  const children = new Map<string, Set<string>>();
  // lsblk lists a device below each of its parents, but what is stacked on it perhaps only once.
  const collect = (node: BlockDevice): void => {
    nodes.set(node.path, node);
    const known = children.get(node.path) ?? new Set();
    children.set(node.path, known);
    for (const child of node.children) {
      known.add(child.path);
      collect(child);
    }
  };
  collect(disk);
  const finished = new Set<string>();
  const visit = (path: string): void => {
    if (finished.has(path)) return;
    [...children.get(path)!].reverse().forEach(visit);
    finished.add(path);
  };
  visit(disk.path);
  return [...finished].reverse().map(path => nodes.get(path)!);
}

function text(value: string | null | undefined): string | null {
  return value?.trim() || null;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
