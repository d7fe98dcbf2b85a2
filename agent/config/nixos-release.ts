/**
 * The release of NixOS that is the default: of `system.nixpkgs`, of `system.stateVersion`, and of the flakes of this project.
 * When the next release is out, change `name`, `lastDay` and `checkedOn` together; test/unit/documents/nixos-release.test.ts
 * then lists every file that still names the old one.
 */

/** Newest stable release on the day of the check. */
const name = '26.05';

export const nixosRelease = {
  name,
  /**
   * Flake reference. The channel moves with the release's security updates; flake.lock pins what was fetched. The address
   * is on channels.nixos.org, which has IPv6; github.com, to which "github:NixOS/nixpkgs/nixos-26.05" refers, does not.
   */
  nixpkgs: `https://channels.nixos.org/nixos-${name}/nixexprs.tar.xz`,
  /**
   * Last day with security updates, UTC: "out of support at the end of 2026" (nixpkgs, doc/release-notes/rl-2605.section.md).
   * NixOS supports a release for about seven months, until a month after the next one (RFC 80 of NixOS).
   */
  lastDay: '2026-12-31',
  /** Day of the last check of the three values above. */
  checkedOn: '2026-11-28',
} as const;

/**
 * Whether security updates have ended. A clock before `checkedOn` gives false, as does every clock that starts in 1970 or 2011
 * because the battery of the machine is empty: what it shows cannot be later than the last day.
 * @param now seconds since 1970-01-01 UTC
 */
export function isPastLastDay(now: number): boolean {
  // Date.parse takes 24:00 as the end of that day (ECMA-262, Date Time String Format).
  return now * 1000 >= Date.parse(`${nixosRelease.lastDay}T24:00:00Z`);
}
