import type { Target } from './target.ts';
import { captureTargets } from './targets/capture.ts';
import { closureTargets } from './targets/closure.ts';
import { configTargets } from './targets/config.ts';
import { keyTargets } from './targets/authorized-keys.ts';
import { diskTargets } from './targets/disks.ts';
import { fleetTargets } from './targets/fleet.ts';
import { metadataTargets } from './targets/metadata.ts';
import { plannerTargets } from './targets/planner.ts';

/** Every decoder of what comes from outside, and the planner. */
export const targets: readonly Target[] = [
  ...configTargets,
  ...captureTargets,
  ...keyTargets,
  ...diskTargets,
  ...closureTargets,
  ...fleetTargets,
  ...metadataTargets,
  ...plannerTargets,
];
