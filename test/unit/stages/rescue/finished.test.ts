import t, { type Test } from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { DabeiError, Refusals } from '../../../../agent/errors.ts';
import { installedAlready, isInstalledAlready } from '../../../../agent/plan/disks/install-state.ts';
import { startFinished } from '../../../../agent/stages/rescue/finished.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import type { World } from '../../../support/doors.ts';
import { device, lsblkSays, machineWithDisks } from '../../../support/virtio-disks.ts';

/** A medium that finds its own finished installation starts it. */

const withEsp = {
  ...device('vda', 'a'),
  children: [{ ...device('vda1', ''), type: 'part', fstype: 'vfat', mountpoints: [null] }],
};
const esp = '/run/dabei/esps/1';
const entry = (options: string) =>
  `title NixOS\nversion Generation 1\nlinux /EFI/nixos/k.efi\ninitrd /EFI/nixos/i.efi\noptions init=/x ${options}\n`;
const menu = {
  '/lsblk': lsblkSays(withEsp, device('vdb', 'b')),
  '/dev/vda1': '',
  [`${esp}/loader/loader.conf`]: 'default nixos-aa.conf\n',
  [`${esp}/loader/entries/nixos-aa.conf`]: entry('quiet'),
};
const onTrial = (state: string) => ({
  ...menu,
  [`${esp}/dabei/trial`]: `${state}\n`,
  [`${esp}/loader/entries/nix-dabei.conf`]: 'title nix-dabei rescue\n',
  [`${esp}/loader/entries/nix-dabei-trial.conf`]: entry('dabei.trial=loader'),
});
const programs = { mount: 'exit 0', umount: 'exit 0', kexec: 'exit 0' };
const loads = (options: string) => [
  `kexec --load ${esp}/EFI/nixos/k.efi --command-line=init=/x ${options} --initrd=${esp}/EFI/nixos/i.efi`,
  'kexec --exec',
];

async function start(t: Test, world: World) {
  const doors = machineWithDisks(t, { ...world, programs: { ...programs, ...world.programs } });
  const text = JSON.stringify({
    ...{ mode: 'install', hostName: 'web', rootAuthorizedKeys: [publicKeyOf('me')] },
    disks: { devices: ['/dev/vda'], key: 'a passphrase of some length' },
  });
  const files = [{ path: 'dabei.json', bytes: Buffer.from(text) }];
  await startFinished(doors, resolveConfiguration({ commandLine: '', files }).config!);
  return {
    kexecs: doors.ran.filter(line => line.startsWith('kexec')),
    told: doors.told.flatMap(each => ('text' in each ? [each.text] : [])).join('\n'),
    seconds: doors.clock.uptimeSeconds(),
    trial: doors.read(`${esp}/dabei/trial`),
  };
}

const noLogin = /^the installed system starts in 10 s, .* dabei\.rescue\n/;
const rows: [about: string, world: World, kexecs: string[], told: RegExp][] = [
  ['after 10 s', { files: menu }, loads('quiet'), /\nstarting the installed system$/],
  ['its first start is on trial', { files: onTrial('pending') }, loads('dabei.trial=rescue'), /\nthe installed system starts on trial\n/],
  ['a trial that failed', { files: onTrial('failed') }, [], /failed at an earlier start; next: restart without the medium/],
  ['somebody at the console', { files: { ...menu, '/run/dabei/console/in-use.tty1': '' } }, [], /somebody has logged in: the machine stays/],
  ['somebody over SSH', { files: { ...menu, '/proc/99/cmdline': 'sshd-session: root@pts/0' } }, [], /somebody has logged in: the machine stays/],
  ['somebody whom sshd has not let in', { files: { ...menu, '/proc/99/cmdline': 'sshd-session: root [priv]' } }, loads('quiet'), /\nstarting the installed system$/],
  ['no boot menu', { files: { ...menu, [`${esp}/loader/entries/nixos-aa.conf`]: '' } }, [], /was not started: .*no ESP has an entry/],
  ['an ESP that cannot be mounted', { files: menu, programs: { mount: 'exit 32' } }, [], /was not started: .*mount ended with exit code 32/],
]; // prettier-ignore

t.test('what becomes of it', async t => {
  for (const [about, world, kexecs, told] of rows) {
    const found = await start(t, { uptime: 30, ...world });
    t.same(found.kexecs, kexecs, about);
    t.match(found.told, noLogin, about);
    t.match(found.told, told, about);
    if (kexecs.length > 0) t.ok(found.seconds >= 40, `${about}: waits`);
  }
});

t.test('a first start by it counts as one', async t => {
  t.equal((await start(t, { files: onTrial('pending') })).trial, 'started\n');
});

t.test('only where nothing else stands against the installation', async t => {
  const other = new DabeiError('MEMORY_TOO_SMALL', { doing: 'planning', problem: 'too little' });
  const unfinished = new DabeiError('DISK_INSTALLED', { doing: 'reading', problem: 'without a boot loader' });
  t.ok(isInstalledAlready(installedAlready()));
  t.ok(isInstalledAlready(new Refusals([installedAlready()])));
  for (const error of [other, unfinished, new Refusals([installedAlready(), other])])
    t.notOk(isInstalledAlready(error), error.message);
});
