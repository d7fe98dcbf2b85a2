import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import { copyDisk, patchDisk } from '../../harness/disk.ts';
import { finishInstall, stageDone } from '../../guests/install.ts';
import { image } from '../../harness/image.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import { configParameter, type GuestOptions, type Site } from '../../harness/site.ts';
import { scanHostKeys, type Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';

/** The first boot on trial: one installation, whose disk then ends in different ways. */

type Guest = GuestOptions & { disks: DiskOptions[] };

const minutes = 10;
const seconds = 300;
/** The kernel finds no init in its initrd, and panics. */
const withoutInit = ['systemd.watchdog_sec=60', 'rdinit=/no'.padEnd(23)] as const;
/** Both firmwares' worlds start a kernel that cannot find its init. */
const expected = [/Kernel panic - not syncing/];
const noLogin = /^this is the rescue system of tiny: the installed system was started on trial, and nobody/;

export const trialWorlds: World[] = [
  {
    name: 'trial-uefi',
    about:
      'first boot on trial: a login in stage 1 confirms it; a power cut, an initrd that panics and lost variables end in the rescue system, or in one start',
    limitSeconds: 5400,
    expected,
    script: async site => {
      const guest: Guest = { memoryMiB: 1024, firmware: 'uefi', disks: [site.disk('target', 4096)] };
      const restore = await installed(site, guest);
      const variables = join(site.directory, 'uefi-variables.fd');
      const kept = files.readBytes(variables);

      await failsAndIsConfirmed(site, guest);

      // The variable is lost: the rescue system starts it, and a login in stage 1 confirms it.
      await restore();
      files.remove(variables);
      const started = await start(site, guest, 'lost-variable');
      await started.console.waitFor(/the boot loader did not start the installed system on trial/, seconds);
      await logIn(site, started);
      await started.end();
      await endsInInstalled(site, guest, 'after-login');

      // The kernel finds no init: two starts, one by each, then the rescue system stays.
      await restore();
      files.write(variables, kept);
      assert.ok(patchDisk(guest.disks[0]!.file, ...withoutInit) > 0);
      await panics(site, guest, 'panic-by-loader');
      await panics(site, guest, 'panic-by-kexec');
      await staysInRescue(site, guest, 'after-panic');
    },
  },
  {
    name: 'trial-bios',
    about:
      'first boot on trial, by GRUB: a power cut ends in the rescue system; a login in stage 1 confirms it; a kernel that panics is started once',
    limitSeconds: 5400,
    expected,
    script: async site => {
      const guest: Guest = { memoryMiB: 1024, firmware: 'bios', disks: [site.disk('target', 4096)] };
      const restore = await installed(site, guest);

      await failsAndIsConfirmed(site, guest);

      await restore();
      const started = await start(site, guest, 'login');
      await logIn(site, started);
      await started.end();
      await endsInInstalled(site, guest, 'after-login');

      await restore();
      assert.ok(patchDisk(guest.disks[0]!.file, ...withoutInit) > 0);
      await panics(site, guest, 'panic-by-loader');
      await staysInRescue(site, guest, 'after-panic');
    },
  },
  {
    name: 'trial-nobody',
    about: 'first boot on trial, and nobody logs in: after its minutes, the machine is in the rescue system',
    limitSeconds: 3600,
    script: async site => {
      const guest: Guest = { memoryMiB: 1024, firmware: 'bios', disks: [site.disk('target', 4096)] };
      await installed(site, guest);
      const machine = await start(site, guest, 'nobody', minutes * 60 + 900);
      await machine.console.waitFor(/nobody has logged in within 10 minutes/, minutes * 60 + 300);
      await machine.waitForEnd(180);
      await staysInRescue(site, guest, 'rescue');
    },
  },
];

/** The boot loader starts the installed system once; power fails; the rescue system is the default, where somebody confirms. */
async function failsAndIsConfirmed(site: Site, guest: Guest): Promise<void> {
  await powerCutInStage1(site, guest, 'loader');
  const failed = await rescued(site, guest, 'after-power-cut');
  assert.match(await failed.ssh.run('dabei status'), noLogin);
  assert.match(await failed.ssh.run('dabei confirm', { seconds: 60 }), /^confirmed: the installed system/);
  await restart(failed);
  await endsInInstalled(site, guest, 'after-confirm');
}

async function staysInRescue(site: Site, guest: Guest, name: string): Promise<void> {
  const stays = await rescued(site, guest, name);
  assert.match(await stays.ssh.run('dabei status'), noLogin);
  await stays.machine.end();
}

/** @returns what makes the disk again what it was after the installation */
async function installed(site: Site, guest: Guest): Promise<() => Promise<void>> {
  const config = await site.installConfig();
  const machine = await site.startImage({
    ...guest,
    name: 'install',
    limitSeconds: 900,
    parameters: [configParameter({ ...config, system: { ...config.system, rescue: true, trial: minutes } })],
    appended: [{ path: 'kernel', content: files.readBytes(image.kernel) }],
  });
  await finishInstall(site, machine);
  assert.match(
    machine.console.text,
    /^first boot on trial: 10 minutes after it starts, the machine restarts/m,
  );
  assert.match(machine.console.text, /^installed: .*; it is on trial: log in within 10 minutes/m);
  assert.doesNotMatch(machine.console.text, /the first boot is not on trial|the rescue system will start/);
  const [{ file }] = guest.disks as [DiskOptions];
  await copyDisk(file, `${file}.installed`);
  return () => copyDisk(`${file}.installed`, file);
}

function start(site: Site, guest: Guest, name: string, limitSeconds = 900): Promise<Machine> {
  return site.start({ ...guest, name, boot: { from: 'disk' }, limitSeconds });
}

/** The trial has noted that it started: it does so before it waits for anything. */
async function powerCutInStage1(site: Site, guest: Guest, name: string): Promise<void> {
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/nix-dabei trial: the installed system has started/, seconds);
  assert.doesNotMatch(machine.console.text, /stage \d+\/\d+ /, 'the boot loader itself started it');
  await machine.end();
}

async function panics(site: Site, guest: Guest, name: string): Promise<void> {
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
  return { machine, ssh };
}

async function restart({ machine, ssh }: Rescue): Promise<void> {
  await ssh.attempt('reboot', { seconds: 60 });
  await machine.waitForEnd(90);
}

async function logIn(site: Site, machine: Machine): Promise<void> {
  await machine.console.waitFor(/nix-dabei trial: the installed system has started/, seconds);
  await machine.console.waitFor(/stage 1: sshd answers/, 120);
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 60);
  await site.ssh({ port: site.unlockPort, hostKey }).run('true', { seconds: 60 });
  await machine.console.waitFor(/nix-dabei trial: confirmed: somebody has logged in/, 60);
}

/** Without a trial, and it is unlocked as ever. */
async function endsInInstalled(site: Site, guest: Guest, name: string): Promise<void> {
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/stage 1: sshd answers/, seconds);
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 60);
  const stage1 = site.ssh({ port: site.unlockPort, hostKey });
  await stage1.attempt('unlock', { stdin: `${site.keys.passphrase}\n`, seconds: 120 });
  const ssh = site.ssh();
  await ssh.waitUntilUp(180);
  assert.match(await ssh.run('ls /boot/dabei', { seconds: 60 }), /^(?![^]*trial)/, 'nothing of it is left');
  assert.doesNotMatch(await ssh.run('cat /proc/cmdline'), /dabei\.trial|systemd\.watchdog_sec/);
  assert.doesNotMatch(machine.console.text, /nix-dabei trial/, 'no unit of it runs');
  await machine.end();
}
