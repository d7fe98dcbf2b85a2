import { z } from 'zod';
import { cleanLine } from '../../clean-text.ts';
import { DabeiError } from '../../errors.ts';
import type { Content, Disk } from '../../facts.ts';
import { notHardware, type Attachment } from '../../plan/disks/attachment.ts';
import { targetRoot } from '../../plan/target.ts';
import { unescapeOctal, type ImportedPool } from './pools.ts';

/** Makes `Disk`s from the output of lsblk(8) and wipefs(8), and from other sources. Pure. */

const columnsJson = z.object({
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
  // Before version 2.39, util-linux prints [null] for a device that is not mounted.
  mountpoints: z.array(z.string().nullable()).default([]),
  partuuid: z.string().nullish(),
  children: z.array(z.unknown()).default([]),
});

/**
 * A device with the devices stacked on it. lsblk lists a device below each of its parents. Here each device is a single object, so the
 * tree is a graph; `stackOf` visits each device once.
 */
export interface BlockDevice extends Omit<z.output<typeof columnsJson>, 'children'> {
  children: BlockDevice[];
}

export interface Signature {
  type: string;
  label: string | null;
}

/** Sources in addition to lsblk's tree. Keys are kernel paths such as /dev/vda. */
export interface DiskSources {
  /** Device -> absolute paths of the links to it. */
  links: ReadonlyMap<string, readonly string[]>;
  /** Device -> signatures found by wipefs, for devices without a signature in lsblk's output. */
  signatures: ReadonlyMap<string, readonly Signature[]>;
  /** Disk -> modules of the devices from the disk to its bus. */
  drivers: ReadonlyMap<string, readonly string[]>;
  /** Disk -> how it is attached. */
  attachments: ReadonlyMap<string, Attachment>;
  pools: readonly ImportedPool[];
  /** The running system is the old system: its mounts do not make a disk the boot medium. */
  leaving?: boolean;
}

/**
 * The top-level devices of `lsblk --json --tree`. The time is linear in the length of the text, for any depth.
 * @throws DabeiError INTERNAL if the text is not valid output of lsblk(8)
 */
export function parseLsblk(json: string): BlockDevice[] {
  const top: BlockDevice[] = [];
  const devices = new Map<string, BlockDevice>();
  const pending = parseAs(
    z.looseObject({ blockdevices: z.array(z.unknown()) }),
    parseJson(json),
  ).blockdevices.map(node => ({ node, siblings: top }));
  // The loop appends to `pending`: a breadth-first walk, which keeps lsblk's order of siblings.
  for (const { node, siblings } of pending) {
    const { children, ...columns } = parseAs(columnsJson, node);
    const known = devices.get(columns.path);
    const device = known ?? { ...columns, children: [] };
    devices.set(device.path, device);
    siblings.push(device);
    // lsblk may list the children of a device with several parents only once.
    for (const child of children) pending.push({ node: child, siblings: device.children });
  }
  for (const device of devices.values()) device.children = [...new Set(device.children)];
  return [...new Set(top)];
}

function parseAs<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DabeiError('INTERNAL', {
    doing: 'reading the output of lsblk',
    problem: z.prettifyError(parsed.error),
  });
}

/**
 * A device and all devices stacked on it, each once and after all its parents; an array has several parents. The walk ignores cycles,
 * which no kernel creates.
 */
function stackOf(device: BlockDevice): BlockDevice[] {
  const finished: BlockDevice[] = [];
  const seen = new Set([device]);
  const path = [{ device, left: [...device.children] }];
  while (path.length > 0) {
    const { device, left } = path.at(-1)!;
    const child = left.pop();
    if (child === undefined) {
      finished.push(device);
      path.pop();
    } else if (!seen.has(child)) {
      seen.add(child);
      path.push({ device: child, left: [...child.children] });
    }
  }
  return finished.reverse();
}

/**
 * Signatures from `wipefs --json --no-act`, each type once.
 * @throws DabeiError INTERNAL if the text is not valid output of wipefs(8)
 */
