import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { attempt } from '../../../../agent/host/exec.ts';
import { toplevelExpression } from '../../../../agent/plan/nix/toplevel-expression.ts';
import { requireNix } from '../../../support/nix.ts';
import { config } from '../machines.ts';

const nix = requireNix();
const system = (more: string) =>
  `({ extendModules = null; pkgs.stdenv.hostPlatform.system = "x86_64-linux"; config.system = { build.toplevel = "built"; } // { ${more} }; })`;
const usable = system('');

/** The host flake as an attribute set; the owner's flake is its input. */
const wrapped = (inputs: string, own = usable) =>
  `{ nixosConfigurations."web-01" = ${own}; inputs.config = ${inputs}; }`;

t.test('what is wrong with a flake is said in words', async t => {
  const owner: ConfigInput['system'] = { flake: 'github:me/infra#web' };
  const sent: ConfigInput['system'] = { flake: 'path:/dabei/flake#web' };
  const good = `{ nixosConfigurations.web = ${usable}; }`;
  const rows: [string, ConfigInput['system'], string, string | RegExp][] = [
    ['generated', {}, `{ nixosConfigurations."web-01" = ${usable}; }`, '"built"'],
    ["an owner's", owner, wrapped(good), '"built"'],
    ['sent along', sent, good, '"built"'],
    [
      'no such attribute',
      owner,
      wrapped('{ nixosConfigurations = { a = 1; b = 2; }; }'),
      /the flake has no nixosConfigurations\.web; it has: a, b/,
    ],
    ['no systems', owner, wrapped('{ }'), /has no nixosConfigurations\.web; it has: no nixosConfigurations/],
    ['sent along without the attribute', sent, '{ nixosConfigurations.db = 1; }', /web; it has: db/],
    [
      'no system',
      owner,
      wrapped('{ nixosConfigurations.web = { config = { }; }; }'),
      /nixosConfigurations\.web of the flake is not a NixOS system/,
    ],
    ['locked down', owner, wrapped(good, system('activatable = false;')), /cannot be switched to/],
    ['an image', owner, wrapped(good, system('switch.enable = false;')), /cannot be switched to/],
    [
      'another machine',
      owner,
      wrapped(good, usable.replace('x86_64-linux', 'aarch64-linux')),
      /the system is for aarch64-linux, and this machine is x86_64-linux/,
    ],
  ];
  for (const [name, wanted, flake, expected] of rows) {
    const text = toplevelExpression(
      config({ hostName: 'web-01.example.org', system: wanted }),
      'x86_64-linux',
    );
    const { exitCode, stdout, stderr } = await attempt({
      doing: name,
      argv: [...nix.argv, ...['--eval', '--store', 'dummy://', '--expr'], `let host = ${flake}; in ${text}`],
      env: nix.env,
      timeoutSeconds: 30,
    });
    if (typeof expected === 'string') t.equal(stdout.trim(), expected, name + stderr);
    else {
      t.not(exitCode, 0, name);
      t.match(stderr, expected, name);
    }
  }
});
