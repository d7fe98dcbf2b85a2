import { z } from 'zod';
import { cleanLine } from '../../clean-text.ts';
import { DabeiError } from '../../errors.ts';
import type { Content, Disk } from '../../facts.ts';
import { notHardware, type Attachment } from '../../plan/disks/attachment.ts';
import { targetRoot } from '../../plan/target.ts';
import { unescapeOctal, type ImportedPool } from './pools.ts';

/** From the output of lsblk(8) and wipefs(8), and what else is known of disks, to disks; pure. */

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
  // util-linux before 2.39 writes [null] for a device that is not mounted.
  mountpoints: z.array(z.string().nullable()).default([]),
  partuuid: z.string().nullish(),
  children: z.array(z.unknown()).default([]),
});

/**
 * A device with what is stacked on it. lsblk lists a device below each of its parents; here it is one object, so the tree is a
 * graph, and is walked by `stackOf`, which comes to each device once.
 */
export interface BlockDevice extends Omit<z.output<typeof columnsJson>, 'children'> {
  children: BlockDevice[];
}

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
  /** Disk -> how it is attached. */
  attachments: ReadonlyMap<string, Attachment>;
  pools: readonly ImportedPool[];
  /** The running system is going to be left: what it has mounted does not make a disk the boot medium. */
  leaving?: boolean;
}

/**
 * The devices at the top of `lsblk --json --tree`. Takes time in proportion to the text, however deep it is.
 * @throws DabeiError INTERNAL when lsblk's output is not what lsblk(8) describes
 */
export function parseLsblk(json: string): BlockDevice[] {
  const top: BlockDevice[] = [];
  const devices = new Map<string, BlockDevice>();
  const pending = parseAs(
    z.looseObject({ blockdevices: z.array(z.unknown()) }),
    parseJson(json),
  ).blockdevices.map(node => ({ node, siblings: top }));
  // Grows while it is walked: breadth first, which keeps lsblk's order among siblings.
  for (const { node, siblings } of pending) {
    const { children, ...columns } = parseAs(columnsJson, node);
    const known = devices.get(columns.path);
    const device = known ?? { ...columns, children: [] };
    devices.set(device.path, device);
    siblings.push(device);
    // A device's children may stand at one of its places only.
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
 * A device and all that is stacked on it, each once and after everything it stands on: an array has several parents. A device
 * that is below itself, which no kernel makes, ends the walk there.
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
  const byNumber = new Map<string, string[]>();
  const bySource = new Map<string, string[]>();
  const note = (mounts: Map<string, string[]>, device: string, mountPoint: string): void => {
    const known = mounts.get(device);
    if (known === undefined) mounts.set(device, [mountPoint]);
    else known.push(mountPoint);
  };
  for (const { number, source, mountPoint } of parseMountinfo(mountinfo)) {
    note(byNumber, number, mountPoint);
    // btrfs has device numbers of its own, and names its device.
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
 * What calls itself a disk and has something in it; whether hardware is behind it, `notHardware` decides. Left out without a
 * word: RAM disks and loop devices, which lie on what is listed anyway; and hardware that is no disk: floppies, CDs, the
 * firmware's own flash (mtdblock), the boot and RPMB areas of eMMC (drivers/mmc/core/block.c).
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
  const contents = stackOf(disk).flatMap((node): Content[] => {
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

/** What a disk says of itself goes to consoles and into plans: it makes no lines there, and moves no cursor. */
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
