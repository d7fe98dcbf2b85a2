import t, { type Test } from 'tap';
import { chooseGeneration, listGenerations } from '../../../../agent/stages/rescue/boot-menu.ts';
import { efiVariable } from '../../../../agent/plan/rescue/boot-menu.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { doorsTo, type World } from '../../../support/doors.ts';
import { machines } from '../../plan/machines.ts';

const { config, facts, storage } = machines['uefi-mirror'];
const info = runtimeInfo(config, facts, storage);
const [one, two] = info.disks.map(({ espPartuuid }) => `/dev/disk/by-partuuid/${espPartuuid}`) as [
  string,
  string,
];
const entry = (generation: number) => `title NixOS\nversion Generation ${generation}\n`;
const esp = (n: number) => `/run/dabei/esps/${n}`;
const variable = '/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

const uefi = (n: number) => ({
  [`${esp(n)}/loader/loader.conf`]: 'timeout 5\ndefault nixos-b.conf\n',
  [`${esp(n)}/loader/entries/nixos-a.conf`]: entry(1),
  [`${esp(n)}/loader/entries/nixos-b.conf`]: entry(2),
  [`${esp(n)}/loader/entries/nix-dabei.conf`]: 'title nix-dabei rescue\n',
});
const bios = (n: number) => ({
  [`${esp(n)}/grub/grub.cfg`]:
    'set default=0\nmenuentry "NixOS - Configuration 2" {\n}\nmenuentry "NixOS - Configuration 1" {\n}\n',
});

function doors(t: Test, world: World) {
  return doorsTo(t.testdir(), {
    programs: { mount: 'exit 0', umount: 'exit 0', chattr: '[ "$1" = -i ]' },
    ...world,
    files: {
      '/run/dabei/boot/dabei/machine.json': JSON.stringify(info),
      [one]: '',
      [two]: '',
      ...world.files,
    },
  });
}

t.test('generations, without a passphrase', async t => {
  const all = doors(t, { files: { ...uefi(1), ...uefi(2) } });
  t.same(await listGenerations(all), ['2 (default): NixOS, Generation 2', '1: NixOS, Generation 1']);
  t.match(all.ran, [
    `mount -t vfat -o ro,umask=0077 ${one} ${esp(1)}`,
    /^mount /,
    `umount ${esp(2)}`,
    `umount ${esp(1)}`,
  ]);
  t.same(await listGenerations(doors(t, { files: bios(1) })), [
    '2 (default): NixOS - Configuration 2',
    '1: NixOS - Configuration 1',
  ]);
});

t.test('generations, while "dabei unlock" has the ESPs mounted for writing', async t => {
  const busy = doors(t, {
    files: { ...uefi(1), ...uefi(2) },
    programs: { mount: 'case $4 in ro,*) exit 32 ;; esac', umount: 'exit 0' },
  });
  t.equal((await listGenerations(busy)).length, 2);
  t.match(busy.ran, [/ro,umask/, `mount -t vfat -o umask=0077 ${one} ${esp(1)}`]);
});

t.test('a default for all ESPs', async t => {
  const all = doors(t, { files: { ...uefi(1), ...uefi(2) } });
  t.match(await chooseGeneration(all, 1, false), [/^generation 1 starts from now on/, 'next: reboot']);
  for (const n of [1, 2])
    t.equal(all.read(`${esp(n)}/loader/loader.conf`), 'default nixos-a.conf\ntimeout 5\n');
  const grub = doors(t, { files: { ...bios(1), ...bios(2) } });
  await chooseGeneration(grub, 1, false);
  for (const n of [1, 2])
    t.match(grub.read(`${esp(n)}/grub/grub.cfg`), /^set default="NixOS - Configuration 1"$/m);
});

t.test('for one start', async t => {
  const all = doors(t, { files: { ...uefi(1), [variable]: '' } });
  t.match(await chooseGeneration(all, 1, true), [/^generation 1 starts next, once/, /reboot/]);
  t.match(all.read(variable), /n\0i\0x\0o\0s\0-\0a\0/);
  t.match(all.read(`${esp(1)}/loader/loader.conf`), /default nixos-b\.conf/, 'the default stays');
  const grub = doors(t, { files: { ...bios(1), ...bios(2) } });
  await chooseGeneration(grub, 1, true);
  for (const n of [1, 2])
    t.match(grub.read(`${esp(n)}/grub/grubenv`), /^next_entry=NixOS - Configuration 1$/m);
});

t.test('a default, after another choice for one start', async t => {
  const all = doors(t, { files: { ...uefi(1), ...uefi(2), [variable]: efiVariable('nixos-a.conf').toString('latin1') } });
  t.match(await chooseGeneration(all, 2, false), [/^generation 2 starts from now on/, 'next: reboot']);
  t.equal(all.read(variable), null, 'it would start generation 1 next');
  const grub = doors(t, { files: { ...bios(1), ...bios(2) } });
  await chooseGeneration(grub, 1, true);
  await chooseGeneration(grub, 2, false);
  for (const n of [1, 2]) t.notMatch(grub.read(`${esp(n)}/grub/grubenv`), /next_entry/);
}); // prettier-ignore

