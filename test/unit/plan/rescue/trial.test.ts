import t from 'tap';
import {
  bootFiles,
  decideTrial,
  grubEntry,
  parseTrial,
  tellTrial,
  withoutTrialDefault,
  type Decision,
  type EspTrial,
} from '../../../../agent/plan/rescue/trial.ts';

t.test('the state on one ESP', async t => {
  const rows: [text: string | null, beside: string | null, expected: EspTrial['state']][] = [
    [null, null, null],
    ['pending\n', null, 'pending'],
    ['started\n', null, 'started'],
    ['confirmed\n', null, 'confirmed'],
    // Cut off by a power loss.
    ['', null, 'damaged'],
    ['start', null, 'damaged'],
    ['started', null, 'damaged'],
    ['\0'.repeat(8), null, 'damaged'],
    // Before and after the renaming.
    ['pending\n', 'started\n', 'pending'],
    [null, 'started\n', 'started'],
    [null, 'star', 'damaged'],
    ['', 'started\n', 'started'],
    ['other\n', null, 'damaged'],
  ];
  for (const row of rows) t.equal(parseTrial(row[0], row[1]), row[2], JSON.stringify(row));
});

const failed = (why: 'started' | 'failed' | 'damaged'): Decision => ({ kind: 'failed', why });
const rescueStarts = { startsRescue: true };
const none: Decision = { kind: 'none' };
const finish: Decision = { kind: 'finish' };
type Esp = EspTrial['state'] | [EspTrial['state'], Partial<EspTrial>];

/** What the rescue system does: states of the ESPs, and what their boot loaders did. */
const rows: [name: string, esps: Esp[], expected: Decision][] = [
  ['no ESP can be read', [], none],
  ['no trial', [null], none],
  ['no trial, but the rescue system is the default', [[null, rescueStarts]], none],
  ['the one-shot had no effect', ['pending'], { kind: 'start' }],
  ['… on a mirror', ['pending', 'pending'], { kind: 'start' }],
  ['GRUB could not save its variable', [['pending', { startsRescue: true }]], { kind: 'start' }],
  ['GRUB started it, and it reached no user space', [['pending', { loaderStarted: true }]], failed('started')],
  ['… and the disks have changed places', ['pending', ['pending', { loaderStarted: true }]], failed('started')],
  ['it was started', ['started'], failed('started')],
  ['it was started, written on one ESP only', ['pending', 'started'], failed('started')],
  ['it failed before', ['failed'], failed('failed')],
  ['it failed, written on one ESP only', ['started', 'failed'], failed('failed')],
  ['the file is cut off', ['damaged'], failed('damaged')],
  ['the file is cut off on one ESP', ['damaged', 'pending'], { kind: 'start' }],
  ['… and the other has started it', ['damaged', 'started'], failed('started')],
  ['a power cut while it was confirmed', [['confirmed', rescueStarts]], finish],
  ['… with the first ESP done', [['confirmed', rescueStarts], ['started', rescueStarts]], finish],
  ['… with one ESP without the file', [null, ['started', rescueStarts]], finish],
  ['… with one ESP without the file, and the other confirmed', [null, ['confirmed', rescueStarts]], finish],
  ['confirmed, and somebody chose the entry', ['confirmed'], none],
  ['confirmed beats failed', [['confirmed', rescueStarts], ['failed', rescueStarts]], finish],
]; // prettier-ignore

t.test('what the rescue system does', async t => {
  for (const [name, esps, expected] of rows) {
    const given = esps.map((each): EspTrial => {
      const [state, rest] = Array.isArray(each) ? each : [each, {}];
      return { state, startsRescue: false, loaderStarted: false, ...rest };
    });
    t.same(decideTrial(given), expected, name);
  }
});

t.test('it never starts the installed system twice', async t => {
  // Whatever an ESP keeps of "started", one that keeps it is enough.
  const states = [null, 'damaged', 'pending', 'started', 'failed', 'confirmed'] as const;
  for (const one of states) {
    const decision = decideTrial(
      [one, 'started' as const].map(state => ({ state, startsRescue: true, loaderStarted: false })),
    );
    t.not(decision.kind, 'start', String(one));
  }
});

t.test('what people are told', async t => {
  t.equal(tellTrial({ kind: 'none' }), null);
  t.match(tellTrial(failed('started')), /started on trial, and nobody logged in to it in time; next: "dabei unlock"/);
  t.match(tellTrial(failed('damaged')), /cannot be read on any ESP; next: .*"dabei confirm"/);
  t.match(tellTrial(finish), /was confirmed, but a power cut/);
  t.match(tellTrial({ kind: 'start' }), /the boot loader did not start/);
}); // prettier-ignore

t.test("systemd-boot's default before the trial", async t => {
  const before = 'timeout 5\ndefault nixos-aa.conf\nconsole-mode keep\n';
  const during = 'default nix-dabei.conf\ntimeout 5\n#dabei default nixos-aa.conf\nconsole-mode keep\n';
  t.equal(withoutTrialDefault(during), before);
  t.equal(withoutTrialDefault(before), before, 'NixOS wrote it anew');
});

t.test('what kexec loads', async t => {
  const systemdBoot =
    'title nix-dabei trial\nlinux /EFI/nixos/k.efi\ninitrd /EFI/nixos/i.efi\noptions init=/nix/store/x/init loglevel=4 dabei.trial\n';
  t.same(bootFiles(systemdBoot), {
    kernel: '/EFI/nixos/k.efi',
    initrds: ['/EFI/nixos/i.efi'],
    options: 'init=/nix/store/x/init loglevel=4 dabei.trial',
  });
  const grub = `menuentry "NixOS" --class nixos {
search --set=drive1 --fs-uuid 0000
  linux ($drive1)//kernels/k-bzImage init=/nix/store/x/init loglevel=4
  initrd ($drive1)//kernels/i-initrd ($drive1)//kernels/i-secrets
}
if [ "\${dabei_trial}" ]; then
menuentry "nix-dabei trial" --id nix-dabei-trial {
  linux ($drive1)//kernels/k-bzImage init=/nix/store/x/init loglevel=4 dabei.trial
  initrd ($drive1)//kernels/i-initrd
}
fi
`;
  t.same(bootFiles(grubEntry(grub, null)!), {
    kernel: '/kernels/k-bzImage',
    initrds: ['/kernels/i-initrd', '/kernels/i-secrets'],
    options: 'init=/nix/store/x/init loglevel=4',
  });
  t.match(bootFiles(grubEntry(grub, 'nix-dabei-trial')!), { options: /dabei\.trial$/ });
  t.equal(grubEntry(grub, 'nix-dabei'), null);
  t.equal(bootFiles('title none\n'), null);
});
