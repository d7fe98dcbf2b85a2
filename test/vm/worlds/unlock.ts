import assert from 'node:assert/strict';
import type { Finished } from '../../../agent/host/exec.ts';
import { assertNoSecretOnDisk, finishInstall, stageDone, startInstall } from '../guests/install.ts';
import type { Machine } from '../harness/machine/machine.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import { type Site } from '../harness/site.ts';
import { scanHostKeys, type Ssh } from '../harness/ssh.ts';
import type { World } from '../world.ts';

/** `unlock` in stage 1 of an installed system, where stage 1's own questions have come to nothing. */

const memoryMiB = 1024;
const boots = /rpool is unlocked\.\nThis machine boots\.\n$/;

export const unlockWorlds: World[] = [
  {
    name: 'unlock',
    about:
      'three wrong passphrases at the console, then SSH; two people at once; a pool that another system had imported',
    limitSeconds: 2400,
    script: async site => {
      const disks = [site.disk('target', 4096)];
      await install(site, 'single', disks);
      await afterThreeWrong(site, disks);
      await twoPeople(site, disks);
      await importedElsewhere(site, disks);
      await assertNoSecretOnDisk(site, disks[0]!);
    },
  },
  {
    name: 'unlock-missing-disks',
    about:
      'raidz1 of three: without one disk, unlock names it and boots; without two, it says what is missing',
    limitSeconds: 2400,
    script: async site => {
      const disks = [0, 1, 2].map(index => site.disk(`disk${index}`, 4096));
      await install(site, 'raidz1', disks);
      await withoutDisks(site, disks);
    },
  },
];

async function install(
  site: Site,
  layout: 'single' | 'raidz1',
  disks: readonly DiskOptions[],
): Promise<void> {
  const devices = disks.map((_, index) => `/dev/vd${'abc'[index]}`);
  const config = await site.installConfig({ disks: { layout, devices, key: site.keys.passphrase } });
  const machine = await startInstall(site, config, { memoryMiB, disks });
  await finishInstall(site, machine);
  assert.match(machine.console.text, /unlock it with "ssh -t -p 2222 root@\S+ unlock"/);
}

/** Starts the disks, until the SSH server of stage 1 answers. */
async function stage1(site: Site, name: string, disks: readonly DiskOptions[]) {
  const machine = await site.start({ name, boot: { from: 'disk' }, memoryMiB, disks, limitSeconds: 900 });
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 180);
  return { machine, ssh: site.ssh({ port: site.unlockPort, hostKey }) };
}

function unlock(ssh: Ssh, ...lines: string[]): Promise<Finished> {
  return ssh.attempt('unlock', { stdin: lines.map(line => `${line}\n`).join(''), seconds: 240 });
}

async function assertBoots(site: Site, machine: Machine): Promise<void> {
  await site.ssh().waitUntilUp(180);
  assert.ok(!machine.console.text.includes(site.keys.passphrase), 'the console does not show the passphrase');
  await machine.end();
}

async function afterThreeWrong(site: Site, disks: readonly DiskOptions[]): Promise<void> {
  const { machine, ssh } = await stage1(site, 'three-wrong', disks);
  for (const wrong of ['one', 'two', 'three']) {
    await machine.console.waitFor(/Enter key for rpool: $/, 120);
    machine.console.type(`${wrong}\n`);
    await machine.console.waitFor(/Incorrect key provided for 'rpool'/, 60);
  }
  await machine.console.waitFor(/You are in emergency mode/, 60);

  const none = await unlock(ssh, 'four');
  assert.equal(none.exitCode, 1, 'no right answer');
  assert.match(
    none.stdout,
    /This is not the passphrase of rpool: .*Incorrect key.*\n.*\nNo passphrase was given/,
  );
  const { stdout } = await unlock(ssh, 'five', 'six', 'seven', 'eight', site.keys.passphrase);
  assert.equal(stdout.match(/This is not the passphrase of rpool/g)?.length, 4);
  assert.match(stdout, boots);
  await assertBoots(site, machine);
}

async function twoPeople(site: Site, disks: readonly DiskOptions[]): Promise<void> {
  const { machine, ssh } = await stage1(site, 'two-people', disks);
  await machine.console.waitFor(/Enter key for rpool: $/, 120);
  // The other person types nothing; the connection ends with stage 1.
  const other = ssh.attempt('sleep 300 | unlock', { seconds: 400 });
  await ssh.run('until ls -d /run/unlock.* >/dev/null 2>&1; do sleep 1; done; sleep 5', { seconds: 60 });
  assert.match((await unlock(ssh, site.keys.passphrase)).stdout, boots);
  assert.match((await other).stdout, /rpool was unlocked in the meantime\.\n/);
  await machine.console.waitFor(/stage 1: unlocked/, 60);
  await assertBoots(site, machine);
}

async function importedElsewhere(site: Site, disks: readonly DiskOptions[]): Promise<void> {
  const { keys } = site;
  const rescue = await site.startImage({
    ...{ name: 'elsewhere', memoryMiB, disks, limitSeconds: 600 },
    parameters: [site.rescueParameter()],
  });
  await stageDone(rescue, 'rescue', 180);
  const other = site.ssh();
  await other.waitUntilUp(60);
  await other.run('zgenhostid -f deadbeef; zpool import -f -N rpool && zpool sync rpool', { seconds: 90 });
  await rescue.end();

  const { machine, ssh } = await stage1(site, 'taken', disks);
  const refused = await unlock(ssh, keys.passphrase);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stdout, /previously in use from another system[^]*hostid=deadbeef/);
  assert.match(refused.stdout, /This machine's host id is 0badcafe\./);
  const [, command = ''] = /^ {2}(zpool import -f .*) && unlock$/m.exec(refused.stdout) ?? [];
  await ssh.run(command, { seconds: 90 });
  assert.match((await unlock(ssh, keys.passphrase)).stdout, boots);
  await assertBoots(site, machine);
}

async function withoutDisks(site: Site, disks: readonly DiskOptions[]): Promise<void> {
  const one = await stage1(site, 'without-one', disks.slice(1));
  const { stdout } = await unlock(one.ssh, site.keys.passphrase);
  assert.match(stdout, /^rpool is DEGRADED\. What cannot be used:\n {2}\d+ UNAVAIL .*by-partuuid/m);
  assert.match(stdout, boots);
  await assertBoots(site, one.machine);

  const two = await stage1(site, 'without-two', disks.slice(2));
  const refused = await unlock(two.ssh, site.keys.passphrase);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stdout, /^rpool is (UNAVAIL|FAULTED)\./m);
  assert.ok((refused.stdout.match(/^ {2}\S+ UNAVAIL/gm)?.length ?? 0) >= 2, 'both disks are named');
  assert.match(refused.stdout, /Attach what is missing, and run "unlock" again/);
  // Where nothing is to be had, the machine stays reachable.
  await two.ssh.run('zpool import');
  await two.machine.end();
}