export function parseWipefs(json: string): Signature[] {
  const schema = z.looseObject({
    signatures: z.array(z.looseObject({ type: z.string(), label: z.string().nullish() })),
  });
  // Some releases print nothing for a device without signatures.
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
 * The same devices with the mount points of another process: lsblk shows only those of its own mount namespace and root directory.
 * @param mountinfo contents of the process's /proc/PID/mountinfo (proc_pid_mountinfo(5))
 */
export function withMountsOf(tree: readonly BlockDevice[], mountinfo: string): BlockDevice[] {
  const byNumber = new Map<string, string[]>();
  const bySource = new Map<string, string[]>();
  const note = (mounts: Map<string, string[]>, device: string, mountPoint: string): void => {
    const known = mounts.get(device);
    if (known === undefined) mounts.set(device, [mountPoint]);
    else known.push(mountPoint);
  };
  for (const { number, source, mountPoint } of parseMountinfo(mountinfo)) {
    note(byNumber, number, mountPoint);
    // btrfs shows device numbers of its own in this file, but also the path of its device.
    note(bySource, source, mountPoint);
  }
  const devices = [...new Set(tree.flatMap(stackOf))];
  const copies = new Map(
    devices.map(device => {
      const mounted = [
        ...(byNumber.get(device['maj:min'] ?? '') ?? []),
        ...(bySource.get(device.path) ?? []),
      ];
      const swap = device.mountpoints.filter(mountPoint => mountPoint === '[SWAP]');
      return [device, { ...device, mountpoints: [...new Set([...swap, ...mounted])] }];
    }),
  );
  for (const copy of copies.values()) copy.children = copy.children.map(child => copies.get(child)!);
  return tree.map(device => copies.get(device)!);
}

/** Fields: ID, parent, major:minor, root, mount point, options, optional fields, "-", type, source, options. */
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
 * Paths of leaves, arrays and mapped devices without a signature in lsblk's output: udev may not have probed them (the image does not
 * have its rules for md), or libblkid found several signatures and chose none.
 */
export function blindDevices(tree: readonly BlockDevice[]): string[] {
  const devices = tree
    .filter(isDisk)
    .flatMap(stackOf)
    .filter(({ type, children, fstype, pttype }) => {
      const isLayer = type !== 'disk' && type !== 'part';
      return (isLayer || children.length === 0) && !fstype && (type === 'part' || !pttype);
    });
  return [...new Set(devices.map(({ path }) => path))];
}

export function describeDisks(tree: readonly BlockDevice[], sources: DiskSources): Disk[] {
  return tree.filter(isDisk).map(node => {
    const contents = contentsOf(node, sources);
    const transport = text(node.tran);
    const attachment = sources.attachments.get(node.path);
    const without = attachment === undefined ? null : notHardware(attachment, transport);
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
      transport,
      readOnly: node.ro ?? false,
      removable: node.rm ?? false,
      drivers: sources.drivers.get(node.path) ?? [],
      ...(without !== null && { notHardware: without }),
      bootMedium: isMounted && sources.leaving !== true,
      contents,
    };
  });
}

/**
 * Whether lsblk calls the device a disk and its size is not 0; `notHardware` decides whether it is hardware. It omits RAM disks, loop
 * devices, whose data is on a listed disk, and other hardware: floppies, CDs, the firmware's own flash (mtdblock), and the boot and
 * RPMB areas of eMMC (drivers/mmc/core/block.c).
 */
export function isDisk(node: BlockDevice): boolean {
  return (
    node.type === 'disk' &&
    (node.size ?? 0) > 0 &&
    !/^\/dev\/(ram|zram|fd|loop|sr|mtdblock)\d/.test(node.path) &&
    !/^\/dev\/mmcblk\d+(boot\d+|rpmb|gp\d+)$/.test(node.path)
  );
}

/** Whether something else than dabei mounted it: the start from the boot medium, or a person. */
function isForeignMount(mountPoint: string): boolean {
  return mountPoint !== '[SWAP]' && mountPoint !== targetRoot && !mountPoint.startsWith(`${targetRoot}/`);
}

function contentsOf(disk: BlockDevice, sources: DiskSources): Content[] {
  const contents = stackOf(disk).flatMap((node): Content[] => {
    const found = sources.signatures.get(node.path) ?? [];
    // A partition's PTTYPE is the type of the table that contains the partition, not of a table inside it.
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

/** Cleans values that the disk supplies: they appear on consoles and in plans, and must not break lines or move the cursor there. */
function text(value: string | null | undefined): string | null {
  return cleanLine(value ?? '').trim() || null;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
