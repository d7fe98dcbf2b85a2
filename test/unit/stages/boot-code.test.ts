import t from 'tap';
import type { BootCodeStep } from '../../../agent/plan/step.ts';
import { executeSteps } from '../../../agent/stages/execute.ts';
import { doorsTo, type World } from '../../support/doors.ts';

/** What the firmware finds after the boot loader's installer has reported success. */

const grub = '\xebc\x90'.padEnd(512, '\0');
const empty = '\0'.repeat(440) + 'partition table'.padEnd(72, '\0');
const program = 'MZ and more';
const esp = '80 20 254:2 / /mnt/boot rw - vfat /dev/vda2 rw\n';
const mounted = (text: string) => ({
  '/proc/self/mountinfo': `71 20 0:30 / /mnt rw - zfs rpool/root rw\n${text}`,
});
/** A boot entry: attributes of the variable, load option with its description, then a device path that ends with the file's. */
const entry = (path: string) => ({
  '/sys/firmware/efi/efivars/Boot0003-8be4df61-93ca-11d2-aa0d-00e098032b8c': `\x07\0\0\0\x01\0\0\0\x62\0${ucs2('NixOS')}\x04\x04\x2c\0${ucs2(path)}\x7f\xff\x04\0`,
});
const ucs2 = (text: string) => [...`${text}\0`].map(letter => `${letter}\0`).join('');

const step = (firmware: BootCodeStep['firmware']): BootCodeStep => ({
  kind: 'boot-code',
  doing: 'looking for the boot loader',
  ...{ firmware, disks: ['/dev/vda', '/dev/vdb'], root: '/mnt', remedy: 'enable one' },
});

const rows: [
  name: string,
  firmware: BootCodeStep['firmware'],
  files: World['files'],
  expected: { warning?: RegExp; problem?: RegExp },
][] = [
  ['GRUB on both disks', 'bios', { '/dev/vda': grub, '/dev/vdb': grub }, {}],
  ['GRUB on one of them', 'bios', { '/dev/vda': grub, '/dev/vdb': empty }, { warning: /on \/dev\/vdb: .* 440 bytes/ }],
  ['the installer wrote nothing', 'bios', { '/dev/vda': empty, '/dev/vdb': empty }, { problem: /on \/dev\/vda, \/dev\/vdb: / }],
  ['the disks are gone', 'bios', {}, { problem: /on \/dev\/vda, \/dev\/vdb: / }],
  ['systemd-boot alone, on a BIOS', 'bios', { '/dev/vda': empty, '/mnt/boot/EFI/BOOT/BOOTX64.EFI': program, ...mounted(esp) }, { problem: /BIOS/ }],
  ['the path for removable media', 'uefi', { '/mnt/boot/EFI/BOOT/BOOTX64.EFI': program, ...mounted(esp) }, {}],
  ['in other letters, and of 32 bits', 'uefi', { '/mnt/boot/EFI/boot/bootia32.efi': program, ...mounted(esp) }, {}],
  ['GRUB alone on the disk', 'uefi', { '/dev/vda': grub, ...mounted(esp) }, { problem: /no ESP below \/mnt / }],
  ['no ESP is mounted', 'uefi', { '/mnt/boot/EFI/BOOT/BOOTX64.EFI': program, ...mounted('') }, { problem: /no ESP/ }],
  ['a file of size 0', 'uefi', { '/mnt/boot/EFI/BOOT/BOOTX64.EFI': '', ...mounted(esp) }, { problem: /no ESP/ }],
  ['a program that no entry names', 'uefi', { '/mnt/boot/EFI/NixOS-boot/grubx64.efi': program, ...mounted(esp) }, { problem: /no boot entry/ }],
  ['an entry that names it', 'uefi', { '/mnt/boot/EFI/NixOS-boot/grubx64.efi': program, ...mounted(esp), ...entry('\\EFI\\nixos-boot\\GRUBX64.EFI') }, {}],
  ['an entry of another system', 'uefi', { '/mnt/boot/EFI/NixOS-boot/grubx64.efi': program, ...mounted(esp), ...entry('\\EFI\\debian\\shimx64.efi') }, { problem: /no boot entry/ }],
  ['an ESP elsewhere', 'uefi', { '/mnt/efi/EFI/BOOT/BOOTX64.EFI': program, ...mounted(esp.replace('boot', 'efi')) }, {}],
  ['the second ESP is empty', 'uefi',
    { '/mnt/boot/EFI/BOOT/BOOTX64.EFI': program, ...mounted(esp + esp.replace('/mnt/boot', '/mnt/boot-2')) },
    { warning: /nothing to start on the FAT at \/mnt\/boot-2$/ }],
]; // prettier-ignore

for (const [name, firmware, files, { warning, problem }] of rows)
  t.test(`${firmware}: ${name}`, async t => {
    const doors = doorsTo(t.testdir(), { files: files! });
    const looking = executeSteps(doors, [step(firmware)]);
    if (problem === undefined) await looking;
    else await t.rejects(looking, { code: 'BOOT_LOADER', problem, remedy: 'enable one' });
    const warnings = doors.told.flatMap(told => (told.event === 'warning' ? [told.text] : []));
    t.equal(warnings.length, warning === undefined ? 0 : 1);
    if (warning !== undefined) t.match(warnings[0], warning);
    t.same(doors.written, [], 'nothing is changed');
  });
