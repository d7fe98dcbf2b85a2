import { createServer } from 'node:http';
import { join } from 'node:path';
import * as files from '../../image/lib/files.ts';
import { unpackAlone } from '../../image/debian/packages.ts';
import type { Machine } from '../vm/harness/machine/machine.ts';
import { listen } from '../vm/harness/serve.ts';
import { consoleParameters, type Site } from '../vm/harness/site.ts';
import { momentOf, outOfMemory, type Moment } from './moment.ts';
import { target } from '../../image/lib/target.ts';

/** Debian's own network installer, as Debian packages it: what people boot to install a machine that they cannot walk up to. */

export interface Installer {
  kernel: string;
  initrd: string;
  /** Of the package. */
  version: string;
  bytes: number;
}

const packageName = 'debian-installer-13-netboot-amd64';
const textImages = 'usr/lib/debian-installer/images/13/amd64/text/debian-installer/amd64';

/** The smaller of its two images, without the graphical frontend. */
export async function fetchInstaller(): Promise<Installer> {
  const unpacked = await unpackAlone('debian-installer', [packageName]);
  const file = (name: string) => join(unpacked.path, packageName, textImages, name);
  const [kernel, initrd] = [file('linux'), file('initrd.gz')];
  const bytes = files.sizeOf(kernel) + files.sizeOf(initrd);
  return { kernel, initrd, version: unpacked.versions[packageName]!, bytes };
}

/** As its text frontend (cdebconf) shows questions and notes, each of which waits for somebody. */
const asks = /Prompt: '\?' for help/;
const question = new RegExp(`${asks.source}|\\[Press enter to continue\\]`);
const limitSeconds = 180;
const never = /(?!)/;

/** Nothing is preset: it asks for a language. @returns when it asked */
export async function firstQuestion(site: Site, installer: Installer, memoryMiB: number): Promise<Moment> {
  const machine = await startInstaller(site, installer, memoryMiB, []);
  try {
    await machine.console.waitFor(question, limitSeconds);
    return momentOf(machine);
  } finally {
    await machine.end();
  }
}

/**
 * Every question is answered, the network by DHCP (Debian installation guide, appendix B): it fetches its answers, and a
 * command in these tells that they were read.
 * @returns when it asked for its answers over HTTP, which is its network seen from outside
 * @throws when it did not carry out the command
 */
export async function bootUnattended(site: Site, installer: Installer, memoryMiB: number): Promise<Moment> {
  let tell: (path: string) => void = () => {};
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    tell(path);
    response.end(path === '/preseed.cfg' ? preseed(urlFor('ready')) : '');
  });
  const { urlFor, close } = await listen(server);
  try {
    const parameters = ['auto=true', 'priority=critical', `url=${urlFor('preseed.cfg')}`];
    const names = ['interface=auto', 'hostname=peer', 'domain=example.org'];
    const machine = await startInstaller(site, installer, memoryMiB, [...parameters, ...names]);
    try {
      let asked: Moment | undefined;
      const ready = new Promise<void>(resolve => {
        tell = path => {
          if (path === '/preseed.cfg') asked ??= momentOf(machine);
          if (path === '/ready') resolve();
        };
      });
      // With little memory it says so first, and no preset answer keeps it from waiting for somebody who has read it.
      const lowMemory = machine.console.waitFor(/Entering low memory mode[^]*\[Press enter/, limitSeconds);
      lowMemory.then(
        () => machine.console.type('\n'),
        () => {},
      );
      // Ends also when the kernel gives up.
      const late = machine.console.waitFor(never, limitSeconds, [asks, outOfMemory]);
      late.catch(() => {});
      await Promise.race([ready, late]);
      if (asked === undefined) throw new Error('a command was carried out that nobody asked for');
      return asked;
    } finally {
      await machine.end();
    }
  } finally {
    await close();
  }
}

const preseed = (readyUrl: string) => `d-i preseed/early_command string wget -q -O /dev/null ${readyUrl}\n`;

function startInstaller(
  site: Site,
  { kernel, initrd }: Installer,
  memoryMiB: number,
  parameters: readonly string[],
): Promise<Machine> {
  const append = [...consoleParameters, 'DEBIAN_FRONTEND=text', ...parameters].join(' ');
  const boot = { from: 'kernel', kernel, initrd, append } as const;
  return site.start({
    name: 'installer',
    memoryMiB,
    cpu: target.qemu.debianProcessor,
    boot,
    limitSeconds: limitSeconds + 30,
  });
}
