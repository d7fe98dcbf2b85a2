import type { Packages } from '../debian/packages.ts';
import type { Built } from '../lib/cache.ts';
import type { Variant } from '../../agent/variants.ts';
import type { MediaTools } from './boot/media-tools.ts';
import type { Firmware } from './firmware/firmware.ts';

/** What a medium is made from. */
export interface MediumParts {
  toolchain: Packages;
  /** Boot loaders, and programs that make file systems. */
  mediaTools: MediaTools;
  /** Kernel and initrd. */
  image: Built;
  /** image.json of kernel and initrd, for media that carry a copy of it. */
  description: string;
  /** Of the variants that have some. */
  firmware: Partial<Record<Variant, Firmware>>;
  /** Static programs, one directory each, for systems that have no newer ones. */
  programs: readonly Built[];
}

/** One way to bring kernel and initrd to a machine. */
export interface Medium {
  /** Its name in the documents. */
  name: string;
  /** Its files in out/, beside kernel and initrd. */
  files: readonly string[];
  /**
   * Whether it contains kernel and initrd, so that image.json records its hash. Otherwise it only names them, and a
   * release may change it.
   */
  carriesImage: boolean;
  /** Creates these files in the directory of its result. The same parts give the same bytes. */
  make: (parts: MediumParts) => Promise<Built>;
}
