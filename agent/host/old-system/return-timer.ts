import type { Doors } from '../doors.ts';

/** State of the return timer, from its files (image/rootfs/initramfs/return). */
export interface ReturnTimer {
  armed: boolean;
  /** Seconds until the machine restarts; null if the timer is cancelled. */
  secondsLeft: number | null;
  /** "login", "erasing" (the first write of an installation) or "asked" (dabei confirm); null while the timer is armed. */
  cancelledBy: string | null;
}

const state = '/run/dabei/return';

/**
 * @param up seconds since the start of the machine
 * @returns null if the timer was never armed
 */
export function readReturnTimer(
  { files, clock }: Doors,
  directory: string = state,
  up: number = clock.uptimeSeconds(),
): ReturnTimer | null {
  const deadline = files.readText(`${directory}/deadline`);
  if (deadline === null) return null;
  const cancelledBy = files.readText(`${directory}/cancelled`)?.trim() ?? null;
  const secondsLeft = cancelledBy === null ? Math.max(0, Math.ceil(Number(deadline) - up)) : null;
  return { armed: cancelledBy === null, secondsLeft, cancelledBy };
}

export function formatReturnTimer({ secondsLeft, cancelledBy }: ReturnTimer): string {
  if (secondsLeft !== null)
    return `return: to the old system in ${secondsLeft} s unless a login confirms this one; "dabei confirm" cancels the timer\n`;
  return `return: cancelled by ${reasons[cancelledBy ?? ''] ?? cancelledBy}; the machine stays here\n`;
}

const reasons: Readonly<Record<string, string>> = {
  login: 'a login',
  erasing: 'the installation, which writes to disks',
  asked: 'dabei confirm',
};
