import type { Doors } from '../../host/doors.ts';
import { iwdObjects, type IwdObjects } from '../../plan/network/iwd-objects.ts';
import { limits } from '../network-limits.ts';

/** Calls of iwd over the message bus. */

const iwd = { destination: 'net.connman.iwd' } as const;

/** Cards and networks as iwd knows them now; none while it does not answer. */
export async function readIwd({ network }: Doors, seconds: number = limits.busCall): Promise<IwdObjects> {
  const reply = await network.callBus(
    { ...iwd, path: '/', interface: 'org.freedesktop.DBus.ObjectManager', member: 'GetManagedObjects' },
    Math.min(seconds, limits.busCall),
  );
  return iwdObjects('values' in reply ? reply.values[0] : undefined);
}

/** Begins a scan; one that runs already is as good. */
export async function scan(
  { network }: Doors,
  station: string,
  seconds: number = limits.busCall,
): Promise<void> {
  await network.callBus(
    { ...iwd, path: station, interface: 'net.connman.iwd.Station', member: 'Scan' },
    Math.min(seconds, limits.busCall),
  );
}

/**
 * Joins a network of which iwd has a file.
 * @returns null once it is joined; else the error's name and text, and whether another attempt may end otherwise: iwd answers so while it
 *   is busy with something else, and a bus without an answer says nothing of the passphrase
 */
export async function join(
  { network }: Doors,
  path: string,
  seconds: number,
): Promise<{ problem: string; isFinal: boolean } | null> {
  const reply = await network.callBus(
    { ...iwd, path, interface: 'net.connman.iwd.Network', member: 'Connect' },
    Math.min(seconds, limits.wifiHandshake),
  );
  if ('values' in reply) return null;
  return { problem: `${reply.error}: ${reply.text}`, isFinal: finalErrors.includes(reply.error) };
}

/** network-api.txt of iwd: the handshake failed, the passphrase is missing, or it has a form that none has. */
const finalErrors = ['Failed', 'NoAgent', 'InvalidFormat'].map(name => `net.connman.iwd.${name}`);

/** Networks that a card sees, the strongest first: path, and strength in hundredths of dBm. */
export async function orderedNetworks({ network }: Doors, station: string): Promise<[path: string, strength: number][]> {
  const reply = await network.callBus(
    { ...iwd, path: station, interface: 'net.connman.iwd.Station', member: 'GetOrderedNetworks' },
    limits.busCall,
  );
  const list = 'values' in reply ? reply.values[0] : undefined;
  return Array.isArray(list)
    ? list.flatMap(each => (Array.isArray(each) ? [[String(each[0]), Number(each[1])] as [string, number]] : []))
    : [];
} // prettier-ignore
