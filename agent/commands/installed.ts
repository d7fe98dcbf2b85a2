import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';
import { unlockProgram } from '../plan/host-flake/unlock-program.ts';
import { chooseTrial, confirmedBy, describeHang } from '../plan/rescue/entry.ts';
import type { Session } from '../stages/sequence.ts';
import { waysIn } from '../stages/stages.ts';

/** Until when to log in, and what happens otherwise; nothing without a trial, also where one was planned and cannot be. */
export function trialWords({ files }: Doors, { resolution, facts, plan }: Session): string {
  const { config } = resolution;
  const isBegun = plan?.stages['boot-loader'].some(({ kind }) => kind === 'trial');
  if (config === null || facts === undefined || !isBegun || files.exists(paths.noTrial)) return '';
  const trial = chooseTrial(config, facts);
  if (trial === null) return '';
  const { minutes, confirm, asks } = trial;
  const within = `within ${minutes} minutes of its start`;
  const back =
    'it restarts into the rescue system, which answers at the same address on port 2222 with the host key of stage 1, and stays';
  const said = {
    login: `log in ${within}${asks ? ', unlocking it over SSH counts' : ''}, or ${back}`,
    report: asks
      ? `a login confirms it, and so does the unlocked system once ${confirmedBy(config)}; without a network in stage 1, ${back}`
      : `unless ${confirmedBy(config)} ${within}, ${back}`,
  };
  return `; it is on trial: ${said[confirm]}; ${describeHang(facts)}`;
}

/**
 * How to unlock and reach the installed system, as the end of a sentence after "the machine restarts".
 * @param session with the addresses of this system
 */
export function waysToInstalled(session: Session): string {
  const { config } = session.resolution;
  // A prebuilt system configures its own SSH port, which dabei does not know. It is most likely 22.
  const [host] = waysIn(session, config?.system.storePath === undefined ? undefined : 22);
  const [unlock] = waysIn(session, 2222);
  if (host === undefined) return ' and asks for the passphrase on its console';
  if (config === null || config.disks?.encryption === 'none') return `; reach it with "${host}"`;
  const perhaps = config.disks?.layout === 'disko' ? 'if its layout asks for a passphrase, ' : '';
  const program = `${unlock?.replace('ssh ', 'ssh -t ')} ${unlockProgram(config)}`;
  return `; ${perhaps}unlock it with "${program}", then reach it with "${host}"`;
}
