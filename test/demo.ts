import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../image/lib/cache.ts';
import { describeFailure } from '../image/lib/errors.ts';
import { bootInstalled, finishInstall, startInstall } from './vm/guests/install.ts';
import { accelerator } from './vm/harness/machine/accelerator.ts';
import { defaultFirmware, firmwareNamed } from './vm/harness/machine/machine.ts';
import { requireImage, requireVirtualMachines } from './vm/harness/image.ts';
import { openSite, type Site } from './vm/harness/site.ts';

/**
 * `npm run demo -- [--firmware bios|uefi] [--memory MB] [--exit] [--arch NAME]`
 *
 * The main job in a virtual machine: installs onto an empty disk, boots that disk by itself, unlocks it over SSH. Then
 * the machine stays until Ctrl-C; with --exit the demo ends with code 0.
 */
const { values } = parseArgs({
  options: {
    firmware: { type: 'string', default: defaultFirmware },
    memory: { type: 'string', default: '1024' },
    exit: { type: 'boolean', default: false },
    // image/lib/target.ts
    arch: { type: 'string' },
  },
});
const firmware = firmwareNamed(values.firmware);
const memoryMiB = Number(values.memory);
if (firmware === null || !Number.isInteger(memoryMiB) || memoryMiB < 64) {
  say('usage: npm run demo -- [--firmware bios|uefi] [--memory MB] [--exit] [--arch NAME]');
  process.exit(2);
}

let site: Site | null = null;
try {
  await requireVirtualMachines();
  say('first the image, then an installation in a virtual machine');
  await requireImage();
  site = await openSite(join(cacheDirectory, 'demo'));
  const disk = site.disk('target', 4096);
  const config = await site.installConfig();
  const started = performance.now();
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`;
  say(`installing in a virtual machine: ${firmware}, ${memoryMiB} MB, ${await accelerator()}`);
  const install = await startInstall(site, config, { memoryMiB, firmware, disks: [disk] });
  install.console.onLine(say);
  const { leastFreeMiB } = await finishInstall(site, install);
  say(
    `installed after ${seconds()}, at least ${leastFreeMiB} MB of memory were free; the disk now boots by itself`,
  );

  const { machine, ssh } = await bootInstalled(site, {
    memoryMiB,
    firmware,
    disks: [disk],
    limitSeconds: 24 * 3600,
  });
  const facts = await ssh.run('zfs get -H -o value encryption,keystatus rpool');
  say(`unlocked after ${seconds()}: encryption ${facts.trim().split('\n').join(', key ')}`);
  if (!values.exit) {
    say('the machine runs until Ctrl-C');
    // From here on an interruption is the wanted end; ending machines is done on exit (vm/process.ts).
    process.prependListener('SIGINT', () => process.exit(0));
  }
  say(ssh.commandLine);
  if (!values.exit) await machine.waitForEnd(24 * 3600);
} catch (error) {
  say(describeFailure(error));
  process.exitCode = 1;
} finally {
  await site?.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
