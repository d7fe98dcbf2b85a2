import assert from 'node:assert/strict';
import * as files from '../../../../image/lib/files.ts';
import { bootInstalled } from '../../guests/install.ts';
import { chooseRescue, installWithRescue } from '../../guests/rescue-entry.ts';
import { image } from '../../harness/image.ts';
import { type GuestOptions, type Site } from '../../harness/site.ts';
import type { Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';

/** The entry of a mirror is renewed on both disks; then the first disk is gone. */

const memoryMiB = 1024;

export const rescueEntryMirrorWorlds: World[] = (['uefi', 'bios'] as const).map(firmware => ({
  name: `rescue-entry-mirror-${firmware}`,
  about:
    '"dabei rescue-entry" in a newer system renews both disks; without the first disk, the entry opens the degraded pool',
  limitSeconds: 2400,
  script: async site => {
    const disks = [site.disk('first', 4096), site.disk('second', 4096)];
    await installWithRescue(site, { memoryMiB, firmware, disks }, { disks: { devices: ['/dev/vda', '/dev/vdb'], layout: 'mirror' } });
    const renewed = await renew(site, { memoryMiB, firmware, disks });
    const left = { memoryMiB, firmware, disks: [disks[1]!] };
    await openDegraded(site, left, renewed);
    const installed = await bootInstalled(site, left);
    await installed.machine.end();
  },
})); // prettier-ignore

/** As a newer image: the kernel ignores what follows it, and the system gets another name. @returns that name */
async function renew(site: Site, guest: GuestOptions): Promise<string> {
  const kernel = Buffer.concat([files.readBytes(image.kernel), Buffer.from('newer')]);
  const machine = await site.startImage({
    ...guest,
    name: 'newer',
    limitSeconds: 600,
    parameters: [site.rescueParameter()],
    appended: [{ path: 'kernel', content: kernel }],
  });
  const ssh = site.ssh();
  await ssh.waitUntilUp(180);
  const mount = 'mkdir -p /a /b; mount -o ro /dev/vda2 /a; mount -o ro /dev/vdb2 /b';
  const list = 'cd /a/dabei; ls; cd /b/dabei; ls';
  const before = await ssh.run(`${mount}; ${list}; cd /; umount /a /b`, { seconds: 60 });
  assert.match(
    await ssh.run('dabei rescue-entry', { seconds: 300 }),
    /^the rescue entry on 2 ESPs starts nix-dabei/,
  );
  const name = (await ssh.run('cat /run/dabei/rescue-system')).trim();
  const after = await ssh.run(`${mount}; ${list}; cat /a/dabei/${name}/about; cmp /a/dabei/${name}/initrd /b/dabei/${name}/initrd && echo same; cd /; umount /a /b`, { seconds: 120 }); // prettier-ignore
  const systems = (text: string) => text.match(/^[0-9a-f]{12}$/gm) ?? [];
  const [old] = systems(before);
  assert.notEqual(old, name);
  assert.deepEqual(systems(before), [old, old], 'one system on each ESP');
  assert.deepEqual(systems(after), [name, name], 'the older one is gone from both');
  assert.match(after, /^zfs-features .*\basync_destroy\b.*\braidz_expansion\b/m);
  assert.match(after, /^same$/m);
  await machine.end();
  return name;
}

async function openDegraded(site: Site, guest: GuestOptions, renewed: string): Promise<void> {
  const { machine, ssh } = await chooseRescue(site, guest);
  const status = await ssh.run('dabei status');
  assert.match(
    status,
    /^this is the rescue system of tiny: .*\nit is nix-dabei \S+, built on \d{4}-\d\d-\d\d, /,
  );
  assert.match(await ssh.run('dabei generations', { seconds: 60 }), /^1( \(default\))?: .*NixOS/m);
  const unlocked = await ssh.attempt('dabei unlock', { stdin: `${site.keys.passphrase}\n`, seconds: 180 });
  assert.match(unlocked.stdout, /^tiny is mounted at \/mnt$/m);
  assert.match(await ssh.run('zpool list -H -o health rpool'), /^DEGRADED$/m);
  const seen = await ssh.run(`ls /mnt/nix/var/nix/profiles; ls /mnt/boot-2/dabei/${renewed}`, {
    seconds: 60,
  });
  assert.match(seen, /^system-1-link$[^]*^about\nbzImage\ninitrd$/m);
  await refresh(ssh);
  assert.match(await ssh.run('dabei lock', { seconds: 120 }), /rpool is exported/);
  await ssh.attempt('reboot', { seconds: 60 });
  await machine.waitForEnd(90);
}

/** The archive once more, from the installed system. */
async function refresh(ssh: Ssh): Promise<void> {
  const said = await ssh.run('dabei rescue-entry --root /mnt --refresh', { seconds: 120 });
  assert.match(said, /^the rescue entry on 1 ESP has 1 authorized key, from the next start on$/m);
  const listed = await ssh.run('cpio -t --quiet </mnt/boot-2/dabei/rescue.cpio', { seconds: 60 });
  assert.match(listed, /^dabei\/machine\.json$[^]*^ssh\/authorized_keys$\n^ssh\/ssh_host_1_key$/m);
}
