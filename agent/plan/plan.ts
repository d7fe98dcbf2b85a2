import type { Config } from '../config/schema.ts';
import { DabeiError, Refusals, asDabeiError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';
import { planBootLoader } from './boot.ts';
import { formatBytes } from './describe-disk.ts';
import { planHostFlake } from './host-flake.ts';
import { planInstall } from './install.ts';
import { planFinish, planNukeDisk } from './nuke-disk.ts';
import { selectDisks } from './select-disks.ts';
import { renderStep, type Step } from './step.ts';

/** Stages that change the machine. Everything that they do is a step of the plan. */
export const plannedStages = ['nuke-disk', 'host-flake', 'install', 'boot-loader', 'finish'] as const;
export type PlannedStage = (typeof plannedStages)[number];

export interface Plan {
  /** What will happen, in sentences for a person. */
  summary: readonly string[];
  warnings: readonly string[];
  stages: Readonly<Record<PlannedStage, readonly Step[]>>;
}

/** Measured: below it a whole installation ends in the kernel's out-of-memory killer. In bytes of MemTotal. */
export const minimumMemoryBytes = 200 * 2 ** 20;

/**
 * From what was asked and what the machine is to what will be done; pure.
 * @param swapKey 32 random bytes for swap during the installation
 * @throws Refusals with every reason against it
 */
export function makePlan(config: Config, facts: Facts, swapKey: Secret): Plan {
  if (config.disks === undefined) {
    throw new DabeiError('CONFIG_SCHEMA', {
      doing: 'planning the installation',
      problem: 'no disk is named',
      remedy: 'name the disks as disks.devices; there is no default, since they are erased',
    });
  }
  const selection = selectDisks(config.disks, facts.disks);
  const refusals = [...memoryRefusal(facts), ...selection.refusals];
  if (refusals.length > 0) throw new Refusals(refusals);
  try {
    const disks = planNukeDisk(config, selection.members, facts, swapKey);
    return {
      summary: disks.summary,
      warnings: selection.warnings,
      stages: {
        'nuke-disk': disks.steps,
        'host-flake': planHostFlake(config, facts, disks),
        install: planInstall(config, facts),
        'boot-loader': planBootLoader(),
        finish: planFinish(disks),
      },
    };
  } catch (thrown) {
    throw asDabeiError(thrown, 'planning the installation');
  }
}

function memoryRefusal({ memoryBytes }: Facts): DabeiError[] {
  if (memoryBytes >= minimumMemoryBytes) return [];
  const problem = `${formatBytes(memoryBytes)} of RAM, and an installation needs ${formatBytes(minimumMemoryBytes)}`;
  return [new DabeiError('MEMORY_TOO_SMALL', { doing: 'planning the installation', problem })];
}

/** The whole plan as text: exactly the commands that `dabei install` runs, in order, with what each is for. */
export function renderPlan(plan: Plan): string {
  const heading = [...plan.summary, ...plan.warnings.map(text => `warning: ${text}`)].join('\n');
  const stages = plannedStages.map(name => `## ${name}\n${plan.stages[name].map(renderStep).join('\n')}`);
  return [heading, ...stages].join('\n\n') + '\n';
}
