import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import * as files from '../../../image/lib/files.ts';
import { image } from '../harness/image.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import { configParameter, type GuestOptions, type Site } from '../harness/site.ts';
import { scanHostKeys, Ssh } from '../harness/ssh.ts';
import { timeScale } from '../harness/time-scale.ts';
import { finishInstall, stageDone } from './install.ts';

/** A machine with a rescue entry, and a person who chooses it in the boot menu. */

/**
 * As a boot loader that hands over the kernel once more.
 * @param disks of the configuration, besides the passphrase
 */
export async function installWithRescue(
  site: Site,
  guest: GuestOptions & { disks: DiskOptions[] },
  disks: Partial<NonNullable<ConfigInput['disks']>> = {},
): Promise<void> {
  const config = await site.installConfig();
  const machine = await site.startImage({
    ...guest,
    name: 'install',
    limitSeconds: 720,
    parameters: [
      configParameter({
        ...config,
        disks: { ...config.disks!, ...disks },
        system: { ...config.system, rescue: true },
      }),
    ],
    appended: [{ path: 'kernel', content: files.readBytes(image.kernel) }],
  });
  await finishInstall(site, machine);
  assert.match(machine.console.text, /^rescue entry in the boot menu: \d+(\.\d+)? MiB of each ESP$/m);
  assert.doesNotMatch(machine.console.text, /rescue system on|writing the rescue system to the ESPs/);
}

/**
 * The key End leads to the last entry, and stops the countdown; with systemd-boot, that is its own for the firmware's setup, after ours.
 * Nobody tells when the menu is there.
 * @param identity the file of a private key that may log in; by default the user's
 */
export async function chooseRescue(
  site: Site,
  guest: GuestOptions,
  name = 'rescue',
  identity = site.keys.user.file,
) {
  const machine = await site.start({ name, boot: { from: 'disk' }, limitSeconds: 900, ...guest });
  const press = (key: string) =>
    machine.qmp.execute('send-key', { keys: [{ type: 'qcode', data: key }] }).catch(() => {});
  const started = stageDone(machine, 'rescue', 300);
  started.catch(() => {});
  let isStarted = false;
  const seen = started.then(() => (isStarted = true));
  seen.catch(() => {});
  for (let round = 0; round < 6 && !isStarted; round++) {
    for (let times = 0; times < 20 * timeScale; times++) {
      await press('end');
      await sleep(400);
    }
    if (guest.firmware === 'uefi') await press('up');
    await sleep(400);
    await press('ret');
    await Promise.race([seen, sleep(20_000 * timeScale)]);
    if (/stage \d+\/\d+ /.test(machine.console.text)) break;
  }
  await started;
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 60);
  const ssh = new Ssh({ port: site.unlockPort, identity, hostKey, directory: site.directory });
  await ssh.waitUntilUp(60);
  return { machine, ssh, hostKey };
}
