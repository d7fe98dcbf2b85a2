import { configSchema, type ConfigInput } from '../../../agent/config/schema.ts';
import type { Facts } from '../../../agent/facts.ts';
import { attempt } from '../../../agent/host/exec.ts';
import { makePlan, plannedStages, renderPlan } from '../../../agent/plan/plan.ts';
import type { Step } from '../../../agent/plan/step.ts';
import { Secret } from '../../../agent/secret.ts';
import { findNix } from '../../support/nix.ts';
import { randomConfig, randomFacts } from '../configurations.ts';
import { textOf, type Target } from '../target.ts';

/** From random configurations and machines to plans: whatever is planned can be executed, and no command shows a secret. */

interface Case {
  config: ConfigInput;
  facts: Facts;
}

const swapKey = 'swapkey-0123456789abcdef01234567';

const planner: Target = {
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
  decode: async input => {
    const { config, facts } = JSON.parse(textOf(input)) as Case;
    const parsed = configSchema.safeParse(config);
    if (!parsed.success) return 'refused';
    const plan = makePlan(parsed.data, facts, new Secret(swapKey));
    const secrets = [config.disks!.key as string, swapKey, ...(config.ssh?.hostKeys ?? [])];
    for (const stage of plannedStages) for (const step of plan.stages[stage]) await check(step, secrets);
    const text = renderPlan(plan);
    if (secrets.some(secret => text.includes(secret))) throw new Error('the printed plan has a secret');
    return undefined;
  },
  // Boot media, read-only and small disks are refused.
  leastParsed: 0.3,
};

async function check(step: Step, secrets: readonly string[]): Promise<void> {
  const words = wordsOf(step);
  const found = words.find(word => word.includes('\0') || secrets.some(secret => word.includes(secret)));
  if (found !== undefined) throw new Error(`${step.doing}: a NUL or a secret in ${JSON.stringify(words)}`);
  if (step.kind !== 'write' || typeof step.content !== 'string') return;
  const { content } = step;
  if (secrets.some(secret => content.includes(secret)) && (step.mode & 0o077) !== 0)
    throw new Error(`${step.path}: a secret in a file that others can read`);
  if (step.path.endsWith('.json')) JSON.parse(content);
  if (step.path.endsWith('.nix')) await requireParses(content);
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
  }
}

const parsed = new Set<string>();

/** By Nix itself; there are far fewer different texts than plans. */
async function requireParses(text: string): Promise<void> {
  if (parsed.has(text)) return;
  const nix = findNix();
  if (nix === null) throw new Error('there is no nix-instantiate: install nix-bin');
  const { exitCode, stderr } = await attempt({
    doing: 'parsing a Nix file',
    argv: [...nix.argv, '--parse', '-'],
    env: nix.env,
    stdin: text,
    timeoutSeconds: 30,
  });
  if (exitCode !== 0) throw new Error(`Nix does not parse:\n${text}\n${stderr}`);
  parsed.add(text);
}

export const plannerTargets: Target[] = [planner];