t.test('a generation that had its first boot on trial: systemd-boot knows it without its counter', async t => {
  const counted = {
    [`${esp(1)}/loader/loader.conf`]: 'preferred nixos-b.conf\ndefault nixos-*\n',
    [`${esp(1)}/loader/entries/nixos-a.conf`]: entry(1),
    [`${esp(1)}/loader/entries/nixos-b+0-1.conf`]: entry(2),
  };
  const older = variable.replace('OneShot', 'Default');
  const all = doors(t, { files: { ...counted, [variable]: '', [older]: efiVariable('nixos-b.conf').toString('latin1') } });
  t.same(await listGenerations(all), ['2 (its first boot was not confirmed): NixOS, Generation 2', '1 (default): NixOS, Generation 1']);
  await chooseGeneration(all, 2, true);
  t.equal(all.read(variable), efiVariable('nixos-b.conf').toString('latin1'));
  await chooseGeneration(all, 2, false);
  t.match(all.read(`${esp(1)}/loader/loader.conf`), /^default nixos-b\.conf$/m);
  await chooseGeneration(all, 1, false);
  t.equal(all.read(older), null, 'it would start generation 2');
}); // prettier-ignore

t.test('a mirror without its first disk', async t => {
  const all = doors(t, { files: uefi(2) });
  all.files.remove(one);
  t.same(await listGenerations(all), ['2 (default): NixOS, Generation 2', '1: NixOS, Generation 1']);
});

const rows: [name: string, world: World, generation: number, once: boolean, says: RegExp][] = [
  ['no such generation', { files: uefi(1) }, 7, false, /no generation 7; it has 1, 2$/],
  ['no menu', {}, 1, false, /none has a boot menu/],
  ['variables that are read-only', { files: { ...uefi(1), [variable]: '' }, failing: [['writeKernelBytes', /efivars/, 'EROFS']] }, 1, true, /EFI variable, which cannot be written: .*read-only/],
  ['GRUB keeps its choice elsewhere', { files: { [`${esp(1)}/grub/grub.cfg`]: 'set default="${saved_entry}"\nmenuentry "NixOS - Configuration 1" {\n}\n' } }, 1, false, /no place for the choice/],
  ['GRUB has a password', { files: { [`${esp(1)}/grub/grub.cfg`]: `set superusers="root"\nset default=0\nmenuentry "NixOS - Default" --class nixos --unrestricted {\n}\nsubmenu "NixOS - All configurations" --class submenu {\nmenuentry "NixOS - Configuration 1" --class nixos {\n}\n}\n` } }, 1, false, /GRUB would ask for a password at the console before it starts generation 1/],
  ['… and its submenu asks', { files: { [`${esp(1)}/grub/grub.cfg`]: `set superusers="root"\nset default=0\nsubmenu "NixOS - All configurations" {\nmenuentry "NixOS - Configuration 1" --unrestricted {\n}\n}\n` } }, 1, true, /GRUB would ask/],
]; // prettier-ignore
for (const [name, world, generation, once, says] of rows) {
  t.test(name, async t => {
    const all = doors(t, world);
    await t.rejects(chooseGeneration(all, generation, once), { code: 'RESCUE_BOOT', message: says });
    t.equal(
      all.ran.filter(line => line.startsWith('mount')).length,
      all.ran.filter(line => line.startsWith('umount')).length,
    );
  });
}

t.test('GRUB has a password, and asks for none before it starts this generation', async t => {
  const config = `set superusers="root"\nset default=0\nmenuentry "NixOS - Configuration 1" --class nixos --unrestricted {\n}\n`;
  const all = doors(t, { files: { [`${esp(1)}/grub/grub.cfg`]: config } });
  t.match(await chooseGeneration(all, 1, true), [/^generation 1 starts next, once$/, 'next: reboot']);
});

t.test('the firmware forgets a variable', async t => {
  const all = doors(t, { files: { ...uefi(1), [variable]: '' } });
  const forgetful = { ...all, files: { ...all.files, writeKernelBytes: () => {} } };
  await t.rejects(chooseGeneration(forgetful, 1, true), { code: 'RESCUE_BOOT', message: /did not keep/ });
});

t.test('elsewhere than in a rescue entry', async t => {
  await t.rejects(listGenerations(doorsTo(t.testdir())), {
    code: 'RESCUE_MACHINE',
    message: /not started from the rescue entry/,
  });
  const damaged = doorsTo(t.testdir(), { files: { '/run/dabei/boot/dabei/machine.json': '{' } });
  await t.rejects(listGenerations(damaged), { code: 'RESCUE_MACHINE', message: /not valid JSON/ });
});

t.test('an older default of the firmware, which wins over loader.conf', async t => {
  const older = variable.replace('OneShot', 'Default');
  const world = { files: { ...uefi(1), ...uefi(2), [older]: efiVariable('nixos-b.conf').toString('latin1') } };
  const removes = doors(t, world);
  t.same(await chooseGeneration(removes, 1, false), ['generation 1 starts from now on, until the next nixos-rebuild', 'next: reboot']);
  t.equal(removes.read(older), null);
  const stays = doors(t, { ...world, programs: { mount: ':', umount: ':', chattr: 'echo Read-only file system >&2; exit 1' } });
  const [said, but] = await chooseGeneration(stays, 1, false);
  t.equal(said, 'generation 1 starts from now on, until the next nixos-rebuild');
  t.match(but, /^but an EFI variable, LoaderEntryDefault, has another default, and cannot be removed: .*Read-only.*; until then, use --once$/s);
  const same = doors(t, world);
  await chooseGeneration(same, 2, false);
  t.not(same.read(older), null, 'it is this one');
}); // prettier-ignore
