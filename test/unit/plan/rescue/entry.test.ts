import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import {
  chooseRescue,
  chooseTrial,
  describeTrial,
  planTrial,
  writeRescueFiles,
} from '../../../../agent/plan/rescue/entry.ts';
import { disk, facts } from '../../../fixtures/disks.ts';
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
  expected: { writes: boolean; told: RegExp } | null,
][] = [
  ['nobody knows', { rescue: true }, undefined, null],
  ['asked for', { rescue: true }, 37 * MiB, { writes: true, told: /^rescue entry in the boot menu: 37 MiB of each ESP$/ }],
  ['by default', {}, 37 * MiB, { writes: false, told: /^no rescue entry: system.rescue is not true$/ }],
  ['not asked for', { rescue: false }, 37 * MiB, { writes: false, told: /: system.rescue is not true$/ }],
  ['without a kernel', { rescue: true }, null, { writes: false, told: /did not bring its own kernel/ }],
  ['prebuilt, and asked for', { ...prebuilt, rescue: true }, 37 * MiB, { writes: true, told: /menu/ }],
]; // prettier-ignore

t.test('which machines get a rescue entry', async t => {
  for (const [name, system, rescueBytes, expected] of rows) {
    const measured = facts([disk()], rescueBytes === undefined ? {} : { rescueBytes });
    t.match(chooseRescue(config({ ...(system && { system }) }), measured), expected, name);
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
    ['by default', { system: {} }, null],
    ['off', { system: { trial: 0 } }, null],
    ['a number', { system: { rescue: true, trial: 20 } }, { minutes: 20, confirm: 'login', asks: true }],
    ['nobody has to unlock it', { system: { rescue: true, trial: 20 }, disks }, { minutes: 20, confirm: 'report', asks: false }],
    ['with a word', { system: { rescue: true, trial: { confirm: 'login' } }, disks }, { minutes: 30, confirm: 'login', asks: false }],
    ['off, with a word', { system: { trial: { minutes: 0, confirm: 'login' } } }, null],
  ]; // prettier-ignore
  for (const [name, given, expected] of trials) t.same(chooseTrial(config(given)), expected, name);
  t.match(describeTrial(trials[2]![2]!), /20 minutes after it starts, .* unless somebody has logged in/);
  t.match(describeTrial(trials[3]![2]!), /unless sshd and a gateway answer/);
});

t.test('every ESP says "pending" before the boot loader is installed; then the trial begins', async t => {
  const steps = planTrial([{ kind: 'kernel', doing: 'the boot loader', path: '/x', value: '' }], { firmware: 'bios' }, 2); // prettier-ignore
  t.match(steps, [
    { kind: 'write', path: '/mnt/boot/dabei/trial', content: 'pending\n' },
    { kind: 'write', path: '/mnt/boot-2/dabei/trial', content: 'pending\n' },
    { doing: 'the boot loader' },
    { kind: 'trial', firmware: 'bios', esps: ['/mnt/boot', '/mnt/boot-2'] },
  ]);
});
