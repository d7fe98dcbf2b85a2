import { kernelPackages } from '../kernel/kernel.ts';
import { rebuiltSources } from '../reductions/libraries.ts';
import { staticPrograms } from '../reductions/programs.ts';
import { mediaNeeds } from '../media/boot/media-tools.ts';
import { emulatorNeeds } from './emulator.ts';
import type { Need } from './needs.ts';
import { installer, needs } from './packages.ts';
import * as sets from './package-sets.ts';

/** Everything from Debian that an image is made from. */

/** What the kernel and ZFS are built from. */
export const kernelNeeds: readonly Need[] = [
  needs.set(sets.toolchainSet),
  needs.packages('sources', kernelPackages),
];

export const requiredNeeds: readonly Need[] = [
  ...kernelNeeds,
  needs.set(sets.imageSet),
  needs.set(sets.librarySet),
  ...(sets.sysrootSet === null ? [] : [needs.set(sets.sysrootSet)]),
  ...emulatorNeeds,
  ...mediaNeeds,
  // No Debian package contains these programs.
  ...sourcesOf(staticPrograms),
];

/** Inputs that only make the image smaller. */
export const optionalNeeds: readonly Need[] = [
  needs.packages('installer', Object.keys(sets.installerPrograms), installer),
  ...sourcesOf(rebuiltSources),
];

function sourcesOf(recipes: readonly { source: string; release?: string }[]): Need[] {
  return recipes.map(({ source, release }) => needs.source(source, release));
}
