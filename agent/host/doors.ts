import { callBus } from './bus.ts';
import * as clock from './clock.ts';
import * as exec from './exec.ts';
import * as files from './files.ts';
import { dateOf, exchange, request } from './http.ts';
import { claim } from './lock.ts';
import { log, type LogEntry } from './log.ts';
import { readBanner } from './tcp.ts';

/**
 * All functions by which dabei reads and changes the machine. Every function with effects takes the doors as its first parameter;
 * main.ts passes the real ones. A test passes real ones with one door that fails or records its calls.
 */
export interface Doors {
  readonly exec: Pick<typeof exec, 'run' | 'attempt' | 'interactive' | 'startDaemon'>;
  readonly files: typeof files;
  readonly network: {
    readonly request: typeof request;
    readonly exchange: typeof exchange;
    readonly dateOf: typeof dateOf;
    readonly readBanner: typeof readBanner;
    readonly callBus: typeof callBus;
  };
  readonly clock: typeof clock;
  /** Writes an entry to the log file and to the consoles. Never throws. */
  readonly log: (entry: LogEntry) => void;
  /** Acquires the lock for changes of the machine (lock.ts). */
  readonly claim: typeof claim;
}

export const realDoors: Doors = {
  exec,
  files,
  network: { request, exchange, dateOf, readBanner, callBus },
  clock,
  log,
  claim,
};
