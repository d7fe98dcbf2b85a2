import * as files from '../lib/files.ts';

/** CPU time of a build: of this process and of all its descendants, finished or running. */

/** Clock ticks of a process and of the children that it has waited for. proc(5), /proc/PID/stat */
export interface ProcessTimes {
  pid: number;
  parent: number;
  /** utime, stime, cutime and cstime. */
  ticks: number;
}

/** USER_HZ, in which Linux gives these times to programs on x86 (sysconf(3), _SC_CLK_TCK). */
const ticksPerSecond = 100;

/**
 * Like getrusage(2) with RUSAGE_SELF and RUSAGE_CHILDREN, plus what is still running: a compilation is one child, whose
 * time counts only when it ends.
 */
export function cpuSeconds(): number {
  const processes = files
    .list('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => parseStat(files.readIfThere(`/proc/${pid}/stat`) ?? '') ?? []);
  return ticksOfTree(processes, process.pid) / ticksPerSecond;
}

/** @returns null if there is no such line: a process may end in the meantime */
export function parseStat(stat: string): ProcessTimes | null {
  // The name may contain spaces and parentheses; the fields after it do not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const ticks = [14, 15, 16, 17].reduce((sum, number) => sum + field(number), 0);
  const times = { pid: Number.parseInt(stat), parent: field(4), ticks };
  return Object.values(times).every(Number.isInteger) ? times : null;
}

/** Clock ticks of one process and of everything below it. */
export function ticksOfTree(processes: readonly ProcessTimes[], root: number): number {
  let ticks = 0;
  let level = processes.filter(({ pid }) => pid === root);
  while (level.length > 0) {
    ticks += level.reduce((sum, process) => sum + process.ticks, 0);
    const parents = new Set(level.map(({ pid }) => pid));
    level = processes.filter(({ parent }) => parents.has(parent));
  }
  return ticks;
}
