import { isoNameOf, type Variant } from '../../variants.ts';
import { valueAt, type Located } from '../located.ts';
import { formatPath, type Path, type Problem } from '../report.ts';

/** Settings that only some images can fulfil. Pure. */

interface Wish {
  /** Each of them fulfils it; the first one is named. */
  variants: readonly [Variant, ...Variant[]];
  path: Path;
  /** Its name for people. */
  name: string;
  isAsked: (merged: Located) => boolean;
}

const wishes: readonly Wish[] = [
  { variants: ['tor'], path: ['tor'], name: 'Tor', isAsked: asksForTor },
  { variants: ['wifi', 'wifi-intel'], path: ['network', 'wifi'], name: 'Wi-Fi', isAsked: namesNetworks },
];

function namesNetworks(merged: Located): boolean {
  const wifi = valueAt(merged, ['network', 'wifi']);
  return wifi?.kind === 'array' && wifi.items.length > 0;
}

function asksForTor(merged: Located): boolean {
  if (valueAt(merged, ['tor']) === undefined) return false;
  const enable = valueAt(merged, ['tor', 'enable']);
  return !(enable?.kind === 'scalar' && enable.value === false);
}

/** @param having what the image has; undefined where nobody knows which image will read the configuration */
export function variantProblems(merged: Located, having: readonly Variant[] | undefined): Problem[] {
  if (having === undefined) return [];
  return wishes
    .filter(wish => !wish.variants.some(variant => having.includes(variant)) && wish.isAsked(merged))
    .map(({ variants: [variant], path, name }) => ({
      code: 'VARIANT_MISSING',
      ...valueAt(merged, path)!.place,
      path: formatPath(path),
      message: `asks for ${name}, and this image has none: ${name} is in the variant "${variant}" alone`,
      remedy: `start ${isoNameOf([variant])} (npm run image -- --variant ${variant}), or leave ${formatPath(path)} out`,
    }));
}
