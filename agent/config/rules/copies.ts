import { placeOf, valueAt, type Located } from '../located.ts';
import type { Path, Problem } from '../report.ts';

/** What `disks.copies` excludes elsewhere in the configuration: whatever would be the same on every copy, and must not be. Pure. */

/** Settings of one machine, and what to do with each. */
const ofOneMachine: readonly { path: Path; message: string; remedy: string }[] = [
  {
    path: ['machineId'],
    message: 'would be the same on every copy of the disk',
    remedy: 'leave it out: each copy generates its own',
  },
  {
    path: ['ssh', 'hostKeys'],
    message: 'would be the same on every copy of the disk',
    remedy: 'leave them out: each copy generates its own',
  },
  {
    path: ['network', 'interfaces'],
    message: 'belong to one machine, and the disk is copied to many',
    remedy:
      'leave them out: copies use DHCP and router advertisements, until they become the system of their name',
  },
  {
    path: ['system', 'storePath'],
    message: 'is a system that was built without the first start of a copy',
    remedy: 'give its flake as system.flake',
  },
  {
    path: ['system', 'impermanence'],
    message: 'makes the machine id a part of the system, which all copies share',
    remedy: 'leave it out',
  },
  {
    path: ['system', 'trial'],
    message: 'is about one first start, and each copy has one of its own',
    remedy: 'leave it out',
  },
];

/** @param merged all sources, before validation */
export function copiesProblems(merged: Located): Problem[] {
  const scalar = (...path: string[]) => {
    const value = valueAt(merged, path);
    return value?.kind === 'scalar' ? value.value : undefined;
  };
  if (scalar('disks', 'copies') !== true) return [];
  const problems = ofOneMachine.filter(({ path }) => isSet(merged, path));
  const devices = valueAt(merged, ['disks', 'devices']);
  const flake = scalar('system', 'flake');
  if (typeof flake === 'string' && /^(path:)?\//.test(flake)) {
    problems.push({
      path: ['system', 'flake'],
      message: 'is sent along, and would be built without the first start of a copy',
      remedy: 'give the address of the flake',
    });
  }
  const isSingle = (scalar('disks', 'layout') ?? 'single') === 'single';
  return [
    ...problems,
    ...(isSingle && (devices?.kind !== 'array' || devices.items.length === 1)
      ? []
      : [
          {
            path: ['disks', 'layout'],
            message: 'is that of several disks or of a flake, and one disk is copied',
            remedy: 'leave it out, and name one disk',
          },
        ]),
  ].map(({ path, message, remedy }) => ({
    code: 'CONFIG_CONFLICT',
    ...placeOf(merged, path),
    message: `${message} (disks.copies)`,
    remedy,
  }));
}

/** Nothing, false, 0 and an empty list ask for nothing. */
function isSet(merged: Located, path: Path): boolean {
  const value = valueAt(merged, path);
  if (value === undefined) return false;
  if (value.kind === 'array') return value.items.length > 0;
  return value.kind !== 'scalar' || (value.value !== false && value.value !== 0 && value.value !== null);
}
