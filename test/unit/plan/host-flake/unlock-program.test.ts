import t from 'tap';
import { unlockProgram } from '../../../../agent/plan/host-flake/unlock-program.ts';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { config } from '../machines.ts';

t.test('what asks for the passphrase, by whose modules stage 1 has', async t => {
  const prebuilt = {
    storePath: '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web-01-26.05',
    substituters: ['https://cache.example.org'],
    trustedPublicKeys: ['cache.example.org-1:DknUVBTbkYqWuCVFXk2Tn5Pd00Gwud0rBmZTG1j0uDU='],
  };
  const agent = 'systemd-tty-ask-password-agent --watch';
  const rows: [name: string, system: ConfigInput['system'], program: string][] = [
    ['the generated flake', {}, 'unlock'],
    ['a flake that is wrapped', { flake: 'github:me/infra#web' }, 'unlock'],
    ['a bundled flake', { flake: 'path:/dabei/flake#web' }, agent],
    ['a prebuilt system', prebuilt, agent],
    ['both', { ...prebuilt, flake: 'github:me/infra#web' }, agent],
  ];
  for (const [name, system, program] of rows) t.equal(unlockProgram(config({ system })), program, name);
});
