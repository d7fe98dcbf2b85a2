import type { Variant } from '../../agent/variants.ts';
import { iso, isoWith } from './iso/iso.ts';
import { kexecBundle } from './kexec-bundle.ts';
import type { Medium } from './medium.ts';
import { netboot } from './netboot.ts';
import { raw } from './raw/raw.ts';
import { imageProgram } from './reserved/program.ts';

/** Every medium that a build makes, in the order of out/. */
export const media: readonly Medium[] = [netboot, kexecBundle, iso, raw, imageProgram];

/** Those, and an ISO with variants where some are asked for. */
export function mediaWith(having: readonly Variant[]): readonly Medium[] {
  return having.length === 0 ? media : [...media, isoWith(having)];
}
