import { mkdtempSync, rmSync, copyFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import * as clock from '../../../../agent/host/clock.ts';
import { accelerator } from './accelerator.ts';
import { SerialConsole } from './console.ts';
import { redirect, type Wire } from '../packets.ts';
import { timeScale } from '../time-scale.ts';
import { start, type Running } from './process.ts';
import {
  qemuArguments,
  type BootSource,
  type Direction,
  type DiskOptions,
  type Firmware,
  type NetworkOptions,
} from './qemu.ts';
import { connectQmp, type Qmp } from './qmp.ts';
import { target } from '../../../../image/lib/target.ts';
import type { System } from './system.ts';

/** Virtual machines: started from a plain object, always ended, by their process id. */

export interface MachineOptions {
  /** Where the console's log and the UEFI variables are kept; machines with the same directory share the latter. */
  directory: string;
  /** Names this start in the directory, for example "install" or "disk". */
  name: string;
  memoryMiB: number;
  cpus?: number;
  /** Emulated processor where it must be another one than the most capable. */
  cpu?: string;
  firmware?: Firmware;
  boot: BootSource;
  disks?: readonly DiskOptions[];
  networks?: readonly (NetworkOptions & { wire?: Wire })[];
  clock?: string;
  system?: System;
  display?: boolean;
  watchdog?: boolean;
  /** The guest's clocks count its instructions; one processor (qemu.ts). */
  counted?: boolean;
  /** How QEMU is started in another network than this process has. */
  within?: (argv: readonly [string, ...string[]]) => [string, ...string[]];
  /** The machine is ended after this time, whatever it does. */
  limitSeconds: number;
}

export interface Machine {
  console: SerialConsole;
  consoleFile: string;
  pid: number;
  /** Seconds since its start. */
  seconds(): number;
  qmp: Qmp;
  /** Waits for its end (a reboot or power off of the guest, or QEMU's failure). */
  waitForEnd(seconds: number): Promise<void>;
  /** The ACPI power button. */
  powerDown(): Promise<void>;
  /** Ends it at once, as when the power fails. Does nothing when it has ended already. */
  end(): Promise<void>;
}

const ovmf = {
  uefi: target.qemu.firmware,
  // In these variables, Microsoft's keys are enrolled.
  'secure-boot': { code: 'OVMF_CODE_4M.secboot.fd', variables: 'OVMF_VARS_4M.ms.fd' },
};

/** A kernel starts without firmware where there is a BIOS, which takes no time of it. */
export const defaultFirmware: Firmware = target.grubBiosTarget === null ? 'uefi' : 'bios';

/** @returns null for a firmware that machines of the target do not have, or that is none */
export function firmwareNamed(name: string): 'bios' | 'uefi' | null {
  if (name === 'bios') return target.grubBiosTarget === null ? null : name;
  return name === 'uefi' ? name : null;
}

const socketDirectories = new Set<string>();
// One listener for all: Node warns of more than ten.
process.once('exit', () => {
  for (const directory of socketDirectories) removeSockets(directory);
});

function removeSockets(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  socketDirectories.delete(directory);
}

/** Starts a machine. @throws when QEMU does not come up; its own message is in the error's text */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  files.makeDirectory(options.directory);
  // Paths of UNIX sockets are limited to 107 bytes (unix(7)), so they are not below a directory of unknown depth.
  const sockets = mkdtempSync(join(tmpdir(), 'dabei-vm-'));
  socketDirectories.add(sockets);
  const consoleFile = join(options.directory, `${options.name}.console`);
  const variables = join(options.directory, 'uefi-variables.fd');
  const { firmware = defaultFirmware } = options;
  const flash = firmware === 'bios' ? undefined : ovmf[firmware];
  if (flash && !files.exists(variables))
    copyFileSync(join(target.qemu.firmware.directory, flash.variables), variables);

  const directions: readonly Direction[] = ['fromGuest', 'toGuest'];
  const redirected = (options.networks ?? []).flatMap(({ wire }, index) =>
    directions.flatMap(direction => {
      const rule = wire?.[direction];
      const path = (end: string) => join(sockets, `${direction}${index}${end}`);
      const redirection = { outSocket: path('out'), inSocket: path('in') };
      return rule === undefined ? [] : [{ index, direction, rule, redirection }];
    }),
  );
  const networks = (options.networks ?? []).map((network, index) => ({
    ...network,
    redirections: Object.fromEntries(
      redirected
        .filter(each => each.index === index)
        .map(({ direction, redirection }) => [direction, redirection]),
    ),
  }));
  const args = qemuArguments({
    accelerator: options.counted === true ? 'tcg' : await accelerator(),
    ...(options.counted === undefined ? {} : { counted: options.counted }),
    memoryMiB: options.memoryMiB,
    cpus: options.counted === true ? 1 : (options.cpus ?? 2),
    ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
    firmware,
    ...(flash ? { ovmf: { code: join(target.qemu.firmware.directory, flash.code), variables } } : {}),
    boot: options.boot,
    disks: options.disks ?? [],
    networks,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.display === undefined ? {} : { display: options.display }),
    ...(options.watchdog === undefined ? {} : { watchdog: options.watchdog }),
    ...(options.system === undefined ? {} : { system: options.system }),
    qmpSocket: join(sockets, 'qmp'),
  });
  const command: [string, ...string[]] = [target.qemu.program, ...args];
  const qemu = await start(options.within?.(command) ?? command);
  const started = clock.uptimeSeconds();
  const serial = new SerialConsole(qemu.output, qemu.input, consoleFile);
  const limit = setTimeout(qemu.kill, options.limitSeconds * timeScale * 1000);
  const closeWires: (() => void)[] = [];
  void qemu.ended.then(() => {
    clearTimeout(limit);
    for (const close of closeWires) close();
    removeSockets(sockets);
  });
  const early = qemu.ended.then(({ exitCode }) => {
    throw new Error(`QEMU ended with exit code ${exitCode}: ${qemu.errors().trim()}`);
  });
  early.catch(() => {});
  const connect = async () => {
    for (const { redirection, rule } of redirected) closeWires.push(await redirect(redirection, rule));
    return connectQmp(join(sockets, 'qmp'));
  };
  const qmp = await Promise.race([connect(), early]).catch(async (error: unknown) => {
    // Nobody else has it to end it.
    qemu.kill();
    await qemu.ended;
    // A QEMU that ends early closes its sockets before it is known to have ended: its own words say why.
    const said = qemu.errors().trim();
    const { message } = error as Error;
    throw message.includes(said) ? error : new Error(`${message}: ${said}`);
  });
  return {
    console: serial,
    consoleFile,
    pid: qemu.pid,
    seconds: () => clock.uptimeSeconds() - started,
    qmp,
    waitForEnd: seconds => waitForEnd(qemu, seconds, serial),
    powerDown: () => qmp.execute('system_powerdown').then(() => {}),
    end: async () => {
      qemu.kill();
      await qemu.ended;
    },
  };
}

async function waitForEnd(qemu: Running, seconds: number, serial: SerialConsole): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>(
    resolve => (timer = setTimeout(resolve, seconds * timeScale * 1000, 'late')),
  );
  const end = await Promise.race([qemu.ended, late]);
  clearTimeout(timer);
  if (end === 'late') throw new Error(`the machine did not end within ${seconds} s\n${serial.tail()}`);
  if (end.exitCode !== 0) {
    throw new Error(`QEMU ended with ${end.signal ?? `exit code ${end.exitCode}`}: ${qemu.errors().trim()}`);
  }
}

const givenPorts = new Set<number>();

/**
 * A port of 127.0.0.1 that nobody listens on, and that this process did not get before: the kernel chooses at random, and a
 * port that was closed is one of those that it chooses from.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = await chosenPort();
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    return port;
  }
  throw new Error('the kernel chose 100 ports that this process had before');
}

function chosenPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
