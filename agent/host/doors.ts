import * as clock from './clock.ts';
import * as exec from './exec.ts';
import * as files from './files.ts';
import { request } from './http.ts';
import { claim } from './lock.ts';
import { log, type LogEntry } from './log.ts';
import { readBanner } from './tcp.ts';

/**
 * Everything through which dabei learns of the machine and changes it. Whatever has effects takes its doors as the first
 * parameter; main.ts hands out the real ones. A test hands out real ones of which one fails, or of which one is recorded.
 */
export interface Doors {
  readonly exec: Pick<typeof exec, 'run' | 'attempt' | 'startDaemon'>;
  readonly files: typeof files;
  readonly network: { readonly request: typeof request; readonly readBanner: typeof readBanner };
  readonly clock: typeof clock;
  /** Reports a fact to people: log file and consoles. Never throws. */
  readonly log: (entry: LogEntry) => void;
  /** Makes this process the only one that changes the machine (lock.ts). */
  readonly claim: typeof claim;
}

export const realDoors: Doors = { exec, files, network: { request, readBanner }, clock, log, claim };
