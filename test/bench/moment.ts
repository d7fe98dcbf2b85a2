import * as files from '../../image/lib/files.ts';
import type { Machine } from '../vm/harness/machine/machine.ts';

/** How far a machine's start is when something is seen of it. */
export interface Moment {
  /** Since QEMU's start, by the clock on the wall. */
  seconds: number;
  /** Of all threads of QEMU together; what the machine waits for is not in it. */
  cpuSeconds: number;
}

/** Takes the moment. */
export function momentOf(machine: Machine): Moment {
  return {
    seconds: round(machine.seconds()),
    cpuSeconds: round(cpuSecondsIn(files.readText(`/proc/${machine.pid}/stat`))),
  };
}

/** User and system time of a process and all its threads; proc_pid_stat(5), in ticks of 10 ms on every architecture. */
export function cpuSecondsIn(stat: string): number {
  // The second field, the name in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A machine that had to end a program did not have enough memory, even when it went on. */
export const outOfMemory = /Out of memory: Killed process.*/;

/** @throws Error with the kernel's line, when it ended a program for lack of memory */
export function requireNoneKilled(machine: Machine): void {
  const killed = outOfMemory.exec(machine.console.text);
  if (killed !== null) throw new Error(killed[0]);
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10;
