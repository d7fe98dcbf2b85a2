import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../image/lib/cache.ts';
import { stageDone } from './vm/guests/install.ts';
import { defaultFirmware, firmwareNamed } from './vm/harness/machine/machine.ts';
import { requireImage, requireVirtualMachines } from './vm/harness/image.ts';
import { openSite } from './vm/harness/site.ts';

/** `npm run vm -- [--firmware bios|uefi] [--memory MB] [--arch NAME]`: rescue mode with an empty disk, SSH on port 2222, until Ctrl-C. */
const { values } = parseArgs({
  options: {
    firmware: { type: 'string', default: defaultFirmware },
    memory: { type: 'string', default: '1024' },
    // image/lib/target.ts
    arch: { type: 'string' },
  },
});
const firmware = firmwareNamed(values.firmware);
const memoryMiB = Number(values.memory);
if (firmware === null || !Number.isInteger(memoryMiB) || memoryMiB < 64) {
  say('usage: npm run vm -- [--firmware bios|uefi] [--memory MB] [--arch NAME]');
  process.exit(2);
}
const port = 2222;
const day = 24 * 3600;

await requireVirtualMachines();
await requireImage();
const site = await openSite(join(cacheDirectory, 'rescue-vm'));
try {
  const machine = await site.startImage({
    name: 'rescue',
    memoryMiB,
    firmware,
    disks: [site.disk('empty', 8192)],
    parameters: [site.rescueParameter()],
    network: { forward: [{ hostPort: port, guestPort: 22 }] },
    limitSeconds: day,
  });
  machine.console.onLine(say);
  await stageDone(machine, 'rescue', 180);
  const ssh = site.ssh({ port });
  await ssh.waitUntilUp(60);
  say('the machine runs until Ctrl-C');
  say(ssh.commandLine);
  await machine.waitForEnd(day);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await site.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
