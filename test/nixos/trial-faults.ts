import { isDeepStrictEqual } from 'node:util';
import type { RuntimeInfo } from '../../agent/plan/host-flake/runtime-info.ts';
import type { RescueValues } from './rescue-faults.ts';

/** What the first boot on trial (nix/host-flake/trial.nix) makes of a system. */
interface Units {
  [name: string]: {
    after: string[];
    wantedBy: string[];
    conditions: Record<string, string | string[]>;
    dependencies: string;
    staysOnIsolate: boolean;
    variables: string[];
  };
}
export interface TrialValues {
  stage1: Units;
  system: Units;
}

/** One line for each thing that does not hold. */
export function trialFaults(
  { trial, rescue, disks, firmware }: RuntimeInfo,
  { stage1, system }: TrialValues,
  { systemdBoot, grub }: RescueValues,
  initrdModules: readonly string[],
): string[] {
  const menu = firmware === 'uefi' ? systemdBoot : grub;
  if (trial === undefined || !rescue) {
    const isNothing = isDeepStrictEqual({ stage1, system }, { stage1: {}, system: {} });
    return isNothing && !/dabei-trial/.test(systemdBoot + grub) ? [] : ['something of a trial that is none'];
  }
  const esps = disks.map(({ espMountpoint }) => espMountpoint);
  const devices = disks.map(({ espPartuuid }) => `/dev/disk/by-partuuid/${espPartuuid}`);
  const lines = (action: string) => [
    `action=${action}`,
    `asks=${trial.asks ? 'yes' : "''"}`,
    "autologin=''",
    `confirm=${trial.confirm}`,
    `devices=${quoted(devices)}`,
    `esps=${quoted(esps)}`,
    `minutes=${trial.minutes}`,
    'ssh_address=127.0.0.1',
    ...[/^ssh_port=/, `systemd_boot=${firmware === 'uefi' ? 'yes' : "''"}`].filter(
      line => typeof line === 'string',
    ),
  ];
  const own = (units: Units) => units['dabei-trial-stage1'] ?? units['dabei-trial'];
  const fault = (about: string, holds: boolean) => (holds ? [] : [`trial: ${about}`]);
  const has = (units: Units, action: string) =>
    lines(action).every(line => own(units)?.variables.includes(line));
  const order = ['dabei-rescue write', 'dabei-trial', '/bin/rsync '].map(text => menu.indexOf(text));
  return [
    ...fault(`variables of stage 1: ${own(stage1)?.variables.join(' ')}`, has(stage1, 'stage1')),
    ...fault(`variables of the system: ${own(system)?.variables.join(' ')}`, has(system, 'system')),
    ...fault(
      'stage 1 has the driver of the watchdog',
      (trial.watchdog ?? []).every(name => initrdModules.includes(name)),
    ),
    ...fault('the entry comes after the rescue entry', order[1]! > order[0]!),
    ...fault('the entry is copied to the other disks', order[2] === -1 || order[2]! > order[1]!),
    ...fault('stage 1 starts it', own(stage1)?.wantedBy.includes('initrd.target') === true),
    ...fault('the system starts it', own(system)?.wantedBy.includes('sysinit.target') === true),
    ...fault(
      'it has no default dependencies',
      [stage1, system].every(units => own(units)?.dependencies === 'no'),
    ),
    ...fault(
      'it stays where stage 1 ends, or emergency mode begins',
      [stage1, system].every(units => own(units)?.staysOnIsolate === true),
    ),
    ...fault(
      'the system starts that of its own, not what stage 1 has started',
      isDeepStrictEqual([stage1, system].map(Object.keys), [['dabei-trial-stage1'], ['dabei-trial']]),
    ),
    ...fault(
      'the system looks at the ESPs once they are mounted',
      esps.every(esp => own(system)?.after.includes(`${unitName(esp)}.mount`)),
    ),
    ...fault(
      'stage 1 starts it from its entry alone',
      isDeepStrictEqual(own(stage1)?.conditions, { ConditionKernelCommandLine: 'dabei.trial' }),
    ),
    ...fault(
      'the system starts it on trial alone',
      isDeepStrictEqual(own(system)?.conditions, {
        ConditionKernelCommandLine: '|dabei.trial',
        ConditionPathExists: [
          ...esps.map(esp => `|${esp}/dabei/trial`),
          ...(trial.confirm === 'report' ? ['|/var/lib/dabei/trial-report'] : []),
        ],
      }),
    ),
  ];
}

/** Of a mount point (systemd-escape(1)); those of ESPs have no character that would be escaped otherwise. */
const unitName = (path: string) => path.slice(1).replaceAll('-', '\\x2d').replaceAll('/', '-');

/** As lib.escapeShellArg does. */
function quoted(words: readonly string[]): string {
  const text = words.join(' ');
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text}'`;
}
