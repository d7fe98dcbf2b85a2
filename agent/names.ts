/**
 * Programs in whose place dabei answers: the image has a link of each name to it (image/rootfs/root.ts, nix/packages/dabei.nix).
 * All are called by nixos-anywhere.
 */
export const otherNames = ['nixos-install', 'nixos-generate-config', 'nixos-facter'] as const;

export type OtherName = (typeof otherNames)[number];

export const isOtherName = (name: string): name is OtherName =>
  (otherNames as readonly string[]).includes(name);
