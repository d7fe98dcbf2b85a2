import t, { type Test } from 'tap';
import { confirm, status } from '../../../../agent/commands/commands.ts';
import { paths } from '../../../../agent/paths.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { efiVariable } from '../../../../agent/plan/rescue/boot-menu.ts';
import { beginTrial } from '../../../../agent/stages/rescue/begin-trial.ts';
import { chooseGeneration } from '../../../../agent/stages/rescue/boot-menu.ts';
import { actOnTrial } from '../../../../agent/stages/rescue/trial.ts';
import { doorsTo, type TestDoors, type World } from '../../../support/doors.ts';
import { machines } from '../../plan/machines.ts';

const { config, facts, storage } = machines['uefi-mirror'];
const info = runtimeInfo(config, facts, storage);
const esps = [1, 2].map(n => `/run/dabei/esps/${n}`) as [string, string];
const guid = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const variable = (name: string) => `/sys/firmware/efi/efivars/${name}-${guid}`;

const before = 'timeout 5\ndefault nixos-aa.conf\n';
const during = 'default nix-dabei.conf\ntimeout 5\n#dabei default nixos-aa.conf\n';
const entry = (options: string, version = '') =>
  `title NixOS\n${version}linux /EFI/nixos/k.efi\ninitrd /EFI/nixos/i.efi\noptions init=/x ${options}\n`;
const uefi = (esp: string, state: string | null, conf = during) => ({
  ...(state === null ? {} : { [`${esp}/dabei/trial`]: `${state}\n` }),
  [`${esp}/loader/loader.conf`]: conf,
  [`${esp}/loader/entries/nixos-aa.conf`]: entry('quiet', 'version Generation 1\n'),
  [`${esp}/loader/entries/nix-dabei.conf`]: 'title nix-dabei rescue\n',
  [`${esp}/loader/entries/nix-dabei-trial.conf`]: entry('dabei.trial=loader'),
});
const grubEntry = (id: string, options: string) =>
  `menuentry "NixOS" --class nixos ${id} {\n  linux ($drive1)//kernels/k init=/x ${options}\n  initrd ($drive1)//kernels/i ($drive1)//kernels/s\n}\n`;
const bios = (esp: string, state: string | null, value: string | null) => ({
  ...(state === null ? {} : { [`${esp}/dabei/trial`]: `${state}\n` }),
  [`${esp}/grub/grub.cfg`]: `set default=0\n${grubEntry('', 'quiet')}${grubEntry('--id nix-dabei-trial', 'dabei.trial=loader')}`,
  [`${esp}/kernels/i`]: 'initrd',
  [`${esp}/kernels/s`]: 'secrets',
  ...(value === null
    ? {}
    : { [`${esp}/grub/grubenv`]: `# GRUB Environment Block\ndabei_trial=${value}\n`.padEnd(1024, '#') }),
});

function doors(t: Test, world: World) {
  return doorsTo(t.testdir(), {
    programs: { mount: 'exit 0', umount: 'exit 0', kexec: 'exit 0', chattr: '[ "$1" = -i ]' },
    ...world,
    files: {
      '/run/dabei/boot/dabei/machine.json': JSON.stringify(info),
      ...Object.fromEntries(
        info.disks.map(({ espPartuuid }) => [`/dev/disk/by-partuuid/${espPartuuid}`, '']),
      ),
      ...world.files,
    },
  });
}
const statesOf = (all: TestDoors) => esps.map(esp => all.read(`${esp}/dabei/trial`)?.trim() ?? null);
const kexecs = (all: TestDoors) => all.ran.filter(line => line.startsWith('kexec'));

