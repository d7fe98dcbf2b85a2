import { keyOf } from '../lib/cache.ts';
import { checkout } from '../lib/host.ts';
import type { Medium } from './medium.ts';

/** Kernel and initrd from a server, by PXE: an iPXE script names them, and is the same for every image. */
export const netboot: Medium = {
  name: 'netboot',
  files: ['netboot.ipxe'],
  carriesImage: false,
  make: async () => ({
    key: keyOf([{ file: checkout('image/media/netboot.ipxe') }]),
    path: checkout('image/media'),
  }),
};
