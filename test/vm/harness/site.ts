import { basename, join } from 'node:path';
import { withLock } from '../../../image/lib/lock.ts';
import * as files from '../../../image/lib/files.ts';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import { makeDisk } from './disk.ts';
import { tinyNixos } from './fixtures.ts';
import { appendix, type Member } from '../../../image/media/cpio.ts';
import { image } from './image.ts';
import { target } from '../../../image/lib/target.ts';
import { accelerator } from './machine/accelerator.ts';
import { adoptKeys, makeKeys, type Keys } from './keys.ts';
import { freePort, startMachine, type Machine, type MachineOptions } from './machine/machine.ts';
import { serveFiles, type FileServer } from './serve.ts';
import { Ssh, type SshTarget } from './ssh.ts';
import type { BootSource, DiskOptions, NetworkOptions } from './machine/qemu.ts';

/**
 * The place where a machine is tried: its directory, keys, ports and servers, and all machines started in it.
 *
 * INVARIANT: `close` ends every machine and server that was started here.
 */
export interface Site {
  directory: string;
  keys: Keys;
  /** From now on, the keys of another site. */
  adopt(keys: Keys): void;
  machines: readonly Machine[];
  /** What was measured, for people: lines that the run prints with the world's result. */
  measured: string[];
  /** Ports of 127.0.0.1 that lead to port 22 and 2222 of the guest. */
  sshPort: number;
  unlockPort: number;
  /** The forwarding of both, for a network of one's own. */
  sshForward: NonNullable<NetworkOptions['forward']>;
  /** Starts a machine with this site's network; what it prints is in DIRECTORY/NAME.console. */
  start(options: StartOptions): Promise<Machine>;
  /** As `start`, with the kernel, the initrd, these parameters, and files appended as `run` does. */
  startImage(options: ImageOptions): Promise<Machine>;
  /** A new empty disk. */
  disk(name: string, megabytes: number, options?: Partial<DiskOptions>): DiskOptions;
  /** SSH to the guest with the user's key, the given host key pinned. */
  ssh(options?: Partial<Pick<SshTarget, 'port' | 'hostKey' | 'away'>>): Ssh;
  /** A whole configuration for an install from the test system, with changes. */
  installConfig(changes?: Partial<ConfigInput>): Promise<ConfigInput>;
  /** The kernel parameter of a rescue system with this site's keys. */
  rescueParameter(): string;
  /** Files over HTTP until the site closes. @param served as for serveFiles */
  serve(served: Readonly<Record<string, string>>): Promise<FileServer>;
  /** @param atEnd what to do when everything has ended, before another run may have the directory */
  close(atEnd?: (site: Site) => void): Promise<void>;
}

export type StartOptions = Omit<MachineOptions, 'directory' | 'networks'> & {
  /** Merged into the one interface; `networks` in its place gives several. */
  network?: NonNullable<MachineOptions['networks']>[number];
  networks?: MachineOptions['networks'];
};

export type ImageOptions = Omit<StartOptions, 'boot'> & {
  parameters?: readonly string[];
  appended?: readonly Member[];
  /** Changes the initrd before anything is appended: one that was damaged on its way. */
  damage?: (initrd: Buffer) => Buffer;
};

/** What a machine is made of, apart from what it boots. */
export type GuestOptions = Omit<StartOptions, 'boot' | 'name' | 'limitSeconds'> & { limitSeconds?: number };

/** "ttyS0". */
export const [serialConsole] = target.serialConsoles[0]!.split(',') as [string];

/**
 * Kernel messages from warnings on: a notice would show the command line, and a serial line is slow. An emulated timer on a
 * busy host may miss the ticks that the kernel checks for, and then it gives up (arch/x86/kernel/apic/io_apic.c).
 */
export const consoleParameters = [`console=${serialConsole}`, 'loglevel=5', 'no_timer_check'];

/**
 * The report of a processor that stays in a section is a page of text, in the midst of lines that the harness reads
 * (Documentation/RCU/stallwarn.rst). A kernel that is started by kexec or from a disk writes it anyway: scan.ts.
 */
const emulatedParameter = 'rcupdate.rcu_cpu_stall_suppress=1';

/** The same start, of a kernel that is dabei's or an old system's, without such reports where processors are emulated. */
async function patient(boot: BootSource): Promise<BootSource> {
  if (boot.from !== 'kernel' || (await accelerator()) !== 'tcg') return boot;
  return { ...boot, append: `${boot.append} ${emulatedParameter}` };
}