t.test('what the rescue system does', async t => {
  const loads = (options: string, esp = esps[0]) => [
    `kexec --load ${esp}/EFI/nixos/k.efi --command-line=init=/x ${options} --initrd=${esp}/EFI/nixos/i.efi`,
    'kexec --exec',
  ];
  const loadsGrub = (options: string) => [
    `kexec --load ${esps[0]}/kernels/k --command-line=init=/x ${options} --initrd=/run/dabei/trial-initrd`,
    'kexec --exec',
  ];
  const both = (make: (esp: string) => Record<string, string>) => ({ ...make(esps[0]), ...make(esps[1]) });
  const rows: [name: string, world: World, states: (string | null)[], kexec: string[], told: RegExp | null][] = [
    ['no trial', { files: both(esp => uefi(esp, null, before)) }, [null, null], [], null],
    ['the one-shot had no effect', { files: both(esp => uefi(esp, 'pending')) }, ['started', 'started'], loads('dabei.trial=rescue'), /did not start/],
    ['nobody logged in', { files: both(esp => uefi(esp, 'started')) }, ['failed', 'failed'], [], /nobody logged in to it in time; next:/],
    ['it failed before', { files: both(esp => uefi(esp, 'failed')) }, ['failed', 'failed'], [], /failed at an earlier start/],
    ['confirmed, then a power cut', { files: both(esp => uefi(esp, 'confirmed')) }, [null, null], loads('quiet'), /was confirmed, but/],
    ['"started" cannot be written', { files: both(esp => uefi(esp, 'pending')), failing: [['writeAtomic', /esps\/.*trial$/, 'EROFS'], ['writeKernelBytes', /esps\/.*trial$/, 'EROFS']] }, ['pending', 'pending'], [], /the installed system was not started: no ESP keeps/],
    ['"started" can be written on one ESP', { files: both(esp => uefi(esp, 'pending')), failing: [['writeAtomic', /esps\/1.*trial$/, 'EROFS'], ['writeKernelBytes', /esps\/1.*trial$/, 'EROFS']] }, ['pending', 'started'], loads('dabei.trial=rescue'), /did not start/],
    ['a full ESP: "started" is written in place', { files: both(esp => uefi(esp, 'pending')), failing: [['writeAtomic', /esps\/.*trial$/, 'ENOSPC']] }, ['started', 'started'], loads('dabei.trial=rescue'), /did not start/],
    ['confirmed, and one ESP cannot be written', { files: both(esp => uefi(esp, 'confirmed')), failing: [['writeAtomic', /esps\/1/, 'EROFS']] }, ['confirmed', null], loads('quiet'), /was confirmed, but/],
    ['one ESP cannot be mounted', { files: both(esp => uefi(esp, 'started')), programs: { mount: '[ "$6" != /run/dabei/esps/1 ]', umount: ':', kexec: ':' } }, ['started', 'failed'], [], /nobody logged in to it/],
    ['no ESP can be mounted', { files: both(esp => uefi(esp, 'pending')), programs: { mount: 'exit 32', umount: ':', kexec: ':' } }, ['pending', 'pending'], [], /the installed system was not started: .*mount ended with exit code 32/],
    ['no entry of the trial', { files: both(esp => ({ ...uefi(esp, 'pending'), [`${esp}/loader/entries/nix-dabei-trial.conf`]: '' })) }, ['started', 'started'], [], /no ESP has an entry/],
    ['GRUB could not save', { files: both(esp => bios(esp, 'pending', 'pending')) }, ['started', 'started'], loadsGrub('dabei.trial=rescue'), /did not start/],
    ['GRUB started it', { files: both(esp => bios(esp, 'pending', 'started')) }, ['failed', 'failed'], [], /in time/],
    ['GRUB, confirmed, then a power cut', { files: both(esp => bios(esp, 'confirmed', 'started')) }, [null, null], loadsGrub('quiet'), /was confirmed/],
  ]; // prettier-ignore
  for (const [name, world, states, kexec, told] of rows)
    await t.test(name, async t => {
      const all = doors(t, world);
      await actOnTrial(all);
      t.same(statesOf(all), states);
      t.same(kexecs(all), kexec);
      const why = all.read(paths.trial);
      if (told === null) t.equal(why, null);
      else t.match(why, told);
      t.match(status(all, false), told ?? /its entry in the boot menu was chosen/);
    });
});

t.test('two initrds in one file', async t => {
  const all = doors(t, { files: { ...bios(esps[0], 'pending', 'pending'), ...bios(esps[1], 'pending', 'pending') }, programs: { mount: ':', umount: ':', kexec: '[ "$1" != --load ] || cat "$ROOT/run/dabei/trial-initrd" >"$ROOT/seen"' } }); // prettier-ignore
  await actOnTrial(all);
  t.equal(all.read('/seen'), 'initrd\0\0secrets\0');
  t.equal(all.read('/run/dabei/trial-initrd'), null, 'it does not stay');
});

t.test('a system that is not the rescue system of a machine', async t => {
  const all = doorsTo(t.testdir());
  await actOnTrial(all);
  t.same([all.ran, all.told], [[], []]);
});

t.test('kexec that fails leaves the rescue system', async t => {
  const all = doors(t, { files: { ...uefi(esps[0], 'pending'), ...uefi(esps[1], 'pending') }, programs: { mount: ':', umount: ':', kexec: 'exit 1' } }); // prettier-ignore
  await actOnTrial(all);
  t.same(statesOf(all), ['started', 'started'], 'it is not tried again');
  t.match(all.read(paths.trial), /the installed system was not started: .*kexec ended with exit code 1/);
});

