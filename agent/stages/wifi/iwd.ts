import type { Doors } from '../../host/doors.ts';
import { iwdObjects, type IwdObjects } from '../../plan/network/iwd-objects.ts';
import { limits } from '../network-limits.ts';

/** Calls of iwd over the message bus. */

const iwd = { destination: 'net.connman.iwd' } as const;

/** Cards and networks as iwd knows them now; none while it does not answer. */
export async function readIwd({ network }: Doors): Promise<IwdObjects> {
  const reply = await network.callBus(
    { ...iwd, path: '/', interface: 'org.freedesktop.DBus.ObjectManager', member: 'GetManagedObjects' },
    limits.busCall,
  );
  return iwdObjects('values' in reply ? reply.values[0] : undefined);
}

/** Begins a scan; one that runs already is as good. */
export async function scan({ network }: Doors, station: string): Promise<void> {
  await network.callBus(
    { ...iwd, path: station, interface: 'net.connman.iwd.Station', member: 'Scan' },
    limits.busCall,
  );
}

/**
 * Joins a network of which iwd has a file.
 * @returns null once it is joined; else the error's name and text
 */
export async function join({ network }: Doors, path: string): Promise<string | null> {
  const reply = await network.callBus(
    { ...iwd, path, interface: 'net.connman.iwd.Network', member: 'Connect' },
    limits.wifiHandshake,
  );
  return 'values' in reply ? null : `${reply.error}: ${reply.text}`;
}

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
