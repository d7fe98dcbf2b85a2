import t from 'tap';
import type { RunStep } from '../../../../agent/plan/step.ts';
import { disk } from '../../../fixtures/disks.ts';
import { config } from '../machines.ts';
import { installBootLoader, planBootLoader } from '../../../../agent/plan/nix/boot-loader.ts';

const members = [disk({ aliases: ['/dev/disk/by-id/wwn-0x1'] }), disk({ path: '/dev/vdb', aliases: [] })];
const planned = (given: object) => planBootLoader(config(given), { firmware: 'bios' }, members);

t.test('the installed system installs its boot loader', async t => {
  const [install, commit, keepLog, sync, look, ...rest] = planned({});
  t.same(rest, []);
  t.match(install, {
    kind: 'run',
    argv: [
      ...['nixos-enter', '--root', '/mnt', '--require-activation', '--'],
      ...['/run/current-system/bin/switch-to-configuration', 'boot'],
    ],
    env: { NIXOS_INSTALL_BOOTLOADER: '1' },
    errorCode: 'BOOT_LOADER',
  });
  t.match(commit, { kind: 'commit', directory: '/mnt/etc/nixos', optional: true });
  t.match(keepLog, {
    argv: ['cp', '-p', '/var/log/dabei.jsonl', '/mnt/var/log/dabei.jsonl'],
    optional: true,
  });
  t.match(sync, { argv: ['sync'] }, 'the install state is not ahead of the ESP');
  t.match(look, {
    kind: 'boot-code',
    firmware: 'bios',
    disks: ['/dev/disk/by-id/wwn-0x1', '/dev/vdb'],
    root: '/mnt',
  });
});

t.test('who may ignore a failed activation', async t => {
  const allowed = planned({ system: { allowFailedActivation: true } })[0] as RunStep;
  const [strict] = planned({}) as RunStep[];
  const rows: [string, RunStep, boolean][] = [
    ['dabei install', strict!, true],
    ['system.allowFailedActivation', allowed, false],
    ['nixos-install(8)', installBootLoader('/mnt', 'nixos-install'), false],
  ];
  for (const [name, step, expected] of rows)
    t.equal(step.argv.includes('--require-activation'), expected, name);
  const said = 'nixos-enter: the activation of the installed system ended with exit code 2';
  const saying = strict!.whenSaying!.find(({ pattern }) => pattern.test(said));
  t.match(saying, { code: 'ACTIVATION', remedy: /system\.allowFailedActivation/ });
});
