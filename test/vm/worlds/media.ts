import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import * as files from '../../../image/lib/files.ts';
import { onMedium } from '../../../image/media/boot/layout.ts';
import { dabeiImage } from '../../../image/media/reserved/command.ts';
import { findFile, readVolume } from '../../../image/media/reserved/iso9660.ts';
import { stageDone } from '../guests/install.ts';
import { searchDisk, writeAt } from '../harness/disk.ts';
import { image } from '../harness/image.ts';
import { secretBytes } from '../harness/keys.ts';
import { defaultFirmware, type Machine } from '../harness/machine/machine.ts';
import type { DiskOptions, Firmware } from '../harness/machine/qemu.ts';
import { memoryBudget, moreMemoryMiB } from '../harness/memory-budget.ts';
import type { Site } from '../harness/site.ts';
import type { World } from '../world.ts';

/** The ISO as a CD and as a stick: as it was built, and configured afterwards. */

const kinds = { cd: 'CD', usb: 'USB stick' } as const;

interface Shape {
  kind: keyof typeof kinds;
  firmware: Firmware;
}

const shapes: readonly Shape[] = [
  { kind: 'cd', firmware: 'bios' },
  { kind: 'usb', firmware: 'uefi' },
  { kind: 'cd', firmware: 'uefi' },
];

export const medium = (file: string, kind: Shape['kind']): DiskOptions => ({
  ...{ file, serial: 'medium', interface: kind, readOnly: true },
});

/** The published minimum of a rescue system whose kernel is started without a boot loader. */
export const leastMemoryMiB = () => memoryBudget.rescue + moreMemoryMiB();

/** With 160 MiB, and from a CD with 192, UEFI and GRUB leave the kernel no room for the initrd (EFI_OUT_OF_RESOURCES). */
const loaderMiB = 48;
export const mediumMemoryMiB = (firmware: Firmware = defaultFirmware) =>
  leastMemoryMiB() + (firmware === 'bios' ? 0 : loaderMiB);

const untouched: World[] = shapes.map(({ kind, firmware }) => ({
  name: `medium-${kind}-${firmware}`,
  about: `the ISO as a ${kinds[kind]} on ${firmware.toUpperCase()}: a rescue system in the least memory, a shell at its console`,
  limitSeconds: 300,
  everywhere: firmware === 'uefi',
  script: async site => {
    const machine = await site.start({
      name: 'medium',
      memoryMiB: mediumMemoryMiB(firmware),
      firmware,
      disks: [medium(image.iso, kind)],
      boot: { from: 'disk' },
      limitSeconds: 280,
    });
    await stageDone(machine, 'rescue', 200);
    machine.console.type('\n');
    await machine.console.waitFor(/:[~/]\S*# /, 60);
    machine.console.type('dabei status --json | grep -o \'"state": *"[a-z]*"\'; ls /run/dabei/boot\n');
    await machine.console.waitFor(/"state": *"rescue"/, 60);
    const { text } = machine.console;
    assert.match(text, /10\.0\.2\.15/, 'the address');
    assert.doesNotMatch(text, /dabei\.json/, 'zeros are no configuration');
  },
}));

const configured: World = {
  name: 'medium-customized',
  about:
    'a stick on BIOS, configured after it was built: the machine has its host name and its host key; cleared again',
  limitSeconds: 300,
  script: async site => {
    const config = { hostName: 'from-medium', ssh: { hostKeys: [site.keys.host.private] } };
    const file = copyOfIso(site);
    const said = configure(site, file, config, ['--authorized-key', `${site.keys.user.file}.pub`]);
    assert.match(said, /secrets: ssh\.hostKeys\[0\]/);
    const machine = await site.start({
      name: 'medium',
      memoryMiB: mediumMemoryMiB(),
      disks: [medium(file, 'usb')],
      boot: { from: 'disk' },
      limitSeconds: 280,
    });
    await stageDone(machine, 'rescue', 200);
    // The key that was given is pinned.
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    assert.equal((await ssh.run('hostname')).trim(), 'from-medium');
    const mode = await ssh.run('stat -c "%a %U" /run/dabei/boot/dabei.json');
    assert.equal(mode.trim(), '600 root');
    await machine.end();
    dabeiImage(['customize', file, '--clear']);
    assert.deepEqual(await searchDisk(file, secretBytes(site.keys)), [], 'secrets on the medium');
    assert.equal(await files.sha256(file), await files.sha256(image.iso), 'as it was built');
  },
};

const checked: World = {
  name: 'medium-check',
  about:
    'the menu checks the medium: whole although it was configured, and damaged where one byte of the initrd is another',
  limitSeconds: 300,
  script: async site => {
    const file = copyOfIso(site);
    dabeiImage(['customize', file, '--authorized-key', `${site.keys.user.file}.pub`]);
    const check = async (name: string, answer: RegExp) => {
      const machine = await site.start({
        name,
        memoryMiB: mediumMemoryMiB(),
        disks: [medium(file, 'cd')],
        boot: { from: 'disk' },
        limitSeconds: 200,
      });
      await choose(machine, 'Check this medium', 3);
      await machine.console.waitFor(answer, 120);
      await machine.end();
    };
    await check('whole', /The medium is whole\./);
    const read = (offset: number, length: number) => files.readAt(file, offset, length);
    const { offset, bytes } = findFile(read, readVolume(read)!, onMedium.initrd)!;
    const place = offset + Math.floor(bytes / 2);
    writeAt(file, place, Buffer.from([read(place, 1)[0]! ^ 1]));
    await check('damaged', /error: the medium is damaged\./);
  },
};

/** Chooses an entry of GRUB's menu over the serial line. @param below how many entries are above it */
export async function choose(machine: Machine, title: string, below: number): Promise<void> {
  await machine.console.waitFor(/The highlighted entry will be executed automatically in/, 60);
  // Ctrl-N is the next entry (GRUB's manual, "Command-line interface"): one byte, unlike the arrow.
  machine.console.type('\u000e'.repeat(below));
  await machine.console.waitFor(new RegExp(`\\*${title}`), 30);
  machine.console.type('\r');
}

/** A copy that may be written to, and that goes with the site's disks. */
export function copyOfIso(site: Site, iso = image.iso): string {
  const file = join(site.directory, 'medium.raw');
  files.copy(iso, file);
  return file;
}

/** Configures a medium; the configuration is in no other file. @returns what `dabei-image` said */
export function configure(
  site: Site,
  medium: string,
  config: ConfigInput,
  options: readonly string[] = [],
): string {
  const host = join(site.directory, 'host.json');
  files.write(host, JSON.stringify(config), 0o600);
  const said = dabeiImage(['customize', medium, host, ...options]).join('\n');
  files.remove(host);
  return said;
}

export const mediaWorlds: World[] = [...untouched, configured, checked];
