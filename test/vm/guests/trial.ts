import assert from 'node:assert/strict';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import * as files from '../../../image/lib/files.ts';
import { copyDisk, patchDisk } from '../harness/disk.ts';
import { image } from '../harness/image.ts';
import type { Machine } from '../harness/machine/machine.ts';
import { configParameter, type Site } from '../harness/site.ts';
import { scanHostKeys, type Ssh } from '../harness/ssh.ts';
import { finishInstall, installLimitSeconds, stageDone } from './install.ts';
import { keptInstallation, variablesOf, type Guest } from './kept.ts';

/** A machine whose first boot is on trial, and the ways in which that boot ends. */

export const minutes = 10;
export const seconds = 300;
/** The kernel finds no init in its initrd, and panics. */
export const withoutInit = ['systemd.watchdog_sec=60', 'rdinit=/no'.padEnd(23)] as const;
const noLogin = /^this is the rescue system of tiny: the installed system was started on trial, and nobody/;
const failedBefore =
  /^this is the rescue system of tiny: the trial of the installed system failed at an earlier start/;

/** The boot loader starts the installed system once; power fails; the rescue system is the default, where somebody confirms. */
export async function failsAndIsConfirmed(site: Site, guest: Guest): Promise<void> {
  await powerCutInStage1(site, guest, 'loader');
  const failed = await rescued(site, guest, 'after-power-cut');
  assert.match(await failed.ssh.run('dabei status'), noLogin);
  assert.match(await failed.ssh.run('dabei confirm', { seconds: 60 }), /^confirmed: the installed system/);
  await restart(failed);
  await endsInInstalled(site, guest, 'after-confirm');
}

export async function staysInRescue(site: Site, guest: Guest, name: string): Promise<void> {
  const stays = await rescued(site, guest, name);
  const status = await stays.ssh.run('dabei status');
  assert.ok(noLogin.test(status) || failedBefore.test(status), status);
  // Who comes later than that takes it for stage 1: the same port, the same host key.
  assert.match(
    await stays.ssh.run('unlock 2>&1; echo "exit code $?"'),
    /this is the rescue system of tiny, not its stage 1: .*"dabei confirm".*^exit code [1-9]/ms,
  );
  await stays.machine.end();
}

export interface Installation {
  /** Of the configuration. */
  changes?: Partial<Pick<ConfigInput, 'disks' | 'network' | 'report'>>;
  /** What the installation says at its end. */
  told?: RegExp;
  /** What may not be said: by default, that there is no trial, or that the boot loader does not start it. */
  untold?: RegExp;
  /** What somebody does in the installer, before it has written anything. */
  meanwhile?: (ssh: Ssh) => Promise<unknown>;
}

/** @returns what makes disks and firmware again what they were after the installation */
export async function installed(
  site: Site,
  guest: Guest,
  {
    changes = {},
    told = /^installed: .*; it is on trial: log in within 10 minutes/m,
    untold = /the first boot is not on trial|the rescue system will start/,
    meanwhile,
  }: Installation = {},
): Promise<() => Promise<void>> {
  const install = async () => {
    const config = await site.installConfig();
    const machine = await site.startImage({
      ...guest,
      name: 'install',
      limitSeconds: 900,
      parameters: [
        configParameter({
          ...config,
          ...changes,
          disks: { ...config.disks!, ...changes.disks },
          system: { ...config.system, rescue: true, trial: minutes },
        }),
      ],
      appended: [{ path: 'kernel', content: files.readBytes(image.kernel) }],
    });
    await finishInstall(site, machine, installLimitSeconds, meanwhile);
    return machine;
  };
  // A receiver of reports has another address in each run.
  const isOwn = meanwhile !== undefined || changes.report !== undefined;
  const console = isOwn
    ? (await install()).console.text
    : await keptInstallation(site, guest, { trial: minutes, ...changes }, install);
  assert.match(console, /^first boot on trial: 10 minutes after it starts, the machine/m);
  assert.match(console, told);
  assert.doesNotMatch(console, untold);
  const variables = guest.firmware === 'uefi' ? [variablesOf(site)] : [];
  const kept = [...guest.disks.map(({ file }) => file), ...variables];
  for (const file of kept) await copyDisk(file, `${file}.installed.raw`);
  return async () => {
    for (const file of kept) await copyDisk(`${file}.installed.raw`, file);
  };
}

