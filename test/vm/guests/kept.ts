import { join } from 'node:path';
import { cacheDirectory, keyOf, tree } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { withLock } from '../../../image/lib/lock.ts';
import * as clock from '../../../agent/host/clock.ts';
import { copyDisk } from '../harness/disk.ts';
import { image } from '../harness/image.ts';
import type { Keys } from '../harness/keys.ts';
import { accelerator } from '../harness/machine/accelerator.ts';
import type { Machine } from '../harness/machine/machine.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import type { GuestOptions, Site } from '../harness/site.ts';

/**
 * Installations that several worlds start from. The first world that needs one makes it, and the disks, the variables of the firmware, the
 * keys and the console stay for the others.
 *
 * INVARIANT: a kept installation is complete, its console had no finding (scan.ts), and it never changes afterwards.
 */

export type Guest = GuestOptions & { disks: DiskOptions[] };

const directory = join(cacheDirectory, 'worlds', '.installations');
const lockSeconds = 3600;
/** Those of older images are of no use any more. */
const keptDays = 2;

/** Where the machines of a site have their UEFI variables. */
export const variablesOf = (site: Site): string => join(site.directory, 'uefi-variables.fd');

/**
 * @param settings what the installation is told besides the site's own configuration
 * @param install makes it, in this site, and returns the machine when it has ended
 * @returns what was on the installing machine's console; disks, variables and keys of the site are those of the installation
 */
export async function keptInstallation(
  site: Site,
  guest: Guest,
  settings: unknown,
  install: () => Promise<Machine>,
): Promise<string> {
  const key = keyOf([
    files.readText(image.sums),
    ...['fixtures', 'vm/harness', 'vm/guests'].flatMap(name => tree(checkout(`test/${name}`))),
    JSON.stringify({ settings, guest: { ...guest, disks: guest.disks.map(sizeOf) } }),
  ]);
  const place = join(directory, key);
  return withLock(join(directory, `.${key}.lock`), 'an installation', lockSeconds, async () => {
    if (!files.exists(place)) {
      removeOld();
      const machine = await install();
      const found = machine.console.findings([], (await accelerator()) === 'tcg');
      if (found.length > 0) throw new Error(`on the console of the installation:\n${found.join('\n')}`);
      await keep(site, guest, machine, place);
      return machine.console.text;
    }
    await restore(site, guest, place);
    return files.readText(join(place, 'console'));
  });
}

const sizeOf = ({ file, ...others }: DiskOptions) => ({ ...others, bytes: files.sizeOf(file) });

/** What an installation changes, and its name in a kept one. */
function changed(site: Site, guest: Guest): [file: string, name: string][] {
  const disks = guest.disks.map(({ file }, index): [string, string] => [file, `disk-${index}.raw`]);
  return guest.firmware === 'uefi' ? [...disks, [variablesOf(site), 'variables.raw']] : disks;
}

async function keep(site: Site, guest: Guest, { console }: Machine, place: string): Promise<void> {
  const fresh = `${place}.${process.pid}`;
  files.remove(fresh);
  files.makeDirectory(fresh);
  for (const [file, name] of changed(site, guest)) await copyDisk(file, join(fresh, name));
  files.write(join(fresh, 'keys.json'), JSON.stringify(site.keys), 0o600);
  files.write(join(fresh, 'console'), console.text);
  files.rename(fresh, place);
}

async function restore(site: Site, guest: Guest, place: string): Promise<void> {
  for (const [file, name] of changed(site, guest)) await copyDisk(join(place, name), file);
  site.adopt(JSON.parse(files.readText(join(place, 'keys.json'))) as Keys);
}

function removeOld(): void {
  for (const name of files.list(directory)) {
    const path = join(directory, name);
    const days = (clock.now().getTime() - files.modifiedAt(path).getTime()) / 86_400_000;
    if (!name.startsWith('.') && days > keptDays) files.remove(path);
  }
}
