import { variantPrograms, variants, type Variant } from '../../variants.ts';
import type { Doors } from '../doors.ts';

/** What this image has beyond every image. */
export function presentVariants({ files }: Pick<Doors, 'files'>): Variant[] {
  return variants.filter(variant => files.exists(variantPrograms[variant]));
}