export function start(site: Site, guest: Guest, name: string, limitSeconds = 900): Promise<Machine> {
  return site.start({ ...guest, name, boot: { from: 'disk' }, limitSeconds });
}

/** The trial has noted that it started: it does so before it waits for anything. */
export async function powerCutInStage1(site: Site, guest: Guest, name: string): Promise<void> {
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/nix-dabei trial: the installed system has started/, seconds);
  assert.doesNotMatch(machine.console.text, /stage \d+\/\d+ /, 'the boot loader itself started it');
  await machine.end();
}

/** By UEFI, the rescue system starts it once more: it panicked before it could note that it was started. */
export async function panicsUntilRescue(site: Site, guest: Guest): Promise<void> {
  for (const { file } of guest.disks) assert.ok(patchDisk(file, ...withoutInit) > 0);
  await panics(site, guest, 'panic-by-loader');
  if (guest.firmware === 'uefi') await panics(site, guest, 'panic-by-kexec');
  await staysInRescue(site, guest, 'after-panic');
}

export async function panics(site: Site, guest: Guest, name: string): Promise<void> {
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/Kernel panic - not syncing/, seconds);
  // panic=30, and QEMU ends where a machine restarts.
  await machine.waitForEnd(120);
}

interface Rescue {
  machine: Machine;
  ssh: Ssh;
}

async function rescued(site: Site, guest: Guest, name: string): Promise<Rescue> {
  const machine = await start(site, guest, name);
  await stageDone(machine, 'rescue', seconds);
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 60);
  const ssh = site.ssh({ port: site.unlockPort, hostKey });
  await ssh.waitUntilUp(60);
  site.measured.push(
    `${name}: SSH answers in the rescue system ${Math.round(machine.seconds())} s after the machine's start`,
  );
  return { machine, ssh };
}

async function restart({ machine, ssh }: Rescue): Promise<void> {
  await ssh.attempt('reboot', { seconds: 60 });
  await machine.waitForEnd(90);
}

/** @returns the host key of stage 1 */
export async function logIn(site: Site, machine: Machine): Promise<string> {
  // sshd may answer earlier or later.
  await machine.console.waitFor(/nix-dabei trial: the installed system has started/, seconds);
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 120);
  await site.ssh({ port: site.unlockPort, hostKey }).run('true', { seconds: 60 });
  await machine.console.waitFor(/nix-dabei trial: confirmed: somebody has logged in/, 60);
  return hostKey;
}

/**
 * Without a trial, and it is unlocked as ever.
 * @param said of a unit that ends a trial; by default, none runs
 */
export async function endsInInstalled(site: Site, guest: Guest, name: string, said?: RegExp): Promise<void> {
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/stage 1: sshd answers/, seconds);
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 60);
  const stage1 = site.ssh({ port: site.unlockPort, hostKey });
  await stage1.attempt('unlock', { stdin: `${site.keys.passphrase}\n`, seconds: 120 });
  const ssh = site.ssh();
  await ssh.waitUntilUp(180);
  if (said !== undefined) await machine.console.waitFor(said, 60);
  assert.match(await ssh.run('ls /boot/dabei', { seconds: 60 }), /^(?![^]*trial)/, 'nothing of it is left');
  assert.doesNotMatch(await ssh.run('cat /proc/cmdline'), /dabei\.trial|systemd\.watchdog_sec/);
  if (said === undefined)
    assert.doesNotMatch(machine.console.text, /nix-dabei trial: /, 'no unit of it runs');
  await machine.end();
}
