import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import * as files from '../../../image/lib/files.ts';
import { target } from '../../../image/lib/target.ts';
import { image } from '../harness/image.ts';
import type { Machine } from '../harness/machine/machine.ts';
import { macOf } from '../harness/machine/qemu.ts';
import { configParameter, type GuestOptions, type Site } from '../harness/site.ts';
import { scanHostKeys, Ssh } from '../harness/ssh.ts';
import { timeScale } from '../harness/time-scale.ts';
import { finishInstall, stageDone } from './install.ts';
import type { Guest } from './kept.ts';

/** A machine with a rescue entry, and a person who chooses it in the boot menu. */

/** The address that QEMU gives, but static: it stands in the files of the installed system, where a person can change it. */
export const fixedNetwork: ConfigInput['network'] = {
  interfaces: [
    {
      mac: macOf({}, 0),
      addresses: ['10.0.2.15/24'],
      routes: [{ destination: 'default', gateway: '10.0.2.2' }],
    },
  ],
};

/**
 * As a boot loader that hands over the kernel once more.
 * @param changes of the configuration; of its disks, besides the passphrase
 */
export async function installWithRescue(
  site: Site,
  guest: Guest,
  changes: { disks?: Partial<NonNullable<ConfigInput['disks']>>; network?: ConfigInput['network'] } = {},
): Promise<void> {
  const config = await site.installConfig();
  const machine = await site.startImage({
    ...guest,
    name: 'install',
    limitSeconds: 720,
    parameters: [
      configParameter({
        ...config,
        ...changes,
        disks: { ...config.disks!, ...changes.disks },
        system: { ...config.system, rescue: true, trial: 0 },
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
  const started = stageDone(machine, 'rescue', 300);
  started.catch(() => {});
  if (target.grubBiosTarget === null) await chooseOverSerial(machine);
  else await chooseByKeyboard(machine, guest, started);
  await started;
  const [hostKey = ''] = await scanHostKeys(site.unlockPort, 60);
  const ssh = new Ssh({ port: site.unlockPort, identity, hostKey, directory: site.directory });
  await ssh.waitUntilUp(60);
  return { machine, ssh, hostKey };
}

/** Presses keys until the rescue system starts: the menu is on a display that nobody sees. */
async function chooseByKeyboard(
  machine: Machine,
  { firmware }: GuestOptions,
  started: Promise<void>,
): Promise<void> {
  const press = (key: string) =>
    machine.qmp.execute('send-key', { keys: [{ type: 'qcode', data: key }] }).catch(() => {});
  let isStarted = false;
  const seen = started.then(() => (isStarted = true));
  seen.catch(() => {});
  for (let round = 0; round < 6 && !isStarted; round++) {
    for (let times = 0; times < 20 * timeScale; times++) {
      await press('end');
      await sleep(400);
    }
    if (firmware === 'uefi') await press('up');
    await sleep(400);
    await press('ret');
    await Promise.race([seen, sleep(20_000 * timeScale)]);
    if (/stage \d+\/\d+ /.test(machine.console.text)) break;
  }
}

/** ARM's virtual machine has no keyboard; the firmware shows the menu on the serial line. Cursor keys: console_codes(4). */
async function chooseOverSerial({ console }: Machine): Promise<void> {
  await console.waitFor(/nix-dabei rescue[^]*Boot in \d+ s/, 200);
  // Down to the last entry, which is the firmware's, and up again.
  for (const key of [...Array<string>(6).fill('\u001b[B'), '\u001b[A', '\r']) {
    console.type(key);
    await sleep(400);
  }
}

/** The image with the machine's system mounted, as its rescue system would have it. */
export async function startBeside(site: Site, guest: GuestOptions) {
  const machine = await site.startImage({
    ...guest,
    name: 'beside',
    limitSeconds: 1800,
    parameters: [
      configParameter({
        version: 1,
        rootAuthorizedKeys: [site.keys.user.public],
        ssh: { hostKeys: [site.keys.host.private] },
      }),
    ],
  });
  const ssh = site.ssh();
  await ssh.waitUntilUp(180);
  await ssh.run('zgenhostid -f 0badcafe; modprobe zfs; zpool import -f -N -R /mnt -d /dev/disk/by-partuuid rpool', { seconds: 120 }); // prettier-ignore
  await ssh.attempt('zfs load-key rpool', { stdin: `${site.keys.passphrase}\n`, seconds: 120 });
  const mounts = [
    'local/root /mnt',
    'local/nix /mnt/nix',
    'safe/home /mnt/home',
    'safe/persist /mnt/persist',
  ];
  await ssh.run(
    [...mounts.map(each => `mount -t zfs rpool/${each}`), 'mount -o umask=0077 /dev/vda2 /mnt/boot'].join(
      ' && ',
    ),
    { seconds: 120 },
  );
  return { machine, ssh };
}

/** What `nixos-rebuild boot` does, from beside. @returns what it said */
export async function rebuild(ssh: Ssh): Promise<string> {
  const { exitCode, stdout, stderr } = await ssh.attempt(
    'nixos-install --root /mnt --flake path:/mnt/etc/nixos#tiny --no-root-passwd 2>&1',
    { seconds: 900 },
  );
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout + stderr;
}

export async function leave(
  machine: { waitForEnd(seconds: number): Promise<unknown> },
  ssh: Ssh,
): Promise<void> {
  await ssh.run('umount -R /mnt && zpool export rpool', { seconds: 180 });
  await ssh.attempt('reboot', { seconds: 60 });
  await machine.waitForEnd(90);
}
