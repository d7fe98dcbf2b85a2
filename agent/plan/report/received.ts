import { z } from 'zod';

/** What a receiver of reports stored: one event a line, of one machine or of several. Pure. */

const identity = z.object({
  serial: z.string().nullish(),
  uuid: z.string().nullish(),
  macs: z.array(z.string()).default([]),
});
const eventSchema = z.looseObject({
  name: z.string(),
  origin: z.literal('nix-dabei'),
  machine: identity.default({ macs: [] }),
  runtime_info: z.looseObject({ hostName: z.string() }).optional(),
});

export interface Received {
  /** The last runtime-info.json of each machine. */
  infos: Record<string, unknown>[];
  /** Lines that are not events of dabei. */
  others: number;
}

/** @returns null if no line is an event of dabei, so that it is another kind of file */
export function receivedInfos(text: string): Received | null {
  const infos = new Map<string, Record<string, unknown>>();
  const found: Received = { infos: [], others: 0 };
  let events = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const event = parseEvent(line);
    if (event === null) {
      found.others++;
      continue;
    }
    events++;
    const { runtime_info: info, machine } = event;
    if (info === undefined) continue;
    const { serial = null, uuid = null, macs } = machine;
    const isKnown = serial !== null || uuid !== null || macs.length > 0;
    const key = JSON.stringify(isKnown ? [serial, uuid, macs.toSorted()] : info.hostName);
    // In the order of the last installations.
    infos.delete(key);
    infos.set(key, info);
  }
  return events === 0 ? null : { ...found, infos: [...infos.values()] };
}

function parseEvent(line: string): z.output<typeof eventSchema> | null {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // A line that a full disk cut off.
    return null;
  }
}
