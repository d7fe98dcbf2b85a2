import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { cleanLine } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import { isErrno, readText } from './files.ts';

/**
 * Only one process at a time changes the machine: it holds a lock until it ends, for any reason.
 *
 * A holder is a process id with the time when that process started, in clock ticks after the start of the machine
 * (proc_pid_stat(5), field 22): so a reused number does not hold the lock. link(2) creates
 * the file atomically with its contents, and fails if another process was first.
 *
 * INVARIANT: no process removes or replaces a lock, so none can remove a new one by mistake. A process that finds the lock of a
 * dead holder claims the next file, whose name contains that holder: of all processes that try, one succeeds.
 */

/** Dead holders since the start of the machine. */
const longestChain = 10_000;

/**
 * Makes this process the only one that changes the machine, until it ends. A second claim has no effect.
 * @throws DabeiError BUSY while another process holds the lock, which it names; FILE if the lock cannot be written
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
    // If the file could not be created, its directory may not be a directory, and rmSync would fail.
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

/** "123 4567": process 123 that started at tick 4567. A truncated or unknown text names no holder. */
function isAlive(held: string): boolean {
  const [, pid, start] = /^(\d{1,10}) (\d+)\n$/.exec(held) ?? [];
  return pid !== undefined && startOf(Number(pid)) === start;
}

/** Clock ticks after the start of the machine; null if the process does not exist or is dead (state Z or X). */
function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // The name in brackets may contain brackets and blanks: count fields after the last bracket.
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
