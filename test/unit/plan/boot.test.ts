import t from 'tap';
import { planBootLoader } from '../../../agent/plan/boot.ts';

t.test('the installed system installs its boot loader', async t => {
  const [install, commit, keepLog, sync, ...rest] = planBootLoader();
  t.same(rest, []);
  t.match(install, {
    kind: 'run',
    argv: ['nixos-enter', '--root', '/mnt', '--', '/run/current-system/bin/switch-to-configuration', 'boot'],
    env: { NIXOS_INSTALL_BOOTLOADER: '1' },
    errorCode: 'BOOT_LOADER',
  });
  t.match(commit, { kind: 'commit', directory: '/mnt/etc/nixos', optional: true });
  t.match(keepLog, {
    argv: ['cp', '-p', '/var/log/dabei.jsonl', '/mnt/var/log/dabei.jsonl'],
    optional: true,
  });
  t.match(sync, { argv: ['sync'] }, 'the journal is not ahead of the ESP');
});
