import assert from 'node:assert/strict';
import { bootInstalled } from '../../guests/install.ts';
import type { Guest } from '../../guests/kept.ts';
import { chooseRescue, installWithRescue, leave, rebuild, startBeside } from '../../guests/rescue-entry.ts';
import { endsInInstalled, installed } from '../../guests/trial.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** Room on the ESP: too little for the rescue system, and enough for six rebuilds with large initrds. */

const memoryMiB = 1024;

/** Of disks.esp. */
const leastMiB = 260;
/** Less than rescue system and one generation of the test system take, 38 and 18; more than either. */
const leftMiB = 46;

/** What NixOS' initrds have with all firmware in them. */
const paddingMiB = 100;
const rebuilds = 6;
/** boot.loader.*.configurationLimit of the host flake. */
const kept = 5;

export const rescueEntryRoomWorlds: World[] = (['uefi', 'bios'] as const).flatMap((firmware): World[] => [
  {
    name: `rescue-entry-small-esp-${firmware}`,
    about:
      'an ESP without room for the rescue system and one generation: the machine is installed, without a rescue system and without a trial, and it is said',
    limitSeconds: 2400,
    script: async site => tooSmall(site, { memoryMiB, firmware, disks: [site.disk('target', 4096)] }),
  },
  {
    name: `rescue-entry-large-initrds-${firmware}`,
    about: `initrds of more than ${paddingMiB} MB and ${rebuilds} rebuilds on an ESP of the default size: the rescue system and ${kept} generations stay`,
    limitSeconds: 7200,
    // The least disk with an ESP of 1 GiB.
    script: async site => sixRebuilds(site, { memoryMiB, firmware, disks: [site.disk('target', 16384)] }),
  },
]);

/** Somebody else's file takes the room as soon as the ESP is mounted. */
async function tooSmall(site: Site, guest: Guest): Promise<void> {
  await installed(site, guest, {
    changes: { disks: { devices: ['/dev/vda'], esp: `${leastMiB}MiB` } },
    told: /the first boot is not on trial: the boot menu on \/mnt\/boot does not know of it[^]*^installed: /m,
    untold: /it is on trial/,
    meanwhile: ssh =>
      ssh.run(
        `until grep -q ' /mnt/boot vfat ' /proc/mounts; do sleep 0.3; done; head -c ${(leastMiB - leftMiB) * 2 ** 20} /dev/zero >/mnt/boot/other && sync`,
        { seconds: 600 },
      ),
  });
  await endsInInstalled(site, guest, 'installed');
}

async function sixRebuilds(site: Site, guest: Guest): Promise<void> {
  await installWithRescue(site, guest);
  const { machine, ssh } = await startBeside(site, guest);
  const flake = '/mnt/etc/nixos/flake.nix';
  for (let round = 1; round <= rebuilds; round++) {
    const settings = `boot.initrd = { paddingMiB = ${paddingMiB}; etc."round".text = "${round}"; };`;
    await ssh.run(
      `sed -i -e '/paddingMiB/d' -e '/system.stateVersion/a ${settings}' ${flake}; grep -c paddingMiB ${flake}`,
    );
    const said = await rebuild(ssh);
    assert.doesNotMatch(said, /gives way|no rescue system|not up to date/, `round ${round}`);
  }
  // busybox' find knows no M.
  const found = await ssh.run(
    'ls /mnt/boot/dabei; find /mnt/boot -name "*initrd*" -size +102400k | wc -l; df -m /mnt/boot; ls /mnt/nix/var/nix/profiles',
    { seconds: 60 },
  );
  assert.match(found, /^rescue\.cpio$/m);
  assert.match(found, new RegExp(`^${kept}$`, 'm'), 'as many initrds as generations in the menu');
  assert.match(found, new RegExp(`^system-${rebuilds + 1}-link$`, 'm'));
  await leave(machine, ssh);

  const menu = await chooseRescue(site, guest);
  const generations = await menu.ssh.run('dabei generations', { seconds: 60 });
  const numbers = [...generations.matchAll(/^(\d+)/gm)].map(([number]) => Number(number));
  assert.deepEqual([...new Set(numbers)], [7, 6, 5, 4, 3]);
  await menu.machine.end();
  const booted = await bootInstalled(site, guest);
  await booted.machine.end();
}
