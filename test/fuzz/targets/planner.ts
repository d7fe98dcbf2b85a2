import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema, type ConfigInput } from '../../../agent/config/schema.ts';
import type { Facts } from '../../../agent/facts.ts';
import { attempt } from '../../../agent/host/exec.ts';
import * as files from '../../../image/lib/files.ts';
import { DabeiError } from '../../../agent/errors.ts';
import { makePlan, plannedStages, renderPlan } from '../../../agent/plan/plan.ts';
import type { Step } from '../../../agent/plan/step.ts';
import { Secret } from '../../../agent/secret.ts';
import { requireNix } from '../../support/nix.ts';
import { randomConfig, randomFacts } from '../configurations.ts';
import { textOf, type BatchTarget, type Outcome, type Target } from '../target.ts';

/** From random configurations and machines to plans: whatever is planned can be executed, and no command shows a secret. */

interface Case {
  config: ConfigInput;
  facts: Facts;
}

const swapKey = 'swapkey-0123456789abcdef01234567';

const planner: BatchTarget = {
  batch: 200,
  name: 'planner',
  generate: random => {
    const facts = randomFacts(random);
    const config = randomConfig(random);
    // Mostly the disks that are there, so that more than a refusal comes of it.
    const devices = facts.disks.map(({ path }) => path);
    const several = devices.length > 2 ? (['mirror', 'raidz1'] as const) : (['mirror'] as const);
    const layout = devices.length === 1 ? ('single' as const) : random.pick(several);
    const fitting = devices.length > 0 && random.chance(0.9);
    const disks = fitting ? { ...config.disks!, devices, layout, wipe: true } : config.disks!;
    return JSON.stringify({ config: { ...config, disks }, facts } satisfies Case);
  },
  decodeAll: async inputs => {
    const outcomes = inputs.map(input => outcomeOf(textOf(input)));
    // Nix takes a third of a second to start: it parses the files of all these plans at once.
    const nixFiles = outcomes.flatMap(({ nixFiles }) => nixFiles);
    if (await parses(nixFiles)) return outcomes.map(({ outcome }) => outcome);
    const results: Outcome[] = [];
    for (const { outcome, nixFiles } of outcomes) {
      const whole = await parses(nixFiles);
      results.push(whole ? outcome : { problem: `Nix does not parse one of:\n${nixFiles.join('\n---\n')}` });
    }
    return results;
  },
  stop: async () => files.remove(directory),
};

/** Of one case, and the Nix files that its plan writes. */
function outcomeOf(text: string): { outcome: Outcome; nixFiles: string[] } {
  const nixFiles: string[] = [];
  try {
    return { outcome: plan(JSON.parse(text) as Case, nixFiles), nixFiles };
  } catch (error) {
    if (error instanceof DabeiError) return { outcome: 'refused', nixFiles: [] };
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: { problem }, nixFiles: [] };
  }
}

function plan({ config, facts }: Case, nixFiles: string[]): Outcome {
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) return 'refused';
  const made = makePlan(parsed.data, facts, new Secret(swapKey));
  const secrets = [config.disks!.key as string, swapKey, ...(config.ssh?.hostKeys ?? [])];
  for (const stage of plannedStages) for (const step of made.stages[stage]) check(step, secrets, nixFiles);
  const text = renderPlan(made);
  if (secrets.some(secret => text.includes(secret))) throw new Error('the printed plan has a secret');
  return 'parsed';
}

function check(step: Step, secrets: readonly string[], nixFiles: string[]): void {
  const words = wordsOf(step);
  const found = words.find(word => word.includes('\0') || secrets.some(secret => word.includes(secret)));
  if (found !== undefined) throw new Error(`${step.doing}: a NUL or a secret in ${JSON.stringify(words)}`);
  if (step.kind !== 'write' || typeof step.content !== 'string') return;
  const { content } = step;
  if (secrets.some(secret => content.includes(secret)) && (step.mode & 0o077) !== 0)
    throw new Error(`${step.path}: a secret in a file that others can read`);
  if (step.path.endsWith('.json')) JSON.parse(content);
  if (step.path.endsWith('.nix') && !parsed.has(content)) nixFiles.push(content);
}

/** What other programs are given, and the names of files. */
function wordsOf(step: Step): readonly string[] {
  switch (step.kind) {
    case 'run':
      return [...step.argv, ...Object.entries(step.env ?? {}).flat()];
    case 'kernel':
      return [step.path, step.value];
    case 'write':
      return [step.path];
    case 'commit':
      return [step.directory, step.message, step.author];
    case 'boot-code':
      return [...step.disks, step.root];
    case 'trial':
      return step.esps;
  }
}

/** There are far fewer different texts than plans. */
const parsed = new Set<string>();
const directory = join(tmpdir(), `dabei-fuzz-${process.pid}`);

/** Whether Nix itself takes every one of the files. */
async function parses(texts: readonly string[]): Promise<boolean> {
  const fresh = [...new Set(texts)].filter(text => !parsed.has(text));
  if (fresh.length === 0) return true;
  const nix = requireNix();
  const paths = fresh.map((text, index) => {
    const path = join(directory, `${index}.nix`);
    files.write(path, text);
    return path;
  });
  const { exitCode } = await attempt({
    doing: 'parsing Nix files',
    argv: [...nix.argv, '--parse', ...paths],
    env: nix.env,
    timeoutSeconds: 120,
  });
  if (exitCode === 0) for (const text of fresh) parsed.add(text);
  return exitCode === 0;
}

export const plannerTargets: Target[] = [planner];
