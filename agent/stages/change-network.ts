import type { NetworkConfig } from '../config/schema.ts';
import { asDabeiError, DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { readLinks } from '../host/machine/links.ts';
import { planNetwork } from '../plan/network/network.ts';
import { applyBatch } from './apply-network.ts';
import { stopAsking } from './dynamic.ts';
import { bringUpNetwork, type NetworkOptions, type NetworkResult } from './network.ts';

/** Replaces a network that works by another one: a configuration that was fetched over the first may ask for the second. */

/**
 * Takes the old network away and brings the new one up. If no gateway of the new one answers, dabei returns to the old one, by which
 * people can still log in; the result then has the silent gateways, and planning refuses.
 * @throws DabeiError as `bringUpNetwork`, with the result of the old network as its cause if that one works again
 */
export async function changeNetwork(
  doors: Doors,
  before: NetworkConfig,
  after: NetworkConfig,
  options: NetworkOptions,
): Promise<NetworkResult> {
  const back = async (text: string) => {
    doors.log({ event: 'warning', text: `${text}: dabei returns to the network that it had before` });
    await release(doors, after);
    return bringUpNetwork(doors, before, options);
  };
  await release(doors, before);
  let result: NetworkResult;
  try {
    result = await bringUpNetwork(doors, after, options);
  } catch (thrown) {
    const { code, doing, problem, remedy } = asDabeiError(thrown, 'changing the network');
    const cause = await back(problem).catch(() => (thrown as DabeiError).cause);
    throw new DabeiError(code, { doing, problem, ...(remedy === undefined ? {} : { remedy }), cause });
  }
  if (result.unreachable.length === 0) return result;
  const old = await back(`the new gateways do not answer (${result.unreachable.join(', ')})`);
  return { ...old, unreachable: result.unreachable, warnings: [...old.warnings, ...result.warnings] };
} // prettier-ignore

/** Stops clients, deletes rules, bonds, VLANs and bridges, then addresses and routes of every card. */
async function release(doors: Doors, config: NetworkConfig): Promise<void> {
  const links = await readLinks(doors);
  const { rules } = planNetwork(config, links);
  for (const family of [4, 6] as const)
    await applyBatch(
      doors,
      rules[family].map(line => line.replace(/^rule add /, 'rule del ')),
      `-${family}`,
    );
  const made = links.filter(({ kind }) => kind !== undefined);
  const cards = links.filter(({ kind }) => kind === undefined);
  await stopAsking(doors, links.map(({ name }) => name));
  // What lies on others goes first.
  await applyBatch(doors, made.toReversed().map(({ name }) => `link del dev ${name}`));
  await applyBatch(doors, cards.map(({ name }) => `address flush dev ${name} scope global`));
  await applyBatch(doors, cards.map(({ name }) => `route flush dev ${name}`), '-4');
  // The kernel's own link-local routes stay.
  const given = ['ra', 'static', 'boot'];
  const lines = cards.flatMap(({ name }) => given.map(proto => `route flush dev ${name} proto ${proto}`));
  await applyBatch(doors, lines, '-6');
} // prettier-ignore
