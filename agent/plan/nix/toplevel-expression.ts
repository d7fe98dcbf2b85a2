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

/** What the expression throws where nobody could log in by SSH; the system itself may have another way. */
export const sshDisabled = 'nobody could log in to the installed system: services.openssh.enable is false';

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
    '  platform = system.pkgs.stdenv.hostPlatform.system or machine;',
    `  machine = ${nixString(system)};`,
    ...shapes,
    'in',
    ...(reference === null ? [] : ['assert isSystem;']),
    'if !can then throw "the system cannot be switched to (system.activatable or system.switch.enable is false), so it cannot install its boot loader: set both to true"',
    'else if platform != machine then throw "the system is for ${platform}, and this machine is ${machine}"',
    'else if readOnlyEtc then throw "the /etc of the system is read-only (system.etc.overlay.mutable is false), so it cannot have host keys or /etc/nixos there: set it to true"',
    'else if perlForGrub then throw "the system forbids perl (system.forbiddenDependenciesRegexes), which the installer of GRUB is written in, and this machine starts by BIOS: allow it"',
    ...(config.system.allowDisabledSsh ? [] : [`else if !ssh then throw ${nixString(sshDisabled)}`]),
    'else tell config.system.build.toplevel',
  ];
  return lines.join('\n');
}

/**
 * What some shapes of NixOS lack, and others take from the machine. An option that a release does not have is not set.
 * (nixpkgs, nixos/modules: system/etc/etc.nix, system/activation/top-level.nix, system/boot/loader/grub, system/boot/stage-1.nix,
 * system/activation/specialisation.nix)
 */
const shapes: readonly string[] = [
  '  can = config.system.switch.enable or true && config.system.activatable or true;',
  '  ssh = config.services.openssh.enable or true;',
  '  readOnlyEtc = config.system.etc.overlay.enable or false && !(config.system.etc.overlay.mutable or true);',
  '  perlForGrub = config.boot.loader.grub.enable or false && builtins.any (regex: builtins.match ".*perl.*" regex != null) (config.system.forbiddenDependenciesRegexes or [ ]);',
  // dabei writes the host keys of the system and of stage 1, and what a disk that is copied is known by (host-flake/copies.ts). A path of
  // the store arrives with the system.
  '  written = path: builtins.match "(/nix/store/|/etc/ssh/(initrd_)?ssh_host_).*|/etc/dabei(/hostid)?" path != null;',
  '  secrets = config.boot.initrd.secrets or { };',
  '  source = name: toString (if secrets.${name} == null then name else secrets.${name});',
  '  missing = builtins.filter (path: !written path) (map source (builtins.attrNames secrets));',
  '  specialisations = config.specialisation or { };',
  '  strangers = builtins.filter (name: !(specialisations.${name}.inheritParentConfig or true)) (builtins.attrNames specialisations);',
  '  list = builtins.concatStringsSep ", ";',
  // Nix 2.23 has builtins.warn.
  '  warnIf = condition: text: value: if condition then (builtins.warn or builtins.trace) text value else value;',
  '  tell = value:',
  '    warnIf (missing != [ ]) "boot.initrd.secrets takes files that dabei does not write: ${list missing}. Unless the activation of the system creates them, the boot loader cannot be installed" (',
  '    warnIf (strangers != [ ]) "specialisations without the configuration of the machine (inheritParentConfig is false): ${list strangers}. They have neither its disks nor its network" value);',
];

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
