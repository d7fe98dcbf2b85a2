import { join, resolve } from 'node:path';
import { epochSeconds } from '../agent/host/clock.ts';
import { formatBytes } from '../agent/format.ts';
import { DabeiError, reasonsOf } from '../agent/errors.ts';
import { readOptions, usage } from '../image/copies/options.ts';
import { prepare } from '../image/copies/request.ts';
import { cacheDirectory } from '../image/lib/cache.ts';
import { describeFailure } from '../image/lib/errors.ts';
import * as files from '../image/lib/files.ts';
import { checkout } from '../image/lib/host.ts';
import { output } from '../image/lib/target.ts';
import { installToFile, packImage } from './vm/guests/disk-image.ts';
import { requireImage, requireVirtualMachines } from './vm/harness/image.ts';
import { accelerator } from './vm/harness/machine/accelerator.ts';
import { openSite, type Site } from './vm/harness/site.ts';

/**
 * `npm run disk-image -- --config host.json`: the installer installs onto a disk in a file, in a virtual machine; the file becomes an image
 * that is copied to many machines, with a manifest (docs/media/disk-image.md). It lives here because virtual machines do.
 */

let site: Site | null = null;
try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    say(usage);
  } else {
    const request = prepare(options.config, read(options.config), options.sharedKey, epochSeconds());
    await requireVirtualMachines();
    await requireImage();
    site = await openSite(join(cacheDirectory, 'disk-image'));
    say(
      `installing in a virtual machine: ${options.firmware}, ${options.memoryMiB} MiB, ${await accelerator()}`,
    );
    const disk = await installToFile(site, request, options, say);
    const directory = options.output === null ? join(output, 'disk-image') : resolve(options.output);
    say('packing the disk');
    const { version } = JSON.parse(files.readText(checkout('package.json'))) as { version: string };
    const { file, manifest } = await packImage(disk, directory, version, request, options);
    say(`${file}: ${formatBytes(manifest.file.bytes)}, a disk of ${formatBytes(manifest.disk.bytes)}`);
    say('all copies share:');
    for (const line of manifest.sharedByAllCopies) say(`  ${line}`);
  }
} catch (thrown) {
  const reasons = thrown instanceof DabeiError ? reasonsOf(thrown) : [thrown];
  for (const reason of reasons) say(describeFailure(reason));
  process.exitCode = 1;
} finally {
  // The disk is as large as it says on a file system without holes, and the initrd has the configuration's secrets.
  await site?.close(({ directory }) => {
    for (const name of ['image.raw', 'install.initrd']) files.remove(join(directory, name));
  });
}

function read(path: string): Buffer {
  try {
    return files.readBytes(path);
  } catch (thrown) {
    throw new DabeiError('FILE', {
      doing: 'reading the configuration',
      problem: (thrown as Error).message,
      remedy: 'name a file with --config',
    });
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
