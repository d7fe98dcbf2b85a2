import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import type { Facts } from '../../../../agent/facts.ts';
import {
  chooseRescue,
  chooseTrial,
  describeHang,
  describeTrial,
  planTrial,
  summarizeTrial,
  writeRescueFiles,
} from '../../../../agent/plan/rescue/entry.ts';
import { disk, facts, GiB, machine } from '../../../fixtures/disks.ts';
import type { Step } from '../../../../agent/plan/step.ts';
import type { Trial } from '../../../../agent/plan/target.ts';
import { config } from '../example.ts';

const MiB = 2 ** 20;
const prebuilt = {
  storePath: `/nix/store/${'0'.repeat(32)}-nixos-system-web`,
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: [`a:${'A'.repeat(43)}=`],
};

const rows: [
  name: string,
  system: ConfigInput['system'],
  rescueBytes: number | null | undefined,
  espBytes: number,
  expected: { writes: boolean; told: RegExp } | null,
][] = [
  ['nobody knows', {}, undefined, GiB, null],
  ['by default', {}, 37 * MiB, GiB, { writes: true, told: /^rescue entry in the boot menu: 37 MiB of each ESP$/ }],
  ['room for three generations', {}, 37 * MiB, 319 * MiB, { writes: true, told: /menu/ }],
  ['no room', {}, 37 * MiB, 318 * MiB, { writes: false, told: /^no rescue entry: the ESP has 318 MiB; with 3 generations it takes 319 MiB/ }],
  ['no room, but asked for', { rescue: true }, 37 * MiB, 300 * MiB, { writes: true, told: /menu/ }],
  ['not asked for', { rescue: false }, 37 * MiB, GiB, { writes: false, told: /: system.rescue is false$/ }],
  ['without a kernel', {}, null, GiB, { writes: false, told: /did not bring its own kernel/ }],
  ['without a kernel, but asked for', { rescue: true }, null, GiB, { writes: false, told: /did not bring its own kernel/ }],
  ['prebuilt', prebuilt, 37 * MiB, GiB, { writes: false, told: /the system is prebuilt/ }],
  ['prebuilt, and asked for', { ...prebuilt, rescue: true }, 37 * MiB, GiB, { writes: true, told: /menu/ }],
]; // prettier-ignore

t.test('which machines get a rescue entry', async t => {
  for (const [name, system, rescueBytes, espBytes, expected] of rows) {
    const measured = facts([disk()], rescueBytes === undefined ? {} : { rescueBytes });
    t.match(chooseRescue(config({ ...(system && { system }) }), measured, espBytes), expected, name);
  }
});

t.test('every ESP gets its files; a machine without them is installed as well', async t => {
  t.match(writeRescueFiles(2), [
    {
      argv: ['/usr/lib/dabei/rescue-files', 'bzImage', 'from source', '/mnt/boot', '/mnt/boot-2'],
      optional: true,
    },
  ]);
});

t.test('the first boot on trial', async t => {
  const disks: ConfigInput['disks'] = { devices: ['/dev/vda'], encryption: 'none' };
  const trials: [name: string, given: Partial<ConfigInput>, expected: Trial | null][] = [
    ['by default', {}, { minutes: 30, confirm: 'login', asks: true }],
    ['off', { system: { trial: 0 } }, null],
    ['a number', { system: { rescue: true, trial: 20 } }, { minutes: 20, confirm: 'login', asks: true }],
    ['nobody has to unlock it', { system: { rescue: true, trial: 20 }, disks }, { minutes: 20, confirm: 'report', asks: false }],
    ['with a word', { system: { rescue: true, trial: { confirm: 'login' } }, disks }, { minutes: 30, confirm: 'login', asks: false }],
    ['with a receiver of reports, and a person', { system: { rescue: true, trial: 20 }, report: { url: 'https://reports.example.org' } }, { minutes: 20, confirm: 'login', asks: true }],
    ['off, with a word', { system: { trial: { minutes: 0, confirm: 'login' } } }, null],
    ['each copy has a first start of its own', { disks: { devices: ['/dev/vda'], copies: true } }, null],
    ['a prebuilt system', { system: { ...prebuilt, rescue: true } }, null],
    ['the same, asked for', { system: { ...prebuilt, rescue: true, trial: 20 } }, { minutes: 20, confirm: 'login', asks: true }],
    ['nobody could log in to the rescue system, as far as dabei knows', { rootAuthorizedKeys: [] }, null],
    ['the same, asked for', { rootAuthorizedKeys: [], system: { trial: 20 } }, { minutes: 20, confirm: 'login', asks: true }],
  ]; // prettier-ignore
  for (const [name, given, expected] of trials) t.same(chooseTrial(config(given), facts([])), expected, name);
  const unattended = { ...config({ system: { rescue: true, trial: 20 } }), isUnattended: true } as const;
  t.same(
    chooseTrial(unattended, facts([])),
    { minutes: 20, confirm: 'report', asks: true },
    'nobody is there',
  );
  const report = config({ report: { url: 'https://reports.example.org' } });
  const [login, alone] = [trials[2]![2]!, trials[3]![2]!];
  t.match(describeTrial(login, report), /20 minutes after it starts, .* unless somebody has logged in by/);
  t.match(describeTrial(alone, config({})), /20 minutes .* unless sshd and a gateway answer by then/);
  t.match(describeTrial(alone, report), /unless the receiver of its reports answers by then/);
  t.match(
    describeTrial({ ...alone, asks: true }, report),
    /waits for the passphrase without a limit, .* once the receiver of its reports answers$/,
  );
});

