import type { Config } from '../../config/schema.ts';
import { flakeReference, isSentAlong } from '../host-flake/flake-reference.ts';
import { diskoExpression } from '../disko/expression.ts';
import { nixString } from '../host-flake/templates.ts';

/**
 * A flake around the host flake. Its output `derivation` is the path of the derivation of the host's toplevel. Nix evaluates flakes
 * purely, and only with locked inputs (Nix manual, pure-eval): neither the host flake nor its inputs can read this machine's files
 * or environment, or fetch an address without a hash. So an evaluation that succeeds here also succeeds in the installed system.
 * @param system the machine's system in Nix's notation (`nixSystem` of arch.ts)
 * @param directory directory of the host flake
 */
export function checkFlake(config: Config, system: string, directory: string): string {
  return [
    '{',
    `  inputs.host.url = ${nixString(`path:${directory}`)};`,
    '  outputs =',
    '    { host, ... }:',
    '    let',
    '      toplevel =',
    ...toplevelExpression(config, system)
      .split('\n')
      .map(line => `        ${line}`),
    '      ;',
    ...(config.disks?.layout === 'disko' ? diskoLines(config) : []),
    '    in',
    '    {',
    ...(config.disks?.layout === 'disko' ? ['      inherit disko;'] : []),
    // With the string context of drvPath itself, Nix would build all dependencies of the derivation.
    '      derivation = builtins.unsafeDiscardOutputDependency toplevel.drvPath;',
    '    };',
    '}',
    '',
  ].join('\n');
}

/**
 * A Nix expression whose value is the host's toplevel derivation (nixpkgs, nixos/modules/system/activation/top-level.nix). It uses
 * the flake `host`. It has error messages of its own for problems of the owner's flake, because Nix's message about a missing
 * attribute names neither the flake nor the present attributes.
 * @param system the machine's system in Nix's notation (`nixSystem` of arch.ts)
 */
export function toplevelExpression(config: Config, system: string): string {
  const { reference, sent, name } = hostOf(config);
  const lines = [
    'let',
    `  system = host.nixosConfigurations.${nixString(name)};`,
    ...(reference === null ? [] : ownersFlake(sent ? 'host' : 'host.inputs.config', reference.attribute)),
    '  inherit (system) config;',
    '  can = config.system.switch.enable or true && config.system.activatable or true;',
    '  platform = system.pkgs.stdenv.hostPlatform.system or machine;',
    `  machine = ${nixString(system)};`,
    'in',
    ...(reference === null ? [] : ['assert isSystem;']),
    'if !can then throw "the system cannot be switched to (system.activatable or system.switch.enable is false), so it cannot install its boot loader: set both to true"',
    'else if platform != machine then throw "the system is for ${platform}, and this machine is ${machine}"',
    'else config.system.build.toplevel',
  ];
  return lines.join('\n');
}

/** Where the host's system is: below nixosConfigurations of the host flake, which may be the owner's own. */
function hostOf(config: Config) {
  const [hostName = ''] = config.hostName.split('.');
  const flake = config.system.flake;
  const reference = flake === undefined ? null : flakeReference(flake, hostName);
  const sent = reference !== null && isSentAlong(reference);
  return { reference, sent, name: sent ? reference.attribute : hostName };
}

function diskoLines(config: Config): string[] {
  const lines = diskoExpression(hostOf(config).name).split('\n');
  return ['      disko =', ...lines.map(line => `        ${line}`), '      ;'];
}

function ownersFlake(flake: string, attribute: string): string[] {
  const name = nixString(attribute);
  const missing = nixString(`the flake has no nixosConfigurations.${attribute}; it has: `);
  const wrong = `nixosConfigurations.${attribute} of the flake is not a NixOS system: it must come from nixpkgs.lib.nixosSystem`;
  return [
    `  systems = ${flake}.nixosConfigurations or { };`,
    '  names = builtins.concatStringsSep ", " (builtins.attrNames systems);',
    '  isSystem =',
    `    if !(systems ? ${name}) then throw (${missing} + (if names == "" then "no nixosConfigurations" else names))`,
    `    else systems.${name} ? extendModules || throw ${nixString(wrong)};`,
  ];
}