/**
 * Opens a site in an empty directory, and holds the directory's lock until `close`: two runs with the same cache would
 * delete each other's disks.
 * @param waitSeconds for another run that has the directory
 * @throws BuildError LOCK_WAIT
 */
export async function openSite(directory: string, waitSeconds = 60): Promise<Site> {
  const release = await take(directory, waitSeconds);
  try {
    return await prepare(directory, release);
  } catch (error) {
    release();
    throw error;
  }
}

/** @returns what gives the directory back */
function take(directory: string, waitSeconds: number): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const use = () => new Promise<void>(resolve);
    withLock(`${directory}.lock`, basename(directory), waitSeconds, use).catch(reject);
  });
}

async function prepare(directory: string, release: () => void): Promise<Site> {
  files.remove(directory);
  files.makeDirectory(directory);
  const keys = await makeKeys(join(directory, 'keys'));
  const machines: Machine[] = [];
  const servers: FileServer[] = [];
  const sshPort = await freePort();
  const unlockPort = await freePort();
  const sshForward = [
    { hostPort: sshPort, guestPort: 22 },
    { hostPort: unlockPort, guestPort: 2222 },
  ];
  let system: Promise<FileServer> | undefined;
  let closed = false;
  const serve: Site['serve'] = async served => {
    const server = await serveFiles(served);
    servers.push(server);
    return server;
  };
  const serveSystem = async () => serve({ 'tiny-nixos.tar.gz': await tinyNixos() });

  const site: Site = {
    directory,
    keys,
    adopt: other => adoptKeys(keys, other),
    machines,
    measured: [],
    serve,
    sshPort,
    unlockPort,
    sshForward,
    start: async ({ network, networks, boot, ...options }) => {
      // A script goes on after its time is up.
      if (closed) throw new Error(`${options.name} is not started: its site is closed`);
      const machine = await startMachine({
        directory,
        networks: networks ?? [{ forward: sshForward, ...network }],
        boot: await patient(boot),
        ...options,
      });
      machines.push(machine);
      if (closed) await machine.end();
      return machine;
    },
    startImage: async ({ parameters = [], appended, damage, ...options }) => {
      const append = [...consoleParameters, ...parameters].join(' ');
      const { kernel } = image;
      if (appended === undefined && damage === undefined)
        return site.start({ ...options, boot: { from: 'kernel', kernel, initrd: image.initrd, append } });
      const initrd = join(directory, `${options.name}.initrd`);
      const original = files.readBytes(image.initrd);
      const base = damage?.(original) ?? original;
      files.write(initrd, Buffer.concat([base, appendix(base.length, appended ?? [])]));
      const machine = await site.start({ ...options, boot: { from: 'kernel', kernel, initrd, append } });
      // QEMU has read it when it answers.
      files.remove(initrd);
      return machine;
    },
    disk: (name, megabytes, options = {}) => {
      const file = join(directory, `${name}.raw`);
      makeDisk(file, megabytes);
      return { file, serial: name, ...options };
    },
    ssh: ({ port = sshPort, hostKey = keys.host.public, ...away } = {}) =>
      new Ssh({ port, identity: keys.user.file, hostKey, directory, ...away }),
    installConfig: async changes => ({
      version: 1,
      hostName: 'tiny',
      hostId: '0badcafe',
      rootAuthorizedKeys: [keys.user.public],
      ssh: { hostKeys: [keys.host.private] },
      disks: { devices: ['/dev/vda'], key: keys.passphrase },
      system: { nixpkgs: (await (system ??= serveSystem())).urlFor('tiny-nixos.tar.gz') },
      ...changes,
    }),
    rescueParameter: () =>
      configParameter({
        version: 1,
        rootAuthorizedKeys: [keys.user.public],
        ssh: { hostKeys: [keys.host.private] },
      }),
    close: async atEnd => {
      closed = true;
      await Promise.all([
        ...machines.map(machine => machine.end()),
        ...servers.map(server => server.close()),
      ]);
      try {
        atEnd?.(site);
      } finally {
        release();
      }
    },
  };
  return site;
}

/** "dabei.config=…", as it stands on the kernel command line. */
export function configParameter(config: unknown): string {
  return `dabei.config=${Buffer.from(JSON.stringify(config)).toString('base64')}`;
}
