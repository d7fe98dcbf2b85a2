/** Parts that only some images have, as further initrds of larger media: `npm run image -- --variant NAME` (docs/media/tor.md). */
export const variants = ['tor'] as const;
export type Variant = (typeof variants)[number];

/** A medium with these variants. */
export function isoNameOf(having: readonly Variant[]): string {
  return ['nix-dabei', ...having].join('-') + '.iso';
}

/** The program that shows that an image has a variant. */
export const variantPrograms: Readonly<Record<Variant, string>> = { tor: '/usr/bin/tor' };
