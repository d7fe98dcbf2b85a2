import type { Config, DisksConfig } from '../config/schema.ts';
import { leastMemTotalBytes } from '../limits.ts';
import { redactTokens } from '../redact-tokens.ts';
import { DabeiError, Refusals, asDabeiError } from '../errors.ts';
import type { Disk, Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';
import { planBootLoader } from './nix/boot-loader.ts';
import { closureRefusals, describeClosure, type Closure, type PrebuiltLayout } from './nix/closure.ts';
import { scriptFaults } from './disko/faults.ts';
import {
  describeLayout,
  diskoStorage,
  fetchEvaluated,
  fetchPrebuilt,
  finishLayout,
  layOutByScript,
  markInstalled,
  scriptShare,
  scriptTooLarge,
} from './disko/steps.ts';
import { formatBytes } from '../format.ts';
import { firmwareFaults } from './disks/firmware.ts';
import { evaluatesFirst, evaluationWarnings, keepLock, planEvaluation } from './nix/evaluate.ts';
import { planHostFlake } from './host-flake/host-flake.ts';
import { planInstall } from './nix/install.ts';
import {
  decide,
  installedAlready,
  nothingFound,
  type Beginning,
  type Found,
  type RecordedStage,
} from './disks/install-state.ts';
import { leaveImage, linkOwnDisk } from './host-flake/copies.ts';
import { describeWifi } from './host-flake/wifi-files.ts';
import { markDone } from './disks/install-state-steps.ts';
import { askedOf, layOut } from './disks/layout.ts';
import { planFinish, planNukeDisk } from './disks/nuke-disk.ts';
import { serialRefusals } from './disks/serial.ts';
import { selectDisks, type Selection } from './disks/select-disks.ts';
import { planTrial, writeRescueFiles } from './rescue/entry.ts';
import { renderStep, type Step } from './step.ts';
import { flakeDirectory, targetRoot } from './target.ts';

/** Stages that the plan has steps for. All of them except "evaluate" write to the disks. */
export const plannedStages = [
  'evaluate',
  'nuke-disk',
  'host-flake',
  'install',
  'boot-loader',
  'finish',
] as const;
export type PlannedStage = (typeof plannedStages)[number];

export interface Plan {
  /** Lines that tell people what will happen. */
  summary: readonly string[];
  warnings: readonly string[];
  /** Whether and why an earlier, unfinished installation is resumed or restarted; null for a new installation. */
  beginning: string | null;
  /** The disks that dabei erases or resumes with, as they were when the plan was made. */
  members: readonly Disk[];
  stages: Readonly<Record<PlannedStage, readonly Step[]>>;
}

/**
 * Chooses the disks and checks memory and firmware.
 * @param found the records of an earlier start on the disks
 * @throws DabeiError CONFIG_SCHEMA if the configuration names no disk
 * @throws Refusals with every reason against the installation
 */
export function chooseDisks(config: Config, facts: Facts, found: Found = nothingFound): Choice {
  if (config.disks === undefined) {
    throw new DabeiError('CONFIG_SCHEMA', {
      doing: 'planning the installation',
      problem: 'no disk is named',
      remedy: 'name the disks in disks.devices; there is no default, because dabei erases them',
    });
  }
  const choice = choose(config, config.disks, facts, found);
  const firmware = firmwareFaults(choice.members, facts);
  const all = [
    ...memoryRefusal(facts),
    ...serialRefusals(config, found),
    ...choice.refusals,
    ...firmware.refusals,
  ];
  if (all.length > 0) throw new Refusals(all);
  const warnings = [...choice.warnings, ...firmware.warnings];
  return { ...choice, warnings };
}

/**
 * Makes the plan from the configuration and the facts. It is a pure function.
 * @param swapKey at least 32 random bytes for swap during the installation
 * @param found the records of an earlier start on the disks
 * @param closure the closure of system.storePath, according to the binary caches
 * @throws DabeiError as chooseDisks; INTERNAL if system.storePath is set and `closure` is missing
 * @throws Refusals with every reason against the installation
 */
export function makePlan(
  config: Config,
  facts: Facts,
  swapKey: Secret,
  found: Found = nothingFound,
  closure?: Closure,
): Plan {
  const { members, warnings, beginning } = chooseDisks(config, facts, found);
  if (config.system.storePath !== undefined && closure === undefined)
    throw new DabeiError('INTERNAL', {
      doing: 'planning the installation',
      problem: 'no binary cache was queried',
    });
  const continues = beginning.kind === 'resume';
  try {
    if (config.disks?.layout === 'disko') return planLayout(config, facts, { members, warnings }, closure);
    const disks = planNukeDisk(config, members, facts, swapKey, continues);
    const tooLarge = closure ? closureRefusals(closure, disks) : [];
    if (tooLarge.length > 0) throw new Refusals(tooLarge);
    const done = (stage: PlannedStage & RecordedStage) =>
      markDone(disks.installState, stage, disks.poolName, members.length);
    const evaluated = !continues && evaluatesFirst(config, facts);
    const keep = evaluated ? [keepLock(`${targetRoot}${flakeDirectory}`)] : [];
    const atBootLoader = continues && beginning.at === 'boot-loader';
    const told = describeBeginning(beginning);
    return {
      summary: [
        ...(told === null ? [] : [told]),
        ...disks.summary,
        ...describeWifi(config.network),
        ...(closure ? describeClosure(closure) : []),
      ],
      warnings: [
        ...warnings,
        ...('warning' in beginning ? [beginning.warning!] : []),
        ...(atBootLoader ? [] : evaluationWarnings(config, facts, disks.installSwapBytes)),
      ],
      beginning: told,
      members,
      stages: {
        evaluate: evaluated ? planEvaluation(config, facts, disks) : [],
        'nuke-disk': disks.steps,
        'host-flake': atBootLoader
          ? []
          : [...planHostFlake(config, facts, disks), ...keep, ...done('host-flake')],
        install: atBootLoader
          ? // The pool may have recorded "install" when an ESP had not. From here on both must say that a boot loader may exist.
            done('install')
          : [
              ...planInstall(config, facts, { closure, evaluated, swapBytes: disks.installSwapBytes }),
              ...done('install'),
            ],
        'boot-loader': [
          // First, so that the boot loader finds them and adds the entry.
          ...(disks.rescue ? writeRescueFiles(members.length) : []),
          ...(disks.copies === undefined ? [] : linkOwnDisk(disks.disks[0]!)),
          ...(disks.trial
            ? planTrial(config, facts, disks.trial, planBootLoader(config, facts, members), members.length)
            : planBootLoader(config, facts, members)),
          ...done('boot-loader'),
        ],
        finish: disks.copies === undefined ? planFinish(disks) : leaveImage(planFinish(disks), disks.members),
      },
    };
  } catch (thrown) {
    throw asDabeiError(thrown, 'planning the installation');
  }
}

/** The flake's own layout: always from the beginning, since only its script knows what is there. */
function planLayout(
  config: Config,
  facts: Facts,
  { members, warnings }: Pick<Choice, 'members' | 'warnings'>,
  closure: Closure | undefined,
): Plan {
  const layout = closure?.disko;
  const faults = layout === undefined ? [] : layoutFaults(config, layout, facts, members);
  if (faults.length > 0) throw new Refusals(faults);
  const storage = diskoStorage(config, members);
  const isFlake = config.system.storePath === undefined;
  return {
    summary: [
      ...describeLayout(config, members, layout),
      ...describeWifi(config.network),
      ...(closure ? describeClosure(closure) : []),
    ],
    warnings: [...warnings, ...evaluationWarnings(config, facts, 0)],
    beginning: null,
    members,
    stages: {
      evaluate: isFlake
        ? planEvaluation(config, facts, storage, fetchEvaluated)
        : layout === undefined
          ? []
          : fetchPrebuilt(config, facts, layout),
      'nuke-disk': layOutByScript(config, members, facts),
      'host-flake': [
        ...planHostFlake(config, facts, storage),
        ...(isFlake ? [keepLock(`${targetRoot}${flakeDirectory}`)] : []),
      ],
      install: planInstall(config, facts, { closure, evaluated: isFlake }),
      'boot-loader': [...planBootLoader(config, facts, members), ...markInstalled(config, members)],
      finish: finishLayout(),
    },
  };
}

function layoutFaults(
  config: Config,
  { script, text }: PrebuiltLayout,
  facts: Facts,
  members: readonly Disk[],
): DabeiError[] {
  const keyFiles = (config.disks?.keyFiles ?? []).map(({ path }) => path);
  // Whether a file is here is looked at before the script runs (stages/disko.ts).
  const faults = scriptFaults(text, { members, disks: facts.disks, keyFiles, isFile: () => true });
  if (script.narBytes <= facts.memoryBytes * scriptShare) return faults;
  const { code, remedy } = scriptTooLarge;
  const problem = `${script.toplevel} and its programs take ${formatBytes(script.narBytes)} of RAM, and the machine has ${formatBytes(facts.memoryBytes)}`;
  return [...faults, new DabeiError(code, { doing: 'planning the layout of the disks', problem, remedy })];
}

export interface Choice extends Selection {
  beginning: Beginning;
}

/**
 * Chooses the disks, and decides whether to resume. The install state counts only if the choice of disks is certain: the only
 * refusals are about data on the disks, which may come from the unfinished installation.
 */
function choose(config: Config, disks: DisksConfig, facts: Facts, found: Found): Choice {
  const selection = selectDisks(disks, facts.disks);
  const certain = selection.refusals.every(({ code }) => code === 'DISK_FOREIGN_DATA');
  const holdsAnything = selection.members.some(({ contents }) => contents.length > 0);
  if (!certain || !holdsAnything) return { ...selection, beginning: { kind: 'fresh' } };
  // Nothing of it can be resumed. What a finished one noted wins over disks.wipe.
  if (disks.layout === 'disko')
    return found.isInstalled
      ? {
          ...selection,
          refusals: [installedAlready()],
          beginning: { kind: 'refuse', reason: installedAlready() },
        }
      : { ...selection, beginning: { kind: 'fresh' } };
  const asked = askedOf(layOut(config, selection.members, facts), disks.wipe);
  const { beginning, own } = decide(asked, found);
  switch (beginning.kind) {
    case 'refuse':
      return { ...selection, refusals: [beginning.reason], beginning };
    case 'resume':
      return { ...selection, refusals: [], beginning };
    default:
      return { ...selectDisks(disks, facts.disks, own), beginning };
  }
}

function describeBeginning(beginning: Beginning): string | null {
  switch (beginning.kind) {
    case 'resume':
      return `resuming the earlier installation at ${beginning.at}: ${beginning.because}`;
    case 'restart':
      return `restarting the earlier installation: ${beginning.because}`;
    default:
      return null;
  }
}

function memoryRefusal({ memoryBytes }: Facts): DabeiError[] {
  if (memoryBytes >= leastMemTotalBytes.install) return [];
  const problem = `${formatBytes(memoryBytes)} of RAM; an installation needs ${formatBytes(leastMemTotalBytes.install)}`;
  return [new DabeiError('MEMORY_TOO_SMALL', { doing: 'planning the installation', problem })];
}

/** Prints the plan: exactly the commands that `dabei install` runs, in order, each with its purpose. */
export function renderPlan(plan: Plan): string {
  const heading = [...plan.summary, ...plan.warnings.map(text => `warning: ${text}`)].join('\n');
  const stages = plannedStages.map(name => {
    const steps = plan.stages[name].map(renderStep).join('\n');
    return `## ${name}\n${steps || '# nothing to do'}`;
  });
  return redactTokens([heading, ...stages].join('\n\n') + '\n');
}
