import copies from '../../../nix/host-flake/copies.nix';
import copiesStage1 from '../../../nix/host-flake/copies-stage1.sh';
import copiesSystem from '../../../nix/host-flake/copies-system.sh';
import dabei from '../../../nix/host-flake/dabei.nix';
import flakeWithConfig from '../../../nix/host-flake/flake-with-config.nix';
import flake from '../../../nix/host-flake/flake.nix';
import hardware from '../../../nix/host-flake/hardware.nix';
import impermanence from '../../../nix/host-flake/impermanence.nix';
import networkOptions from '../../../nix/host-flake/network-options.nix';
import networkScripted from '../../../nix/host-flake/network-scripted.nix';
import network from '../../../nix/host-flake/network.nix';
import rescue from '../../../nix/host-flake/rescue.nix';
import rescueProgram from '../../../nix/host-flake/rescue.sh';
import trialMenu from '../../../nix/host-flake/trial-menu.sh';
import trialState from '../../../nix/host-flake/trial-state.sh';
import trialProof from '../../../nix/host-flake/trial-proof.sh';
import trialWait from '../../../nix/host-flake/trial-wait.sh';
import trial from '../../../nix/host-flake/trial.nix';
import unlock from '../../../nix/host-flake/unlock.nix';
import unlockProgram from '../../../nix/host-flake/unlock.sh';
import infraHost from '../../../nix/infra-host.nix';
import infraCommon from '../../../nix/infra/common.nix';
import infra from '../../../nix/infra/flake.nix';

/** The modules of the host flake, and their program, by file name. They are the same on every machine. */
export const modules = {
  'hardware.nix': hardware,
  'dabei.nix': dabei,
  'copies.nix': copies,
  'copies-stage1.sh': copiesStage1,
  'copies-system.sh': copiesSystem,
  'impermanence.nix': impermanence,
  'rescue.nix': rescue,
  'rescue.sh': rescueProgram,
  'trial.nix': trial,
  'trial-state.sh': trialState,
  'trial-menu.sh': trialMenu,
  'trial-proof.sh': trialProof,
  'trial-wait.sh': trialWait,
  'unlock.nix': unlock,
  'unlock.sh': unlockProgram,
  'network.nix': network,
  'network-scripted.nix': networkScripted,
  'network-options.nix': networkOptions,
} as const;

/** The other files of the host flake and of an infrastructure flake, with placeholders (`fillIn`). */
export const templates = {
  flake,
  flakeWithConfig,
  infra,
  infraCommon,
  infraHost,
} as const;

/**
 * Replaces each placeholder, @name@, by the value with that name, as a Nix string.
 * @throws Error for a placeholder without a value, and for a value without a placeholder: both are bugs
 */
export function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(values));
  const text = template.replace(/@(\w+)@/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has ${placeholder}, which has no value`);
    unused.delete(name);
    return nixString(value);
  });
  if (unused.size > 0) throw new Error(`the template has no ${[...unused].join(', ')}`);
  return text;
}

/** A string literal in double quotes (Nix manual, string literals), with escapes for backslashes, quotes, line ends, tabs and "${". */
export function nixString(value: string): string {
  const escaped = value
    .replace(/["\\]/g, '\\$&')
    .replaceAll('${', '\\${')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `"${escaped}"`;
}