t.test('dabei confirm, and dabei boot', async t => {
  const world = { files: { ...uefi(esps[0], 'failed'), ...uefi(esps[1], 'failed') } };
  const confirmed = doors(t, world);
  t.equal(
    await confirm(confirmed),
    'confirmed: the installed system is the default of the boot menu\nnext: reboot\n',
  );
  for (const esp of esps) t.equal(confirmed.read(`${esp}/loader/loader.conf`), before);
  t.same(statesOf(confirmed), [null, null]);
  t.equal(await confirm(confirmed), 'no return timer is active\n', 'there is no trial any more');

  const chosen = doors(t, world);
  await chooseGeneration(chosen, 1, false);
  t.same(statesOf(chosen), [null, null], 'whoever chooses has decided');
  t.equal(chosen.read(`${esps[0]}/loader/loader.conf`), 'default nixos-aa.conf\ntimeout 5\n');
  const once = doors(t, { files: { ...world.files, [variable('LoaderEntryOneShot')]: '' } });
  await chooseGeneration(once, 1, true);
  t.same(statesOf(once), ['failed', 'failed']);
});

t.test('the installation begins it', async t => {
  const [esp] = esps;
  const step = { kind: 'trial', doing: 'beginning the trial', esps: [esp] } as const;
  const oneShot = variable('LoaderEntryOneShot');
  const older = (value: string) => ({
    [variable('LoaderEntryDefault')]: efiVariable(value).toString('latin1'),
  });
  const rows: [name: string, firmware: 'uefi' | 'bios', world: World, state: string | null, told: RegExp | null, conf?: string][] = [
    ['UEFI', 'uefi', { files: uefi(esp, 'pending') }, 'pending', null],
    ['variables are read-only', 'uefi', { files: uefi(esp, 'pending'), failing: [['writeKernelBytes', /./, 'EROFS']] }, 'pending', /^the rescue system will start the installed one, because .*read-only/],
    ['an older default of an entry that is gone', 'uefi', { files: { ...uefi(esp, 'pending'), ...older('nixos-generation-7.conf') } }, 'pending', null],
    ['an older default that fits', 'uefi', { files: { ...uefi(esp, 'pending'), ...older('nixos-*.conf') } }, 'pending', /^an EFI variable, LoaderEntryDefault, had another default, and is removed$/],
    ['an older default that stays', 'uefi', { files: { ...uefi(esp, 'pending'), ...older('nixos-*.conf') }, programs: { mount: ':', umount: ':', chattr: 'echo Read-only file system >&2; exit 1' } }, null, /not on trial: an EFI variable, LoaderEntryDefault, has another default, and cannot be removed: .*Read-only file system/, before],
    ['an older preferred entry', 'uefi', { files: { ...uefi(esp, 'pending'), [variable('LoaderEntryPreferred')]: efiVariable('nixos-aa.conf').toString('latin1') } }, 'pending', /LoaderEntryPreferred, had another default, and is removed$/],
    ['an older default: another system', 'uefi', { files: { ...uefi(esp, 'pending'), ...older('auto-windows') } }, 'pending', /LoaderEntryDefault/],
    ['an older choice for one start', 'uefi', { files: { ...uefi(esp, 'pending'), [oneShot]: efiVariable('nixos-aa.conf').toString('latin1') } }, 'pending', null],
    ['modules without a trial', 'uefi', { files: uefi(esp, 'pending', before) }, null, /the boot menu on .* does not know of it/, before],
    ['BIOS', 'bios', { files: bios(esp, 'pending', 'pending') }, 'pending', null],
    ['BIOS, modules without a trial', 'bios', { files: { ...bios(esp, 'pending', null), [`${esp}/grub/grubenv`]: '' } }, null, /does not know of it/],
  ]; // prettier-ignore
  for (const [name, firmware, world, state, told, conf] of rows)
    await t.test(name, async t => {
      const files = { ...world.files, '/sys/firmware/efi/efivars/none': '' };
      const all = doors(t, { ...world, files });
      await beginTrial(all, { ...step, firmware });
      t.equal(all.read(`${esp}/dabei/trial`)?.trim() ?? null, state);
      const said = all.told.flatMap(line => ('text' in line ? [line.text] : [])).join('\n'); // prettier-ignore
      if (told === null) t.equal(said, '');
      else t.match(said, told);
      t.equal(all.read(paths.noTrial) === null, state !== null);
      if (conf !== undefined) t.equal(all.read(`${esp}/loader/loader.conf`), conf);
      if (firmware === 'uefi' && told === null)
        t.match(all.read(oneShot)?.replaceAll('\0', ''), /nix-dabei-trial\.conf$/);
    });
});
