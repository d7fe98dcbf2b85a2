import { isPastLastDay, nixosRelease } from '../../config/nixos-release.ts';
import type { Config } from '../../config/schema.ts';

/**
 * Warns about what the generated flake would use: the default release without security updates, or a release and a stateVersion that
 * do not belong together. It does not warn about a flake of the user's own or a prebuilt system.
 * @param now seconds since 1970-01-01 UTC
 * @returns sentences without a full stop
 */
export function releaseWarnings({ system }: Config, now: number): string[] {
  if (system.flake !== undefined || system.storePath !== undefined) return [];
  return [...supportWarnings(system, now), ...stateVersionWarnings(system)];
}

function supportWarnings({ nixpkgs }: Config['system'], now: number): string[] {
  if (nixpkgs !== nixosRelease.nixpkgs || !isPastLastDay(now)) return [];
  const { name, lastDay } = nixosRelease;
  return [
    `NixOS ${name}, the default release of this version of dabei, has had no security updates since ${lastDay}: use a newer ` +
      'version of dabei, or name a supported release in system.nixpkgs and system.stateVersion ' +
      `(${nixosRelease.nixpkgs.replace(name, 'YY.MM')})`,
  ];
}

/**
 * NixOS takes any stateVersion: modules compare it with the releases that they know (nixpkgs, nixos/modules/misc/version.nix). A
 * later one than the release means nothing, until the machine is upgraded and finds data of another format than it expects.
 */
function stateVersionWarnings({ nixpkgs, stateVersion }: Config['system']): string[] {
  const release = releaseOf(nixpkgs);
  if (release === null || release === stateVersion) return [];
  const both = `system.nixpkgs is NixOS ${release}, and system.stateVersion is ${stateVersion}`;
  return [
    // YY.MM sorts as text.
    stateVersion > release
      ? `${both}, whose data formats that release does not know: set system.stateVersion to "${release}", or name a newer ` +
        'release in system.nixpkgs'
      : `${both}: the new machine would use the older release's data formats; set system.stateVersion to "${release}", unless ` +
        `it takes over data of NixOS ${stateVersion}`,
  ];
}

/**
 * The release in a flake reference of nixpkgs, "26.05"; null where it names none, such as unstable or a revision. Channels,
 * branches and tags are called nixos-YY.MM, release-YY.MM, nixpkgs-YY.MM-darwin and YY.MM (nixpkgs, CONTRIBUTING.md); archives of a
 * channel nixos-YY.MM.COUNT.HASH.
 */
function releaseOf(nixpkgs: string): string | null {
  return /(?:^|[/=-])(\d\d\.(?:05|11))(?=$|[/?&#.-])/.exec(nixpkgs)?.[1] ?? null;
}
