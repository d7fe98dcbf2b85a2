/** Parts that only some images have, as further initrds of larger media: `npm run image -- --variant NAME` (docs/media/tor.md, docs/system/wifi.md). */
export const variants = ['tor', 'wifi'] as const;
export type Variant = (typeof variants)[number];

/** Those that an image can be built with so far. */
export const builtVariants: readonly Variant[] = ['tor'];

/** A medium with these variants. */
export function isoNameOf(having: readonly Variant[]): string {
  return ['nix-dabei', ...having].join('-') + '.iso';
}

/** The program that shows that an image has a variant. */
export const variantPrograms: Readonly<Record<Variant, string>> = {
  tor: '/usr/bin/tor',
  wifi: '/usr/libexec/iwd',
};
