import type { Config } from '../../config/schema.ts';
import { asDabeiError, reasonsOf, type DabeiError, type ErrorCode } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { Secret } from '../../secret.ts';
import { leastMemTotalBytes } from '../../limits.ts';
import { makePlan } from '../plan.ts';

/** What the new system's plan would refuse, found on the old system by making that very plan. Pure. */

/** Said by preflight.ts, in terms of `run`'s options, of the disks as they are and of the RAM by the firmware's map. */
const saidElsewhere = (code: ErrorCode) => /^(DISK_|FIRMWARE_|POOL_NAME_TAKEN$|MEMORY_TOO_SMALL$)/.test(code);

/**
 * Every reason that does not depend on what only the new system can know: what an earlier installation left on the disks,
 * what the binary caches have, and which gateways answer (docs/errors.md).
 *
 * The plan ends at its first reason, so it is made again without each part that may be wrong by itself. Disks that cannot
 * be chosen yet are no reason to keep silent about the rest: blank ones stand in for them.
 * @param facts of the old system
 */
export function planRefusals(config: Config, facts: Facts): DabeiError[] {
  if (config.disks === undefined) return [];
  // Caches are asked by the new system alone, and everything else about a prebuilt system is planned without them.
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
    // The key of swap is drawn when it is needed; any one makes the same plan.
    makePlan(config, { ...facts, memoryBytes }, new Secret(Buffer.alloc(32)));
    return [];
  } catch (thrown) {
    return reasonsOf(asDabeiError(thrown, 'planning the installation'));
  }
}

const stubBytes = 2 ** 50;

/** The same configuration for as many empty disks as it names, which are all that there is. */
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
