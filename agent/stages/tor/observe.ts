import type { Doors } from '../../host/doors.ts';
import type { Status } from '../../host/status.ts';
import { onionState, type OnionState } from '../../plan/tor/progress.ts';
import { torPaths } from '../../plan/tor/tor.ts';

/** The onion service as it is now, from files. */

export type ObservedOnion = NonNullable<Status['onion']> & OnionState;

/** @returns null where there is no onion service */
export function observeOnion(doors: Doors, status: Status | null): ObservedOnion | null {
  if (!status?.onion) return null;
  return { ...status.onion, ...onionState(doors.files.readText(torPaths.log) ?? '', isTorRunning(doors)) };
}

export function isTorRunning({ files }: Doors): boolean {
  const pid = files.readText(torPaths.pid)?.trim();
  return pid !== undefined && (files.readText(`/proc/${pid}/cmdline`)?.startsWith(torPaths.program) ?? false);
}
