import { isPastLastDay, nixosRelease } from '../../config/nixos-release.ts';
import type { Config } from '../../config/schema.ts';

/**
 * Warns if the generated flake would use the default release, and this release no longer has security updates. It does not warn about
 * the user's own choices: system.flake, a prebuilt system, or another system.nixpkgs.
 * @param now seconds since 1970-01-01 UTC
 * @returns sentences without a full stop
 */
export function releaseWarnings({ system }: Config, now: number): string[] {
  const usesDefault =
    system.flake === undefined && system.storePath === undefined && system.nixpkgs === nixosRelease.nixpkgs;
  if (!usesDefault || !isPastLastDay(now)) return [];
  const { name, lastDay } = nixosRelease;
  return [
    `NixOS ${name}, the default release of this version of dabei, has had no security updates since ${lastDay}: use a newer ` +
      'version of dabei, or name a supported release in system.nixpkgs and system.stateVersion ' +
      `(${nixosRelease.nixpkgs.replace(name, 'YY.MM')})`,
  ];
}
