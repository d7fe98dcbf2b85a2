import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { attempt } from '../../../../agent/host/exec.ts';
import { toplevelExpression } from '../../../../agent/plan/nix/toplevel-expression.ts';
import { requireNix } from '../../../support/nix.ts';
import { config } from '../machines.ts';

const nix = requireNix();
/** @param more options below config.system @param others options beside it */
const system = (more: string, others = '') =>
  `({ extendModules = null; pkgs.stdenv.hostPlatform.system = "x86_64-linux"; config = { system = { build.toplevel = "built"; } // { ${more} }; ${others} }; })`;
const usable = system('');

/** The host flake as an attribute set; the owner's flake is its input. */
const wrapped = (inputs: string, own = usable) =>
  `{ nixosConfigurations."web-01" = ${own}; inputs.config = ${inputs}; }`;

function evaluate(doing: string, wanted: ConfigInput['system'], flake: string) {
  const text = toplevelExpression(config({ hostName: 'web-01.example.org', system: wanted }), 'x86_64-linux');
  return attempt({
    doing,
    argv: [...nix.argv, ...['--eval', '--store', 'dummy://', '--expr'], `let host = ${flake}; in ${text}`],
    env: nix.env,
    timeoutSeconds: 30,
  });
}

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
    const { exitCode, stdout, stderr } = await evaluate(name, wanted, flake);
    if (typeof expected === 'string') t.equal(stdout.trim(), expected, name + stderr);
    else {
      t.not(exitCode, 0, name);
      t.match(stderr, expected, name);
    }
  }
});

t.test('shapes of NixOS', async t => {
  const overlay = (mutable: boolean) => system(`etc.overlay = { enable = true; mutable = ${mutable}; };`);
  const perlless = (grub: boolean) =>
    system('forbiddenDependenciesRegexes = [ "-dev$" "perl" ];', `boot.loader.grub.enable = ${grub};`);
  const secrets = (text: string) => system('', `boot.initrd.secrets = { ${text} };`);
  const ssh = (enable: boolean) => system('', `services.openssh.enable = ${enable};`);
  const own = '/etc/ssh/initrd_ssh_host_ed25519_key';
  const outside =
    /"built"\n[^]*boot\.initrd\.secrets takes files that dabei does not write: (\/run\/key|\/etc\/keys\/luks)\. Unless/;
  const rows: [string, string, says: RegExp, allowDisabledSsh?: boolean][] = [
    ['SSH is enabled', ssh(true), /^"built"\n$/],
    ['SSH is disabled', ssh(false), /nobody could log in to the installed system: services\.openssh\.enable is false/],
    ['SSH is disabled, and that is wanted', ssh(false), /^"built"\n$/, true],
    ['an overlay on /etc', overlay(true), /^"built"\n$/],
    ['a read-only /etc', overlay(false), /\/etc of the system is read-only .*set it to true/],
    ['without Perl, by UEFI', perlless(false), /^"built"\n$/],
    ['without Perl, by BIOS', perlless(true), /forbids perl .*starts by BIOS: allow it/],
    ["stage 1's own host key", secrets(`"${own}" = "${own}";`), /^"built"\n$/],
    ['what copies of a disk are known by', secrets('"/etc/dabei" = null; "/etc/hostid" = "/etc/dabei/hostid";'), /^"built"\n$/],
    ['a secret in the store', secrets('"/k" = "/nix/store/00000000000000000000000000000000-k";'), /^"built"\n$/],
    ['a secret elsewhere', secrets(`"/k" = "/run/key"; "${own}" = null;`), outside],
    ['a secret under its own name', secrets('"/etc/keys/luks" = null;'), outside],
    ['specialisations', system('', 'specialisation.a = { inheritParentConfig = true; };'), /^"built"\n$/],
    [
      'a specialisation of its own',
      system('', 'specialisation = { a = { inheritParentConfig = false; }; b = { }; };'),
      /"built"\n[^]*specialisations without the configuration of the machine \(inheritParentConfig is false\): a\. They/,
    ],
  ]; // prettier-ignore
  for (const [name, shape, says, allowDisabledSsh = false] of rows) {
    const flake = `{ nixosConfigurations."web-01" = ${shape}; }`;
    const { stdout, stderr } = await evaluate(name, { allowDisabledSsh }, flake);
    t.match(stdout + stderr, says, name);
  }
});
