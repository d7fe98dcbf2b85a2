import type { Resolution } from '../config/resolve.ts';
import type { NetworkConfig } from '../config/schema.ts';
import type { Input } from '../config/sources/sources.ts';
import { asDabeiError, reasonsOf, type DabeiError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { updateStatus, type StatusChange } from '../host/status.ts';
import type { Plan } from '../plan/plan.ts';
import type { OnionWish } from '../plan/tor/tor.ts';
import type { NetworkResult } from './network.ts';

/** What stages know, and what they leave for later stages. */
export interface Session {
  /** Replaced once a configuration has arrived from `configUrl`, by metadata or from a seed. */
  resolution: Resolution;
  /** What the resolution was made from, for a second one with what arrives. */
  input?: Input;
  network?: NetworkResult;
  /** The onion service that was started. */
  onion?: { wish: OnionWish; address: string };
  /** The configuration by which the network was brought up, as JSON. */
  networkAsBroughtUp?: NetworkConfig;
  /** Notes that were logged. */
  readonly told?: Set<string>;
  facts?: Facts;
  plan?: Plan;
  /** runtime-info.json of the installed system, before its disks are left; null if it cannot be read. */
  runtimeInfo?: string | null;
}

export interface Stage {
  name: string;
  run: (doors: Doors, session: Session) => Promise<void>;
  /** Run it even if an earlier stage failed. */
  always?: boolean;
}

/**
 * Runs stages in order, and logs the start and end of each.
 * @returns the first failure, after which only the stages marked `always` ran; null if all stages finished
 */
export async function runStages(
  doors: Doors,
  stages: readonly Stage[],
  session: Session,
): Promise<DabeiError | null> {
  const { clock, log } = doors;
  const status = (change: StatusChange) => withoutFail(doors, change);
  let failure: DabeiError | null = null;
  for (const [at, stage] of stages.entries()) {
    if (failure !== null && !stage.always) continue;
    const place = { event: 'stage', index: at + 1, of: stages.length, name: stage.name } as const;
    const started = clock.uptimeSeconds();
    const seconds = () => Math.round((clock.uptimeSeconds() - started) * 10) / 10;
    log({ ...place, state: 'started' });
    if (failure === null) status({ state: 'running', stage: stage.name, index: at + 1, of: stages.length });
    try {
      await stage.run(doors, session);
      log({ ...place, state: 'done', seconds: seconds() });
    } catch (thrown) {
      const error = asDabeiError(thrown, `running the stage ${stage.name}`);
      log({ ...place, state: 'failed', seconds: seconds(), code: error.code });
      for (const { code, doing, problem, remedy } of reasonsOf(error)) {
        log({ event: 'error', code, doing, problem, ...(remedy === undefined ? {} : { remedy }) });
      }
      if (failure === null)
        status({
          state: 'failed',
          stage: stage.name,
          index: at + 1,
          of: stages.length,
          error,
        });
      failure ??= error;
    }
  }
  return failure;
}

/** A failure to write the status must not prevent the network. */
function withoutFail(doors: Doors, change: StatusChange): void {
  try {
    updateStatus(doors, change);
  } catch (thrown) {
    doors.log({ event: 'warning', text: asDabeiError(thrown, 'writing the status').message });
  }
}
