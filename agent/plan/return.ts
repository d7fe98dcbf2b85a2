import { paths } from '../paths.ts';
import type { RunStep } from './step.ts';

/**
 * INVARIANT: this step comes before the first step that writes to a disk, because the old system may be destroyed from then on, and
 * the return timer would reboot into it. If no timer is armed, the program does nothing. Planning does not check whether a timer
 * is armed: without this step, an armed timer would leave the machine unreachable.
 */
export const cancelReturn: RunStep = {
  kind: 'run',
  doing: 'cancelling the return to the old system, if the timer is armed',
  argv: [paths.stayProgram, 'erasing'],
  timeoutSeconds: 60,
  remedy: 'nothing has been written yet; see: dabei status',
};