t.test('why there is no trial is told where one may be expected', async t => {
  const known = { ...facts([]), rescueBytes: 37 * MiB };
  const rows: [name: string, given: Partial<ConfigInput>, facts: Facts, writes: boolean, told: RegExp | null][] = [
    ['off', { system: { trial: 0 } }, known, true, null],
    ['no key', { rootAuthorizedKeys: [] }, known, true, /^no trial .* no key in rootAuthorizedKeys opens the rescue system/],
    ['no key, and a prebuilt system', { rootAuthorizedKeys: [], system: { ...prebuilt, rescue: true } }, known, true, null],
    ['no rescue entry', { system: { rescue: true, trial: 20 } }, known, false, /^no trial .* without a rescue entry/],
    ['no rescue entry, by default', {}, known, false, null],
    ['nobody knows', { system: { rescue: true, trial: 20 } }, facts([]), false, null],
  ]; // prettier-ignore
  for (const [name, given, its, writes, told] of rows) {
    const lines = summarizeTrial(config(given), its, writes);
    if (told === null) t.same(lines, [], name);
    else t.match(lines, [told], name);
  }
});

t.test('a first boot that hangs', async t => {
  const trial = config({ system: { rescue: true, trial: 20 } });
  const intel = { name: 'iTCO_wdt', modules: ['iTCO_wdt', 'i2c_i801'] };
  const qemu = { name: 'i6300esb', modules: ['i6300esb'] };
  const real = { ...machine, virtualization: false };
  const rows: [name: string, given: Partial<Facts>, watchdog: string[] | undefined, told: RegExp][] = [
    ['none', {}, undefined, /^this machine has no hardware watchdog: .* next power cycle leads to the rescue system$/],
    ['one', { machine: real, watchdogs: [intel, qemu] }, intel.modules, /hangs, the watchdog iTCO_wdt restarts the machine$/],
    ['an emulated one', { watchdogs: [intel] }, intel.modules, /iTCO_wdt restarts the machine, or, as many hypervisors .* power cycle/],
    ['a better one', { watchdogs: [intel, qemu] }, qemu.modules, /the watchdog i6300esb restarts the machine$/],
  ]; // prettier-ignore
  for (const [name, given, watchdog, told] of rows) {
    t.same(chooseTrial(trial, facts([], given))?.watchdog, watchdog, name);
    t.match(describeHang(facts([], given)), told, name);
  }
});

t.test('every ESP says "pending" before the boot loader is installed; then the trial begins', async t => {
  const trial: Trial = { minutes: 30, confirm: 'login', asks: true };
  const bootLoader: Step[] = [{ kind: 'kernel', doing: 'the boot loader', path: '/x', value: '' }];
  const report = config({ report: { url: 'https://reports.example.org' } });
  const bios = facts([disk()], { firmware: 'bios' });
  const steps = planTrial(report, bios, trial, bootLoader, 2);
  t.match(steps, [
    { kind: 'write', path: '/mnt/boot/dabei/trial', content: 'pending\n' },
    { kind: 'write', path: '/mnt/boot-2/dabei/trial', content: 'pending\n' },
    { doing: 'the boot loader' },
    { kind: 'trial', firmware: 'bios', esps: ['/mnt/boot', '/mnt/boot-2'] },
  ]);
  const reported = planTrial(report, bios, { ...trial, confirm: 'report' }, bootLoader, 1);
  t.match(reported.slice(0, 2), [
    { path: /trial-report\.json$/ },
    { path: '/mnt/var/lib/dabei/trial-report' },
  ]);
});
