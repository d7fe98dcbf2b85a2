import { DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';
import { confirmedHere, reasonTold } from '../plan/rescue/trial.ts';
import { targetRoot } from '../plan/target.ts';
import { chooseGeneration, listGenerations } from '../stages/rescue/boot-menu.ts';
import { mountPoints, rescuedMachine } from '../stages/rescue/machine.ts';
import { lockAgain, unlockMachine } from '../stages/rescue/unlock.ts';

/** Commands in the rescue system of an installed machine. */

/** A person may work in the installed system for a day. */
const enterSeconds = 86_400;
const journalLines = 200;

/**
 * Without a directory, journalctl takes "the last start" for that of the running kernel, which is the rescue system's, and finds nothing
 * (systemd, src/journal/journalctl-filter.c, add_boot).
 */
const journal = '/var/log/journal';

/** Imports the pool, asks for the passphrase, mounts everything at /mnt. */
export async function unlock(doors: Doors): Promise<string> {
  doors.claim(paths.lock);
  return lines(await unlockMachine(doors));
}

/**
 * This program under the name of the one that asks for the passphrase in stage 1 (nix/host-flake/unlock.sh): who comes after the trial of
 * the first boot has ended finds this system on the same port, behind the same host key. It opens nothing, because whoever typed the
 * passphrase there would wait for the installed system to start.
 */
export function notStage1(doors: Doors): DabeiError {
  const doing = 'unlocking the installed system';
  const { hostName } = rescuedMachine(doors, doing);
  const told = doors.files.readText(paths.trial);
  const why = told === null ? null : reasonTold(told);
  // Until somebody confirms it, a restart leads here again.
  const isOver = why === null || why === confirmedHere;
  return new DabeiError('RESCUE_UNLOCK', {
    doing,
    problem: `this is the rescue system of ${hostName}, not its stage 1${why === null ? '' : `: ${why}`}`,
    remedy:
      `${isOver ? '"reboot" starts' : '"dabei confirm" and then "reboot" start'} the installed system, which asks for the passphrase ` +
      'on this port; or open it here with "dabei unlock"',
  });
}

/** Unmounts and exports. */
export async function lock(doors: Doors): Promise<string> {
  doors.claim(paths.lock);
  return lines(await lockAgain(doors));
}

/** @returns exit code of the shell in the installed system */
export async function enter(doors: Doors): Promise<number> {
  requireUnlocked(doors, 'entering the installed system');
  return doors.exec.interactive({
    doing: 'entering the installed system',
    argv: ['nixos-enter', '--root', targetRoot],
    timeoutSeconds: enterSeconds,
  });
}

/** The warnings of the installed system's last start, from its journal. */
export async function log(doors: Doors): Promise<string> {
  const doing = 'reading the journal of the installed system';
  requireUnlocked(doors, doing);
  const { stdout } = await doors.exec.run({
    doing,
    argv: [
      ...(['nixos-enter', '--root', targetRoot, '--silent', '--'] as const),
      ...['journalctl', '--no-pager', '--quiet', `--directory=${journal}`, '--boot', '--priority=warning'],
      `--lines=${journalLines}`,
    ],
    timeoutSeconds: 120,
    output: 'tail',
  });
  return stdout === '' ? 'the journal has no warning of the last start\n' : stdout;
}

/** Which generations the boot menu has. */
export async function generations(doors: Doors): Promise<string> {
  return lines(await listGenerations(doors));
}

/** @param generation as people wrote it */
export async function bootGeneration(doors: Doors, generation: string, once: boolean): Promise<string> {
  if (!/^[1-9]\d{0,8}$/.test(generation))
    throw new DabeiError('USAGE', {
      doing: 'reading the command line',
      problem: `${JSON.stringify(generation)} is not the number of a generation`,
      remedy: 'dabei generations',
    });
  doors.claim(paths.lock);
  return lines(await chooseGeneration(doors, Number(generation), once));
}

function requireUnlocked(doors: Doors, doing: string): void {
  const { hostName } = rescuedMachine(doors, doing);
  if (mountPoints(doors).has(targetRoot)) return;
  throw new DabeiError('RESCUE_UNLOCK', {
    doing,
    problem: `${hostName} is not mounted at ${targetRoot}`,
    remedy: 'dabei unlock',
  });
}

const lines = (all: readonly string[]) => all.map(line => `${line}\n`).join('');
