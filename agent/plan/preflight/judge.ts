import { asRefusal, type Problem } from '../../config/report.ts';
import type { Resolution } from '../../config/resolve.ts';
import type { DabeiError } from '../../errors.ts';
import { checkLogin, preflight, type Preflight } from './preflight.ts';
import type { NewSystem, OldSystem } from './systems.ts';
import { defaultRoutes } from '../network/default-routes.ts';
import { releaseWarnings } from '../host-flake/release-warning.ts';
import { planRefusals } from './plan-refusals.ts';

/** Collects all reasons in the configuration, the machine and the plan against leaving a running Linux. Pure. */

export interface Judgement {
  resolution: Resolution;
  /** The configuration to install, perhaps with the stand-in for the passphrase; null if there is none, or if it is refused. */
  config: Resolution['config'];
  installs: boolean;
  /** The passphrase is missing. dabei asks for it if there is no other problem. */
  asksPassphrase: boolean;
  refusals: readonly DabeiError[];
  found: Preflight;
}

/** A configuration file that stands in for the passphrase until the user types it. */
export const standInForPassphrase = {
  path: 'passphrase',
  bytes: Buffer.from('{"disks": {"key": "00000000"}}'),
};

/**
 * @param resolve resolves the configuration, with or without the stand-in as the last file
 * @param old the running system
 * @param image the image to start
 * @param now seconds since 1970-01-01 UTC
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
  // An unreadable source may contain the network, so a missing default route is not certain.
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
    found: {
      ...found,
      warnings: [...unfetched(resolution), ...found.warnings, ...login.warnings, ...release],
    },
  };
}

/** Only the new system fetches the configuration. */
function unfetched({ fetch }: Resolution): string[] {
  if (fetch === null) return [];
  return [
    'the new system fetches its configuration (configUrl), which may erase disks; what it asks for is not checked here',
  ];
}

function isMissingPassphrase({ path, message }: Problem): boolean {
  return path === 'disks.key' && message.startsWith('is missing');
}
