import { targetRoot } from '../target.ts';
import { nixString } from '../host-flake/templates.ts';

/**
 * The Nix expression, in terms of the flake `host`, of what disko's module makes of the system (disko, module.nix and lib/default.nix):
 * the script without its programs, which this image has; the disks that it uses; and what the system will mount.
 * @param name below nixosConfigurations
 */
export function diskoExpression(name: string): string {
  const missing =
    'disks.layout is "disko", but the system has no disko.devices: import the module of disko, and describe the disks';
  const elsewhere = `disko.rootMountPoint is not ${targetRoot}: leave it as it is`;
  return [
    'let',
    `  inherit (host.nixosConfigurations.${nixString(name)}) config;`,
    '  disks = builtins.attrValues config.disko.devices.disk;',
    'in',
    `if !(config ? disko.devices.disk) then throw ${nixString(missing)}`,
    `else if (config.disko.rootMountPoint or ${nixString(targetRoot)}) != ${nixString(targetRoot)} then throw ${nixString(elsewhere)}`,
    'else {',
    '  script = config.system.build.diskoScriptNoDeps;',
    '  layout = {',
    '    devices = map (disk: disk.device) disks;',
    '    kept = map (disk: disk.device) (builtins.filter (disk: !(disk.destroy or true)) disks);',
    '    fileSystems = map (',
    '      fileSystem: { inherit (fileSystem) mountPoint fsType options; device = toString fileSystem.device; }',
    '    ) (builtins.attrValues config.fileSystems);',
    '  };',
    '}',
  ].join('\n');
}
