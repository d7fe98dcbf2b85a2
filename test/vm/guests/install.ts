import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import { searchDisk } from '../harness/disk.ts';
import { findSecrets, secretBytes } from '../harness/keys.ts';
import type { Machine } from '../harness/machine/machine.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import { failureIn } from '../harness/machine/scan.ts';
import { configParameter, type GuestOptions, type ImageOptions, type Site } from '../harness/site.ts';
import { scanHostKeys, type Ssh } from '../harness/ssh.ts';

/** The main job in two machines: the image installs onto a disk, and the disk boots by itself. */

export const installLimitSeconds = 600;

export interface Watched {
  /** Least MemAvailable seen while installing, in MiB. */
  leastFreeMiB: number;
  /** All that was ever swapped out, in MiB. */
  swappedOutMiB: number;
  /** Secrets seen in the arguments or the environment of any process. */
  leaks: ReadonlySet<string>;
}

/**
 * Watches an installing machine over SSH until it is gone: the memory left, and whether any process has a secret in its
 * arguments or environment. One `cat` a round, since every process started costs under emulation. A machine that swaps may be
 * silent for longer than a connection lasts.
 */
async function watch(
  ssh: Ssh,
  secrets: Readonly<Record<string, Buffer>>,
  seconds: number,
  isOver: () => boolean,
): Promise<Watched> {
  const leaks = new Set<string>();
  let leastFreeMiB = Infinity;
  let swappedOutMiB = 0;
  const look =
    "while :; do grep -hE '^(MemAvailable|pswpout)' /proc/meminfo /proc/vmstat; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; sleep 2; done";
  const onLine = (line: string) => {
    const [, kibibytes] = /^MemAvailable: +(\d+) kB$/.exec(line) ?? [];
    if (kibibytes !== undefined) leastFreeMiB = Math.min(leastFreeMiB, Math.floor(Number(kibibytes) / 1024));
    // Pages of 4 KiB since the start (proc(5)).
    const [, pages] = /^pswpout (\d+)$/.exec(line) ?? [];
    if (pages !== undefined) swappedOutMiB = Math.floor((Number(pages) * 4) / 1024);
    for (const name of findSecrets(line, secrets)) leaks.add(name);
  };
  while (!isOver()) {
    await ssh.attempt(look, { seconds: seconds + 60, onLine });
    await sleep(1000);
  }
  return { leastFreeMiB, swappedOutMiB, leaks };
}

/** Waits for a stage to be done; a stage that fails ends the wait with the console's last lines. */
export async function stageDone(
  machine: Machine,
  name: string,
  seconds = installLimitSeconds,
): Promise<void> {
  await machine.console.waitFor(new RegExp(`^stage \\d+/\\d+ ${name}: done .*$`, 'm'), seconds, [
    /stage \d+\/\d+ \S+: failed.*$/m,
  ]);
}

/** Waits for a refusal and says where and why. */
export async function stageFailed(
  machine: Machine,
  seconds: number,
): Promise<{ stage: string; code: string | null }> {
  await machine.console.waitFor(/stage \d+\/\d+ \S+: failed.*$[^]*?^error [A-Z][A-Z0-9_]*: .*$/m, seconds, [
    /^stage \d+\/\d+ (finish|rescue): done/m,
  ]);
  return failureIn(machine.console.text)!;
}

/** Starts the image with a configuration in one kernel parameter. */
export function startInstall(
  site: Site,
  config: ConfigInput,
  options: GuestOptions & Pick<ImageOptions, 'damage'>,
): Promise<Machine> {
  return site.startImage({
    name: 'install',
    limitSeconds: installLimitSeconds + 120,
    parameters: [configParameter(config)],
    ...options,
  });
}

/**
 * From a started machine to a finished installation: every stage done, then the reboot.
 * @param meanwhile what somebody does in the installer as soon as it can be reached
 */
