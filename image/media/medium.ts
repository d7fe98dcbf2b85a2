import type { Packages } from '../debian/packages.ts';
import type { Built } from '../lib/cache.ts';

/** What a medium is made from. */
export interface MediumParts {
  toolchain: Packages;
  /** Kernel and initrd. */
  image: Built;
  /** image.json of kernel and initrd, which a medium that carries them has in it. */
  description: string;
  /** Static programs, one directory each, for systems that have no newer ones. */
  programs: readonly Built[];
}

/** One way in which kernel and initrd are brought to a machine. */
export interface Medium {
  /** As documents call it. */
  name: string;
  /** What is published of it, beside kernel and initrd: names in out/. */
  files: readonly string[];
  /** Whether kernel and initrd are in it, so that image.json has its hash; else it names them, and a release may change it. */
  carriesImage: boolean;
  /** Leaves these files in the directory of what it answers. The same parts give the same bytes. */
  make: (parts: MediumParts) => Promise<Built>;
}
