import { kernelPackages } from '../kernel/kernel.ts';
import { rebuiltSources } from '../reductions/libraries.ts';
import { staticPrograms } from '../reductions/programs.ts';
import type { Need } from './needs.ts';
import { installer, needs } from './packages.ts';
import { imageSet, installerPrograms, librarySet, mediaSet, toolchainSet } from './package-sets.ts';

/** Everything from Debian that an image is made from. */

export const requiredNeeds: readonly Need[] = [
  needs.set(toolchainSet),
  needs.set(imageSet),
  needs.set(librarySet),
  needs.set(mediaSet),
  needs.packages('sources', kernelPackages),
  // No Debian package contains these programs.
  ...sourcesOf(staticPrograms),
];

/** Inputs that only make the image smaller. */
export const optionalNeeds: readonly Need[] = [
  needs.packages('installer', Object.keys(installerPrograms), installer),
  ...sourcesOf(rebuiltSources),
];

function sourcesOf(recipes: readonly { source: string; release?: string }[]): Need[] {
  return recipes.map(({ source, release }) => needs.source(source, release));
}
