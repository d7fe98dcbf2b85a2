import type { NetworkConfig } from '../config/schema.ts';
import type { Doors } from '../host/doors.ts';
import { hasNeighbour, readLinks, type Gateway } from '../host/machine/links.ts';
import { planNetwork } from '../plan/network/network.ts';

/**
 * Asks gateways for their hardware address until all have answered, or `settle` seconds after the first one did.
 * It does not use ICMP, which many gateways drop; no gateway drops ARP or neighbour solicitations.
 * @param seconds the limit without any answer
 * @returns the gateways that answered
 */
export async function waitForGateways<G extends Gateway>(
  doors: Doors,
  gateways: readonly G[],
  seconds: number,
  settle = 3,
): Promise<G[]> {
  if (gateways.length === 0) return [];
  const { exec, clock } = doors;
  const answered = new Set<G>();
  let first: number | null = null;
  await clock.poll(
    async () => {
      const silent = gateways.filter(gateway => !answered.has(gateway));
      await solicit(exec, silent);
      await clock.sleep(0.2);
      for (const gateway of silent) if (await hasNeighbour(doors, gateway)) answered.add(gateway);
      if (answered.size === gateways.length) return true;
      if (answered.size > 0) first ??= clock.uptimeSeconds();
      return first !== null && clock.uptimeSeconds() - first >= settle ? true : null;
    },
    seconds,
    0.3,
  );
  return gateways.filter(gateway => answered.has(gateway));
}

/** Seconds for a gateway that has been silent for a long time. */
const onceMoreSeconds = 5;

/**
 * Finds the formerly silent gateways that are still configured and still silent.
 * @returns an empty list if any configured gateway answers
 */
export async function stillSilent(
  doors: Doors,
  config: NetworkConfig,
  silent: readonly string[] = [],
): Promise<string[]> {
  if (silent.length === 0) return [];
  const { gateways, missingGateways } = planNetwork(config, await readLinks(doors));
  const answered = await waitForGateways(doors, gateways, onceMoreSeconds, 1);
  if (answered.length > 0) return [];
  const configured = [...gateways.map(({ address }) => address), ...missingGateways];
  return silent.filter(address => configured.includes(address));
}

/** "use" makes the kernel resolve the entry, even if the entry does not exist yet (ip-neighbour(8), NTF_USE). */
async function solicit(exec: Doors['exec'], gateways: readonly Gateway[]): Promise<void> {
  await exec.attempt({
    doing: 'asking the gateways for their hardware addresses',
    argv: ['ip', '-force', '-batch', '-'],
    stdin: gateways.map(({ address, link }) => `neigh replace ${address} dev ${link} use\n`).join(''),
    timeoutSeconds: 10,
  });
}
