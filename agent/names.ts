/**
 * Programs in whose place dabei answers: the image has a link of each name to it (image/rootfs/root.ts, nix/packages/dabei.nix).
 * nixos-anywhere calls all but the last, and people the last: stage 1 of the installed system has a program of that name on the same port.
 */
export const otherNames = ['nixos-install', 'nixos-generate-config', 'nixos-facter', 'unlock'] as const;

export type OtherName = (typeof otherNames)[number];

export const isOtherName = (name: string): name is OtherName =>
  (otherNames as readonly string[]).includes(name);
