import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { secondInitrd } from '../../../image/rootfs/further-initrds.ts';
import { run } from '../../../agent/host/exec.ts';
import { image } from '../harness/image.ts';
import type { Site } from '../harness/site.ts';

/** Appends the second initrd of the kexec bundle to the image, as `run` does: at a multiple of 4. */
export async function withTools(site: Site): Promise<(initrd: Buffer) => Buffer> {
  const bundle = join(site.directory, 'bundle');
  files.makeDirectory(bundle);
  const member = `kexec/${secondInitrd.archive}`;
  await run({
    doing: 'unpacking the second initrd',
    argv: ['tar', '-xzf', image.bundle, '-C', bundle, member],
    timeoutSeconds: 120,
  });
  const tools = files.readBytes(join(bundle, member));
  return initrd => Buffer.concat([initrd, Buffer.alloc((4 - (initrd.length % 4)) % 4), tools]);
}
