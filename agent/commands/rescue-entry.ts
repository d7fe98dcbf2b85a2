import { resolve } from 'node:path';
import { resolveConfiguration } from '../config/resolve.ts';
import { readFacts } from '../host/machine/facts.ts';
import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';
import { refreshFromHere, renewSystem, writeEntry } from '../stages/rescue/renew.ts';
import { readInput } from './session.ts';

/**
 * `dabei rescue-entry`: writes or renews the rescue entry of an installed machine.
 * @param root mount point of the installed system; without it, entries that are there already are renewed
 * @throws DabeiError BUSY; RESCUE_ENTRY; RESCUE_MACHINE
 */
export async function rescueEntry(doors: Doors, root: string | undefined, refresh: boolean): Promise<string> {
  doors.claim(paths.lock);
  return (await work(doors, root, refresh)).map(line => `${line}\n`).join('');
}

async function work(doors: Doors, root: string | undefined, refresh: boolean): Promise<string[]> {
  if (root === undefined) return refresh ? refreshFromHere(doors) : renewSystem(doors);
  // As this system was reached: `run` keeps the old system's addresses.
  const { network, hostName } = resolveConfiguration(readInput(doors)).reachability;
  const { links, firmware, consoles = [] } = await readFacts(doors);
  return writeEntry(doors, resolve(root), refresh, { network, links, firmware, consoles, hostName });
}
