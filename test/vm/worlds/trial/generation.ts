import assert from 'node:assert/strict';
import { bootInstalled } from '../../guests/install.ts';
import { fixedNetwork, installWithRescue, leave, rebuild, startBeside } from '../../guests/rescue-entry.ts';
import { logIn, seconds, start } from '../../guests/trial.ts';
import type { Guest } from '../../guests/kept.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** Later generations on trial: systemd-boot counts their first boot. */

/** Stage 1 of the system is in the network, or says why not, within 5 minutes. */
const networkSeconds = 600;
/** Of no card. */
const otherMac = '52:54:00:00:00:99';

export const trialGenerationWorlds: World[] = [
  {
    name: 'trial-generation-uefi',
    about:
      'generations on trial: a login confirms one; the next has no network, and the machine restarts into the one before, which stays',
    limitSeconds: 5400,
    script: async site => {
      const guest: Guest = { memoryMiB: 1024, firmware: 'uefi', disks: [site.disk('target', 4096)] };
      await installWithRescue(site, guest, { network: fixedNetwork });
      const flake = '/mnt/etc/nixos/flake.nix';
      await change(
        site,
        guest,
        `sed -i '/system.stateVersion/a dabei.trial.enable = true;' ${flake}; grep dabei.trial ${flake}`,
      );
      await confirms(site, guest);

      await change(
        site,
        guest,
        `sed -i 's/52:54:00:da:be:01/${otherMac}/' /mnt/etc/nixos/runtime-info.json; grep ${otherMac} /mnt/etc/nixos/runtime-info.json`,
      );
      const failing = await start(site, guest, 'without-network');
      await failing.console.waitFor(
        /stage 1 has no network: restarting into the generation before/,
        networkSeconds,
      );
      await failing.waitForEnd(180);
      await isGeneration(site, guest, 'generation-before', 2);
      await isGeneration(site, guest, 'generation-before-again', 2);
    },
  },
];

async function change(site: Site, guest: Guest, command: string): Promise<void> {
  const { machine, ssh } = await startBeside(site, guest);
  await ssh.run(command, { seconds: 60 });
  await rebuild(ssh);
  assert.match(
    await ssh.run('ls /mnt/boot/loader/entries', { seconds: 60 }),
    /^nixos-[0-9a-f]{64}\+1\.conf$/m,
    'one try',
  );
  await leave(machine, ssh);
}

/** Somebody logs in to stage 1 of the second generation, and unlocks it. */
async function confirms(site: Site, guest: Guest): Promise<void> {
  const machine = await start(site, guest, 'confirmed');
  const hostKey = await logIn(site, machine);
  const stage1 = site.ssh({ port: site.unlockPort, hostKey });
  await stage1.attempt('unlock', { stdin: `${site.keys.passphrase}\n`, seconds: 120 });
  await machine.console.waitFor(/blessed: nixos-[0-9a-f]{64}\+0-1\.conf/, seconds);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  assert.doesNotMatch(await ssh.run('ls /boot/loader/entries', { seconds: 60 }), /\+/, 'no counter is left');
  await machine.end();
}

async function isGeneration(site: Site, guest: Guest, name: string, number: number): Promise<void> {
  const { machine, ssh } = await bootInstalled(site, { ...guest, name });
  assert.match(
    await ssh.run(
      `grep -c "init=$(readlink -f /nix/var/nix/profiles/system-${number}-link)/init" /proc/cmdline`,
      { seconds: 60 },
    ),
    /^1$/m,
  );
  assert.doesNotMatch(machine.console.text, /nix-dabei trial: /, 'it was confirmed');
  await machine.end();
}
