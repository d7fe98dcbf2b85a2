/**
 * Parts that only some images have, as further initrds of larger media: `npm run image -- --variant NAME` (docs/media/tor.md,
 * docs/system/wifi.md). "wifi-intel" is "wifi" with firmware for Intel's cards alone.
 */
export const variants = ['tor', 'wifi', 'wifi-intel'] as const;
export type Variant = (typeof variants)[number];

/** A medium with these variants. */
export function isoNameOf(having: readonly Variant[]): string {
  return ['nix-dabei', ...having].join('-') + '.iso';
}

const iwd = '/usr/libexec/iwd';

/** The program that shows that an image has a variant, or another one that brings the same programs. */
export const variantPrograms: Readonly<Record<Variant, string>> = {
  tor: '/usr/bin/tor',
  wifi: iwd,
  'wifi-intel': iwd,
};
