import { modules } from '../host-flake/templates.ts';
import { espFull } from '../nix/boot-loader.ts';
import type { Step } from '../step.ts';
import { rescueFiles } from './entry.ts';

/**
 * Steps by which this system writes or renews the rescue entry of an installed machine. The program is that of the installed system
 * (nix/host-flake/rescue.sh), so both agree about every file.
 */

/** The name that rescue-files gave to this system on the ESPs. */
export const ownSystemFile = '/run/dabei/rescue-system';

const directory = '/run/dabei/rescue-entry';
const programFile = `${directory}/program`;

/** What the archive is made of. */
export interface Archive {
  /** runtime-info.json. */
  machine: string;
  /** Lines of authorized_keys. */
  keys: string;
  /** Paths of private host keys. */
  hostKeys: readonly string[];
  /** Kernel parameters of the entry; empty: those that it has. */
  parameters: string;
  /** Its features are compared with those of the rescue system's ZFS, if it is imported. */
  pool: string | null;
}

/** Writes the kernel and the initrd of this start beside those that are there. */
export function writeOwnSystem(esps: readonly string[], root: string): Step[] {
  return [
    // rescue-files notes its features.
    { kind: 'run', doing: 'loading ZFS', argv: ['modprobe', 'zfs'], timeoutSeconds: 60, optional: true },
    { ...rescueFiles(esps), whenFull: espFull(root) },
  ];
}

/** @param system the system that the entry is for; empty: the one that it has */
export function writeArchive(
  { machine, keys, hostKeys, parameters, pool }: Archive,
  esps: readonly string[],
  system: string,
): Step[] {
  const file = (name: string, content: string): Step => ({
    kind: 'write',
    doing: `preparing the rescue entry: ${name}`,
    path: `${directory}/${name}`,
    mode: 0o600,
    content,
  });
  return [
    file('machine.json', machine),
    file('authorized_keys', keys),
    ...entryProgram('writing the rescue entry', 'write', esps, {
      machine: `${directory}/machine.json`,
      keys: `${directory}/authorized_keys`,
      host_keys: hostKeys.join(' '),
      options: parameters,
      system,
      pool: pool ?? '',
    }),
  ];
}

/** The entry of each ESP starts another system, with the archive that it has. */
export function switchEntry(esps: readonly string[], system: string): Step[] {
  return entryProgram('switching the rescue entry', 'renew', esps, { system, pool: '' });
}

function entryProgram(
  doing: string,
  action: 'write' | 'renew',
  esps: readonly string[],
  env: Readonly<Record<string, string>>,
): Step[] {
  return [
    {
      kind: 'write',
      doing: 'preparing the rescue entry: its program',
      path: programFile,
      mode: 0o600,
      content: modules['rescue.sh'],
    },
    {
      kind: 'run',
      doing,
      argv: ['sh', programFile, action, ...esps],
      env: { package: '', systemd_boot: 'auto', ...env },
      timeoutSeconds: 600,
      progress: true,
      errorCode: 'RESCUE_ENTRY',
    },
  ];
}

/** GRUB's menu of a machine without our module: the entry is included until NixOS writes the menu anew. */
export function withInclude(grubConfig: string): string {
  if (grubConfig.includes('/dabei/grub.cfg')) return grubConfig;
  return `${grubConfig.replace(/\n*$/, '\n')}if [ -f /dabei/grub.cfg ]; then\n  source /dabei/grub.cfg\nfi\n`;
}
