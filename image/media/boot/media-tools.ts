import { join } from 'node:path';
import { loaderModules, mediaSet } from '../../debian/package-sets.ts';
import type { Need } from '../../debian/needs.ts';
import { needs, unpack, unpackAlone, type Packages } from '../../debian/packages.ts';
import { efiTarget } from './of-target.ts';

/** What a medium with a boot loader is made with. */
export interface MediaTools {
  /** Programs that make file systems and loaders, with GRUB's modules of this machine's architecture. */
  programs: Packages;
  /** GRUB's modules of the target; null: they are among the programs. */
  modules: Packages | null;
}

const name = 'loader-modules';
const ofTarget =
  loaderModules === null ? null : ([loaderModules.package, loaderModules.architecture] as const);

/** What to fetch for them. */
export const mediaNeeds: readonly Need[] = [
  needs.set(mediaSet),
  ...(ofTarget === null ? [] : [needs.packages(name, [ofTarget[0]], undefined, ofTarget[1])]),
];

export async function unpackMediaTools(): Promise<MediaTools> {
  const programs = await unpack(mediaSet);
  const modules = ofTarget === null ? null : await unpackAlone(name, [ofTarget[0]], undefined, ofTarget[1]);
  return { programs, modules };
}

/** As inputs of what is made with them. */
export const partsOf = ({ programs, modules }: MediaTools): Packages[] =>
  modules === null ? [programs] : [programs, modules];

/** @returns for `runIn`: GRUB's modules of the target, where those of this machine would be */
export function modulesMount({ modules }: MediaTools): Readonly<Record<string, string>> {
  if (modules === null || ofTarget === null) return {};
  const place = `usr/lib/grub/${efiTarget}`;
  return { [`/${place}`]: join(modules.path, ofTarget[0], place) };
}
