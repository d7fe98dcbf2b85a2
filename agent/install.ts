import type { Resolution } from './config/resolve.ts';
import { ask } from './stages/report/ask.ts';
import * as stages from './stages/stages.ts';
import { startTor } from './stages/tor/start.ts';
import type { Stage } from './stages/sequence.ts';

/**
 * What dabei does to a machine, in order. A stage that fails ends the sequence, except that the network and SSH are
 * brought up in any case: a machine that nobody can walk up to must say what is wrong with it.
 */
export const installation: readonly Stage[] = [
  { name: 'config', run: stages.config },
  { name: 'network', run: stages.network, always: true },
  { name: 'ssh', run: stages.ssh, always: true },
  { name: 'plan', run: stages.plan },
  // In RAM, where there is enough of it.
  { name: 'evaluate', run: stages.evaluate },
  // Nothing was written so far, and every check is behind us.
  { name: 'nuke-disk', run: stages.nukeDisk },
  { name: 'host-flake', run: stages.carryOut('host-flake') },
  { name: 'install', run: stages.carryOut('install') },
  { name: 'boot-loader', run: stages.carryOut('boot-loader') },
  { name: 'finish', run: stages.finish },
];

/**
 * Before any of the others, if the boot names a configuration by its address, or the firmware a provider: by what is known so far, the
 * network and SSH come up, then dabei asks. The sequence that is asked for follows.
 */
export function arrival({ fetch, learn }: Pick<Resolution, 'fetch' | 'learn'>): readonly Stage[] {
  const asking = [
    ...(learn.metadata === null ? [] : [metadataOf(learn.metadata)]),
    ...(fetch === null ? [] : [{ name: 'config-url', run: stages.configUrl }]),
  ];
  return asking.length === 0 ? [] : [...stagesUpTo('ssh'), ...asking];
}

/** Where a server answers on the link itself, a machine that nobody gave an address asks it for one. */
function metadataOf({ source }: NonNullable<Resolution['learn']['metadata']>): Stage {
  return { name: 'metadata', run: stages.metadata, always: source.linkLocal !== undefined };
}

/** With nothing to install: a shell over SSH, with ZFS, Nix, and the machine's own keys and addresses. */
export const rescue: readonly Stage[] = [...stagesUpTo('ssh'), { name: 'rescue', run: stages.rescue }];

/** The same stages, and an operator's permission before the first of them that writes to a disk. */
export function withAsking(stages: readonly Stage[]): readonly Stage[] {
  return stages.flatMap(stage => (stage.name === 'nuke-disk' ? [{ name: 'ask', run: ask }, stage] : [stage]));
}

const tor: Stage = { name: 'tor', run: startTor, always: true };

/** On an image with Tor: the onion service, once SSH is up. */
export function withTor(stages: readonly Stage[]): readonly Stage[] {
  return stages.flatMap(stage => (stage.name === 'ssh' ? [stage, tor] : [stage]));
}

/** Where dabei asks for a configuration first: after that, because it may give the key. */
export function thenTor(stages: readonly Stage[]): readonly Stage[] {
  return stages.length === 0 ? [] : [...stages, tor];
}

/** Everything up to the point of no return, and the plan in print. */
export const rehearsal: readonly Stage[] = [...stagesUpTo('plan'), { name: 'rescue', run: stages.rescue }];

/** `dabei install` by hand: network and SSH are what we came through. */
export const repetition: readonly Stage[] = installation.filter(({ always }) => !always);

/**
 * `dabei setup`: as by hand, and the keys that were given may log in to this system, too. The plan is the one that was shown; the
 * first write compares the disks with it.
 */
export const guided: readonly Stage[] = installation.filter(({ name }) => name !== 'network');

function stagesUpTo(last: string): readonly Stage[] {
  return installation.slice(0, installation.findIndex(({ name }) => name === last) + 1);
}
