import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Guest } from '../../guests/kept.ts';
import {
  chooseRescue,
  fixedNetwork,
  installWithRescue,
  leave,
  rebuild,
  startBeside,
} from '../../guests/rescue-entry.ts';
import { makeKeys } from '../../harness/keys.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** Rebuilds of a machine with a rescue entry: other keys and addresses, and at last an ESP that is full. */

const memoryMiB = 1024;
/** Another than it was installed with, in the network that QEMU makes. */
const otherAddress = '10.0.2.77';

export const rescueEntryRebuildWorlds: World[] = (['uefi', 'bios'] as const).flatMap(firmware => {
  const guestOf = (site: Site) => ({ memoryMiB, firmware, disks: [site.disk('target', 4096)] });
  return [
    {
      name: `rescue-entry-rebuild-${firmware}`,
      about:
        'a rebuild changes keys and address: the rescue system refuses the old key, and has the new address',
      limitSeconds: 2400,
      script: async site => rotate(site, guestOf(site)),
    },
    {
      name: `rescue-entry-full-esp-${firmware}`,
      about: 'rebuilds fill the ESP: the rescue system gives way to generations, and the rebuild says so',
      limitSeconds: 2400,
      script: async site => fill(site, guestOf(site)),
    },
  ] satisfies World[];
});

async function rotate(site: Site, guest: Guest): Promise<void> {
  await installWithRescue(site, guest, { network: fixedNetwork });
  const other = (await makeKeys(join(site.directory, 'other-keys'))).user;
  const { machine, ssh } = await startBeside(site, guest);
  const file = '/mnt/etc/nixos/runtime-info.json';
  const info = JSON.parse(await ssh.run(`cat ${file}`)) as {
    rootAuthorizedKeys: string[];
    network: { interfaces: Record<string, unknown>[]; dns: unknown };
  };
  const [card] = info.network.interfaces;
  const changed = {
    ...info,
    rootAuthorizedKeys: [other.public],
    network: {
      ...info.network,
      interfaces: [
        { ...card, addresses: [{ address: `${otherAddress}/24`, peer: null }] },
      ],
    },
  }; // prettier-ignore
  await ssh.run(`cat >${file}`, { stdin: JSON.stringify(changed) });
  const said = await rebuild(ssh);
  assert.doesNotMatch(said, /nix-dabei: /, 'nothing to warn of');
  await leave(machine, ssh);

  const network = { forward: [{ hostPort: site.unlockPort, guestAddress: otherAddress, guestPort: 2222 }] };
  const menu = await chooseRescue(site, { ...guest, network }, 'rotated', other.file);
  assert.match(await menu.ssh.run('ip -4 -o address show'), new RegExp(` ${otherAddress}/24 `));
  assert.match(await menu.ssh.run('dabei generations', { seconds: 60 }), /^2.*\n1/m);
  const old = site.ssh({ port: site.unlockPort, hostKey: menu.hostKey });
  const refused = await old.attempt('true', { seconds: 60 });
  assert.equal(refused.exitCode, 255);
  assert.match(refused.stderr, /Permission denied/);
  await menu.machine.end();
}

/**
 * One file of somebody else's leaves room for two more initrds, less what the check adds. While it installs the boot loader, the test
 * system has one initrd twice.
 */
async function fill(site: Site, guest: Guest): Promise<void> {
  await installWithRescue(site, guest, { disks: { esp: '260MiB' } });
  const { machine, ssh } = await startBeside(site, guest);
  const numbers = await ssh.run(
    'stat -f -c "%a %S" /mnt/boot; ls -l /mnt/boot/EFI/nixos /mnt/boot/kernels 2>/dev/null || true',
    { seconds: 60 },
  );
  const [, blocks, size] = /^(\d+) (\d+)$/m.exec(numbers) ?? [];
  const initrdBytes = Math.max(
    ...[...numbers.matchAll(/ (\d{6,}) .*initrd/g)].map(([, bytes]) => Number(bytes)),
  );
  const free = Number(blocks) * Number(size);
  const filler = free - 2 * initrdBytes - 2 ** 19;
  await ssh.run(`head -c ${Math.floor(filler)} /dev/zero >/mnt/boot/other; sync`, { seconds: 180 });
  const has =
    'ls -d /mnt/boot/dabei/rescue.cpio /mnt/boot/loader/entries/nix-dabei.conf /mnt/boot/dabei/grub.cfg';
  let gaveWay = 0;
  for (let round = 1; round <= 6 && gaveWay === 0; round++) {
    await ssh.run(
      `sed -i '/system.stateVersion/a boot.initrd.etc."round".text = "${round}";' /mnt/etc/nixos/flake.nix; sed -i '/"round".text = "${round - 1}"/d' /mnt/etc/nixos/flake.nix`,
    );
    const said = await rebuild(ssh);
    const left = await ssh.attempt(has, { seconds: 60 });
    if (/the rescue system gives way/.test(said)) {
      gaveWay = round;
      assert.equal(left.stdout, '', 'entry and archive are gone');
      assert.match(said, /warning: no rescue system on \/boot/);
    } else assert.match(left.stdout, /rescue\.cpio/, `round ${round}`);
  }
  assert.ok(gaveWay > 1, `it gave way at rebuild ${gaveWay}`);
  const generations = await ssh.run('ls /mnt/nix/var/nix/profiles', { seconds: 60 });
  assert.match(generations, new RegExp(`^system-${gaveWay + 1}-link$`, 'm'));
  await leave(machine, ssh);
}
