import type { Doors } from '../host/doors.ts';
import { memoryBytes } from '../host/machine/facts.ts';
import { startedByNixosAnywhere } from '../host/old-system/captured.ts';
import { asDabeiError } from '../errors.ts';
import { planStore } from '../plan/nix/store-in-ram.ts';
import { executeSteps } from './execute.ts';

/**
 * Gives /nix/store more room before nixos-anywhere can log in and fill it. Never throws: without it, it is where it was, and
 * `nixos-anywhere --no-disko-deps` needs no more.
 */
export async function prepareStore(doors: Doors): Promise<void> {
  if (!startedByNixosAnywhere(doors)) return;
  try {
    await executeSteps(doors, planStore(memoryBytes(doors)));
  } catch (thrown) {
    const { message } = asDabeiError(thrown, 'preparing /nix/store');
    doors.log({
      event: 'warning',
      text: `${message}; /nix/store has less room: use nixos-anywhere --no-disko-deps`,
    });
  }
}
