import type { Config } from '../../config/schema.ts';
import { asDabeiError, reasonsOf, type DabeiError, type ErrorCode } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { Secret } from '../../secret.ts';
import { leastMemTotalBytes } from '../../limits.ts';
import { makePlan } from '../plan.ts';

/** Finds on the old system what the new system would refuse, by making the same plan. Pure. */

/** Codes that preflight.ts reports, with `run`'s options as remedies, the real disks, and the RAM of the firmware's memory map. */
const saidElsewhere = (code: ErrorCode) => /^(DISK_|FIRMWARE_|POOL_NAME_TAKEN$|MEMORY_TOO_SMALL$)/.test(code);

/**
 * All reasons to refuse, except those that only the new system can find: the install state of an earlier installation, the contents of
 * the binary caches, and which gateways answer (docs/errors.md).
 *
 * Planning stops at the first reason, so this function repeats it without each part that may be invalid on its own. Blank disks
 * stand in for the selected ones, so problems of the selection do not hide other reasons.
 * @param facts the old system's facts
 */
export function planRefusals(config: Config, facts: Facts): DabeiError[] {
  if (config.disks === undefined) return [];
  // Only the new system asks the caches. Without the store path, the plan of a prebuilt system does not depend on them.
  const { storePath, substituters, trustedPublicKeys, ...system } = config.system;
  const asked = { ...config, system: storePath === undefined ? config.system : system };
  if (tryPlan(asked, facts).length === 0) return [];
  const onBlankDisks = stubs(asked, facts);
  const { hostId, ...withoutHostId } = onBlankDisks.config;
  const { flake, ...withoutFlake } = onBlankDisks.config.system;
  const variants: [Config, Facts][] = [
    [asked, facts],
    [onBlankDisks.config, onBlankDisks.facts],
    [withoutHostId, onBlankDisks.facts],
    [{ ...onBlankDisks.config, system: withoutFlake }, onBlankDisks.facts],
  ];
  const found = variants.flatMap(([config, facts]) => tryPlan(config, facts));
  const reasons = new Map(found.map(reason => [`${reason.code} ${reason.message}`, reason]));
  return [...reasons.values()].filter(({ code }) => !saidElsewhere(code));
}

function tryPlan(config: Config, facts: Facts): readonly DabeiError[] {
  const memoryBytes = Math.max(facts.memoryBytes, leastMemTotalBytes.install);
  try {
    // The plan does not depend on the value of the key for swap; the installation generates a random one.
    makePlan(config, { ...facts, memoryBytes }, new Secret(Buffer.alloc(32)));
    return [];
  } catch (thrown) {
    return reasonsOf(asDabeiError(thrown, 'planning the installation'));
  }
}

const stubBytes = 2 ** 50;

/** The same configuration for as many empty disks as it selects. The facts contain only these disks. */
function stubs(config: Config, facts: Facts): { config: Config; facts: Facts } {
  const disks = config.disks!;
  const blank = disks.devices.map((_selector, index): Disk => ({
    path: `/dev/disk/by-id/chosen-${index + 1}`,
    aliases: [],
    sizeBytes: stubBytes,
    logicalSectorBytes: 512,
    physicalSectorBytes: 512,
    model: null,
    serial: `${index + 1}`,
    wwn: null,
    transport: 'virtio',
    readOnly: false,
    removable: false,
    bootMedium: false,
    contents: [],
  }));
  const devices = blank.map(({ path }) => path);
  return { config: { ...config, disks: { ...disks, devices } }, facts: { ...facts, disks: blank } };
}
