import assert from 'node:assert/strict';
import { assertNoSecretOnDisk, bootInstalled } from '../guests/install.ts';
import { chooseRescue, installWithRescue } from '../guests/rescue-entry.ts';
import { findSecrets, secretBytes } from '../harness/keys.ts';
import type { Machine } from '../harness/machine/machine.ts';
import type { Site } from '../harness/site.ts';
import type { Ssh } from '../harness/ssh.ts';
import type { World } from '../world.ts';

/** An installed machine whose rescue entry somebody chooses in the boot menu. */

const memoryMiB = 1024;

export const rescueEntryWorlds: World[] = (['uefi', 'bios'] as const).map(firmware => ({
  name: `rescue-entry-${firmware}`,
  about:
    'the rescue entry of the boot menu: the same address and host key as stage 1, unlock, enter, choose a generation, restart into it',
  limitSeconds: 2400,
  everywhere: firmware === 'uefi',
  script: async site => {
    const guest = { memoryMiB, firmware, disks: [site.disk('target', 4096)] };
    await installWithRescue(site, guest);
    const { machine, ssh, hostKey } = await chooseRescue(site, guest);
    await assertRescue(site, ssh);
    await leave(ssh, machine);
    const installed = await bootInstalled(site, guest);
    assert.equal(installed.unlockHostKey, hostKey, 'stage 1 and the rescue system have one host key');
    await installed.machine.end();
    await assertNoSecretOnDisk(site, guest.disks[0]!);
  },
}));

async function assertRescue(site: Site, ssh: Ssh): Promise<void> {
  assert.match(
    await ssh.run('dabei status'),
    /^this is the rescue system of tiny: its entry in the boot menu/,
  );
  assert.match(await ssh.run('hostname'), /^tiny$/m);
  const generations = await ssh.run('dabei generations', { seconds: 60 });
  assert.match(generations, /^1( \(default\))?: .*NixOS/m, 'without the passphrase');

  const wrong = await ssh.attempt('dabei unlock', { stdin: 'not the passphrase\n', seconds: 120 });
  assert.match(wrong.stderr, /error RESCUE_UNLOCK: .*the passphrase does not open the pool/);
  const { stdout } = await ssh.attempt('dabei unlock', { stdin: `${site.keys.passphrase}\n`, seconds: 120 });
  assert.match(stdout, /^tiny is mounted at \/mnt$/m);
  const entered = await ssh.attempt('dabei enter', {
    stdin: 'readlink /nix/var/nix/profiles/system; ls /boot/dabei\n',
    seconds: 120,
  });
  assert.match(entered.stdout, /^system-1-link$/m);
  assert.match(entered.stdout, /^rescue\.cpio$/m);

  // Nothing on the ESP opens the pool, and no host key but stage 1's is there.
  const secrets = secretBytes(site.keys);
  const patterns = [site.keys.passphrase, site.keys.host.private.trim().split('\n')[3]!].join('\n') + '\n';
  const { stdout: found } = await ssh.attempt('grep -rlF -f - /mnt/boot', { stdin: patterns, seconds: 120 });
  assert.equal(found, '', 'secrets on the ESP');
  const strings = await ssh.run('cat /mnt/boot/dabei/rescue.cpio', { seconds: 60 });
  assert.deepEqual(findSecrets(strings, secrets), []);
}

async function leave(ssh: Ssh, machine: Machine): Promise<void> {
  assert.match(await ssh.run('dabei boot 1', { seconds: 60 }), /generation 1 starts from now on/);
  assert.match(await ssh.run('dabei boot 1 --once', { seconds: 60 }), /generation 1 starts next, once/);
  assert.match(await ssh.run('dabei lock', { seconds: 120 }), /rpool is exported/);
  await ssh.attempt('reboot', { seconds: 60 });
  await machine.waitForEnd(90);
}
