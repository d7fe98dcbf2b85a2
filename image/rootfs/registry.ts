import { nixosRelease } from '../../agent/config/nixos-release.ts';

/**
 * Text of /etc/nix/registry.json: `nixpkgs` is the default release, and no other name is known, so people can type
 * `nix shell nixpkgs#…` (Nix manual, nix registry, "Registry format"). Both images have it, each from this function.
 *
 * An installation does not use it (agent/plan/nix/nix-step.ts, use-registries): the same configuration means the same flake in
 * every version of the image.
 *
 * "exact": `nixpkgs/nixos-25.11` is refused, as the address of an archive has no branches.
 */
export function flakeRegistry(): string {
  const flake = {
    exact: true,
    from: { type: 'indirect', id: 'nixpkgs' },
    to: { type: 'tarball', url: nixosRelease.nixpkgs },
  };
  return `${JSON.stringify({ version: 2, flakes: [flake] }, null, 2)}\n`;
}
