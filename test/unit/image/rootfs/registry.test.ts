import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { nixosRelease } from '../../../../agent/config/nixos-release.ts';
import { flakeRegistry } from '../../../../image/rootfs/registry.ts';
import { imageNix } from '../../../support/image-nix.ts';

/** What the image's Nix makes of /etc/nix/registry.json, without a network. What an installation makes of it: pure.test.ts. */

t.setTimeout(300_000);
const nix = await imageNix();

t.test('one name resolves, and nothing else', { timeout: 250_000 }, async t => {
  const directory = t.testdir({ etc: { 'registry.json': flakeRegistry() } });
  const ask = (...args: string[]) =>
    attempt({
      doing: `trying ${args.join(' ')}`,
      argv: ['unshare', '--net', ...nix.argv('nix', ...args, '--store', `${directory}/root`)],
      env: { ...nix.env(directory), NIX_CONF_DIR: `${directory}/etc` },
      timeoutSeconds: 60,
    });
  const { nixpkgs } = nixosRelease;
  const fetches = new RegExp(`unable to download '${nixpkgs.replaceAll('.', '\\.')}'`);
  const unknown = /cannot find flake 'flake:[\w/-]+' in the flake registries/;
  const rows: [args: string[], said: RegExp][] = [
    [['flake', 'metadata', 'nixpkgs'], fetches],
    [['eval', 'nixpkgs#hello.name'], fetches],
    [['eval', 'flake:nixpkgs#hello.name'], fetches],
    [['flake', 'metadata', 'nixpkgs/nixos-unstable'], unknown],
    [['flake', 'metadata', 'nixos'], unknown],
    [['eval', 'home-manager#x'], unknown],
  ];
  for (const [args, said] of rows) {
    const { exitCode, stderr } = await ask(...args);
    t.not(exitCode, 0, args.join(' '));
    t.match(stderr, said, args.join(' '));
  }
  const { stdout } = await ask('registry', 'list');
  t.equal(stdout.trim(), `system flake:nixpkgs ${nixpkgs}`);
});
