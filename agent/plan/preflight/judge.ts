import { asRefusal, type Problem } from '../../config/report.ts';
import type { Resolution } from '../../config/resolve.ts';
import type { DabeiError } from '../../errors.ts';
import { checkLogin, preflight, type Preflight } from './preflight.ts';
import type { NewSystem, OldSystem } from './systems.ts';
import { defaultRoutes } from '../network/default-routes.ts';
import { releaseWarnings } from '../host-flake/release-warning.ts';
import { planRefusals } from './plan-refusals.ts';

/** Everything that speaks against leaving a running Linux, of the configuration, the machine and the plan. Pure. */

export interface Judgement {
  resolution: Resolution;
  /** What would be installed, perhaps with a passphrase that is not known yet; null where there is none, or it is refused. */
  config: Resolution['config'];
  installs: boolean;
  /** It is asked for when everything else is right. */
  asksPassphrase: boolean;
  refusals: readonly DabeiError[];
  found: Preflight;
}

/** Stands in for the passphrase that nobody has typed yet. */
export const standInForPassphrase = {
  path: 'passphrase',
  bytes: Buffer.from('{"disks": {"key": "00000000"}}'),
};

/**
 * @param resolve the configuration, with the stand-in as a last file or without
 * @param now seconds since 1970
 */
export function judge(
  resolve: (withPassphrase: boolean) => Resolution,
  old: OldSystem,
  image: NewSystem,
  now: number,
): Judgement {
  const resolution = resolve(false);
  const problems = resolution.problems.filter(problem => !isMissingPassphrase(problem));
  const asksPassphrase = problems.length < resolution.problems.length;
  const installs = resolution.mode === 'install';
  const config = resolution.config ?? (asksPassphrase ? resolve(true).config : null);
  const { network } = config ?? resolution.reachability;
  // What could not be read may have been the network.
  const isUnknown = config === null && network.interfaces.length === 0;
  const found = preflight(config, installs, old, image, isUnknown ? 1 : defaultRoutes(network).length);
  const login = checkLogin(resolution.reachability.rootAuthorizedKeys, installs ? config : null, now);
  const plan = installs && config !== null ? planRefusals(config, old.facts) : [];
  const release = installs && config !== null ? releaseWarnings(config, now) : [];
  return {
    resolution,
    config,
    installs,
    asksPassphrase,
    refusals: [...problems.map(asRefusal), ...found.refusals, ...plan, ...login.refusals],
    found: { ...found, warnings: [...found.warnings, ...login.warnings, ...release] },
  };
}

function isMissingPassphrase({ path, message }: Problem): boolean {
  return path === 'disks.key' && message.startsWith('is missing');
}
