import { z } from 'zod';
import type { ConfigInput } from '../../config/schema.ts';
import type { RuntimeInfo } from '../host-flake/runtime-info.ts';
import { machineNetwork } from './machine-network.ts';

/**
 * The machine that a rescue entry belongs to: /dabei/machine.json in the entry's archive, which is the machine's runtime-info.json.
 * It contains no secret.
 */
export type RescuedMachine = Pick<
  RuntimeInfo,
  'hostName' | 'domain' | 'hostId' | 'firmware' | 'network' | 'pool' | 'disks' | 'impermanence' | 'report'
>;

/** What dabei itself reads. The network is checked as configuration afterwards (config/). */
const known = z.looseObject({
  version: z.literal(1),
  hostName: z.string(),
  domain: z.string().nullable(),
  hostId: z.string().regex(/^[0-9a-f]{8}$/),
  firmware: z.enum(['bios', 'uefi']),
  network: z.looseObject({ interfaces: z.array(z.looseObject({})) }),
  pool: z
    .looseObject({
      name: z.string(),
      datasets: z.array(z.looseObject({ name: z.string(), mountpoint: z.string().startsWith('/') })),
    })
    .nullable(),
  disks: z.array(
    z.looseObject({
      espPartuuid: z.string(),
      espMountpoint: z.string().startsWith('/'),
      zfsPartuuid: z.string(),
    }),
  ),
  report: z.looseObject({ url: z.url({ protocol: /^https?$/ }) }).optional(),
  impermanence: z.looseObject({ directories: z.array(z.string().startsWith('/')) }).nullable(),
});

/** @returns the machine, or why the text describes none */
export function parseMachine(text: string): RescuedMachine | { problem: string } {
  try {
    const parsed = known.safeParse(JSON.parse(text));
    // Every writer is runtime-info.ts or its owner; what the schema above does not name is used by machineNetwork alone.
    if (parsed.success) return parsed.data as unknown as RescuedMachine;
    return { problem: z.prettifyError(parsed.error).replaceAll('\n', ' ') };
  } catch {
    return { problem: 'it is not valid JSON' };
  }
}

/** What the rescue system takes from the machine, as configuration; the values are checked like any other. */
export function machineConfig(machine: RescuedMachine): Pick<ConfigInput, 'hostName' | 'hostId' | 'network'> {
  const { hostName, domain, hostId, network } = machine;
  const parts = network.interfaces.length === 0 ? { dns: network.dns } : machineNetwork(network);
  return {
    hostName: domain === null ? hostName : `${hostName}.${domain}`,
    hostId,
    network: parts as ConfigInput['network'],
  };
}
