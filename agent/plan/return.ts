import { paths } from '../paths.ts';
import type { RunStep } from './step.ts';

/**
 * Stands before the first step that writes to a disk: the old system may be gone from there on. Where no timer is armed
 * it does nothing; planning does not ask, since a plan without it would be the one mistake that costs the machine.
 */
export const cancelReturn: RunStep = {
  kind: 'run',
  doing: 'cancelling the return to the old system, if the timer is armed',
  argv: [paths.stayProgram, 'erasing'],
  timeoutSeconds: 60,
  remedy: 'nothing has been written yet; see: dabei status',
};
