import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { cleanLine } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import { isErrno, readText } from './files.ts';

/**
 * One at a time: who changes the machine holds a lock until its end, whatever the end is.
 *
 * A holder is a process id with the time when that process started, in clock ticks after the start of the machine
 * (proc_pid_stat(5), field 22): a number that was given to another process in the meantime holds nothing. The file appears
 * whole or not at all, by link(2), which fails where another one was first.
 *
 * INVARIANT: nobody removes or replaces a lock, so that nobody can remove a fresh one by mistake. Whoever finds one of a dead
 * holder claims the place behind it, whose name is made from that holder: of all who try, one gets it.
 */

/** Dead holders since the start of the machine. */
const longestChain = 10_000;

/**
 * Makes this process the only one that changes the machine, until it ends. Claiming twice is claiming once.
 * @throws DabeiError BUSY while another one runs, with what it is; FILE where the lock cannot be written
 */
export function claim(path: string): void {
  const own = `${process.pid} ${startOf(process.pid)}\n`;
  const fresh = `${path}.${process.pid}`;
  try {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(fresh, own, { mode: 0o644 });
    let place = path;
    for (let dead = 0; dead < longestChain; dead++) {
      if (linked(fresh, place)) return;
      const held = readText(place) ?? '';
      if (held === own) return;
      if (isAlive(held)) throw busy(held);
      place = behind(path, held);
    }
    throw new Error(`more than ${longestChain} holders are dead`);
  } catch (error) {
    if (error instanceof DabeiError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new DabeiError('FILE', { doing: `claiming ${path}`, problem, cause: error });
  } finally {
    // Where it could not be made, its directory may be no directory, which rmSync takes for an error.
    if (fs.existsSync(fresh)) fs.rmSync(fresh);
  }
}

function behind(path: string, held: string): string {
  return `${path}.after.${createHash('sha256').update(held).digest('hex').slice(0, 16)}`;
}

function linked(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** "123 4567": process 123 that started at tick 4567. What a crash cut, or another version wrote, is nobody. */
function isAlive(held: string): boolean {
  const [, pid, start] = /^(\d{1,10}) (\d+)\n$/.exec(held) ?? [];
  return pid !== undefined && startOf(Number(pid)) === start;
}

/** Clock ticks after the start of the machine; null where there is no such process, or only its remains (state Z or X). */
function startOf(pid: number): string | null {
  let stat: string | null;
  try {
    stat = readText(`/proc/${pid}/stat`);
  } catch {
    // It ended while it was read (ESRCH).
    return null;
  }
  // The name in brackets may hold anything, brackets and blanks too: fields are counted behind the last one.
  const [state = '', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === '' || 'ZXx'.includes(state) ? null : (fields[18] ?? null);
}

function busy(held: string): DabeiError {
  const pid = held.split(' ')[0]!;
  const argv = readText(`/proc/${pid}/cmdline`)?.split('\0').slice(1) ?? [];
  const command = cleanLine(argv.join(' '), 200).trim();
  return new DabeiError('BUSY', {
    doing: 'starting',
    problem: `another dabei is already running (PID ${pid}${command === '' ? '' : `, ${command}`})`,
    remedy: 'see "dabei status"; wait until it has finished or failed',
  });
}
