import type { Variant } from '../../agent/variants.ts';
import { iso, isoWith } from './iso/iso.ts';
import { kexecBundle } from './kexec-bundle.ts';
import type { Medium } from './medium.ts';
import { netboot } from './netboot.ts';
import { raw } from './raw/raw.ts';
import { imageProgram } from './reserved/program.ts';

/** Every medium that a build makes, in the order of out/. */
export const media: readonly Medium[] = [netboot, kexecBundle, iso, raw, imageProgram];

/** Those, and an ISO for each list of variants. */
export function mediaWith(isos: readonly (readonly Variant[])[]): readonly Medium[] {
  return [...media, ...isos.map(isoWith)];
}
