import { builtVariants, isoNameOf, type Variant } from '../../variants.ts';
import { valueAt, type Located } from '../located.ts';
import { formatPath, type Path, type Problem } from '../report.ts';

/** Settings that only some images can fulfil. Pure. */

interface Wish {
  variant: Variant;
  path: Path;
  /** Its name for people. */
  name: string;
  isAsked: (merged: Located) => boolean;
}

const wishes: readonly Wish[] = [
  { variant: 'tor', path: ['tor'], name: 'Tor', isAsked: asksForTor },
  { variant: 'wifi', path: ['network', 'wifi'], name: 'Wi-Fi', isAsked: namesNetworks },
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
    .filter(({ variant, isAsked }) => !having.includes(variant) && isAsked(merged))
    .map(({ variant, path, name }) => ({
      code: 'VARIANT_MISSING',
      ...valueAt(merged, path)!.place,
      path: formatPath(path),
      ...explain(variant, name, formatPath(path)),
    }));
}

function explain(variant: Variant, name: string, path: string): Pick<Problem, 'message' | 'remedy'> {
  if (!builtVariants.includes(variant))
    return {
      message: `asks for ${name}, which no image of this release has`,
      remedy: `leave ${path} out`,
    };
  return {
    message: `asks for ${name}, and this image has none: ${name} is in the variant "${variant}" alone`,
    remedy: `start ${isoNameOf([variant])} (npm run image -- --variant ${variant}), or leave ${path} out`,
  };
}
