import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Facts } from '../facts.ts';
import { readFacts } from '../host/facts.ts';
import type { Closure } from '../plan/closure.ts';
import { chooseDisks, makePlan, type Plan } from '../plan/plan.ts';
import { Secret } from '../secret.ts';
import { readClosure } from './closure.ts';
import { readJournal } from './journal.ts';
import { inspectToplevel } from './toplevel.ts';

/**
 * Measures the machine, asks the binary caches where a prebuilt system is wanted, and decides everything; changes nothing.
 * @throws Refusals, those that need no network first
 */
export async function measureAndPlan(config: Config): Promise<{ facts: Facts; plan: Plan }> {
  const facts = await readFacts();
  const found = await readJournal(config, facts);
  chooseDisks(config, facts, found);
  const closure = await prebuilt(config, facts);
  return { facts, plan: makePlan(config, facts, new Secret(randomBytes(32)), found, closure) };
}

async function prebuilt(config: Config, facts: Facts): Promise<Closure | undefined> {
  const { storePath, substituters = [], trustedPublicKeys: keys = [] } = config.system ?? {};
  if (storePath === undefined) return undefined;
  const closure = await readClosure({ toplevel: storePath, substituters, keys });
  return { ...closure, initrd: await inspectToplevel(closure, config, facts) };
}