export async function finishInstall(
  site: Site,
  machine: Machine,
  seconds = installLimitSeconds,
  meanwhile?: (ssh: Ssh) => Promise<unknown>,
): Promise<Watched> {
  await stageDone(machine, 'ssh', 120);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  await meanwhile?.(ssh);
  let isOver = false;
  const watching = watch(ssh, secretBytes(site.keys), seconds, () => isOver);
  watching.catch(() => {});
  try {
    await stageDone(machine, 'finish', seconds);
    await machine.waitForEnd(60);
  } finally {
    isOver = true;
  }
  return watching;
}

export interface Unlocked {
  machine: Machine;
  ssh: Ssh;
  /** Of the SSH server that waits for the passphrase. */
  unlockHostKey: string;
}

/** "nothing": the pool is not encrypted. */
export type UnlockWay = 'ssh' | 'console' | 'nothing';

/**
 * Boots the disk by itself and opens it, over SSH or at the console.
 * @param wrongFirst a wrong passphrase is given first, and must open nothing
 * @param dataset what the passphrase belongs to
 */
export async function bootInstalled(
  site: Site,
  options: GuestOptions & { name?: string },
  {
    by = 'ssh',
    wrongFirst = false,
    dataset = 'rpool',
  }: { by?: UnlockWay; wrongFirst?: boolean; dataset?: string } = {},
): Promise<Unlocked> {
  const machine = await site.start({ name: 'disk', boot: { from: 'disk' }, limitSeconds: 600, ...options });
  if (by === 'nothing') {
    const ssh = site.ssh();
    await unlessItEnds(machine, ssh.waitUntilUp(180));
    return { machine, ssh, unlockHostKey: '' };
  }
  const [unlockHostKey = ''] = await unlessItEnds(machine, scanHostKeys(site.unlockPort, 180));
  const way = { by, dataset, hostKey: unlockHostKey };
  if (wrongFirst) await unlock(site, machine, way, 'not the passphrase');
  await unlock(site, machine, way, site.keys.passphrase);
  const ssh = site.ssh();
  await unlessItEnds(machine, ssh.waitUntilUp(180));
  assert.ok(!machine.console.text.includes(site.keys.passphrase), 'the console does not show the passphrase');
  return { machine, ssh, unlockHostKey };
}

/** Gives a passphrase and sees that it opens the pool exactly if it is the right one. */
async function unlock(
  site: Site,
  machine: Machine,
  { by, dataset, hostKey }: { by: UnlockWay; dataset: string; hostKey: string },
  passphrase: string,
): Promise<void> {
  const answer = (ending: string) => new RegExp(ending.replace('DATASET', dataset));
  const right = passphrase === site.keys.passphrase;
  if (by === 'console') {
    await machine.console.waitFor(answer('Enter key for DATASET: $'), 120);
    machine.console.type(`${passphrase}\n`);
    await machine.console.waitFor(
      answer(right ? 'DATASET is unlocked' : "Incorrect key provided for 'DATASET'"),
      90,
    );
    return;
  }
  const ssh = site.ssh({ port: site.unlockPort, hostKey });
  const { stdout } = await ssh.attempt('unlock', { stdin: `${passphrase}\n`, seconds: 120 });
  assert.match(stdout, answer(right ? 'DATASET is unlocked' : 'This is not the passphrase of DATASET'));
}

/** Waits for something that a machine does from afar, unless it ends or its kernel gives up meanwhile. */
export async function unlessItEnds<T>(machine: Machine, work: Promise<T>): Promise<T> {
  const nothing = /(?!)/;
  const watched = machine.console.waitFor(nothing, 600);
  watched.catch(() => {});
  return Promise.race([work, watched as Promise<never>]);
}

/** No secret stands anywhere on the raw disk. */
export async function assertNoSecretOnDisk(site: Site, disk: DiskOptions): Promise<void> {
  assert.deepEqual(await searchDisk(disk.file, secretBytes(site.keys)), [], 'secrets on the raw disk');
}
