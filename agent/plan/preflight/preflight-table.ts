import { redactTokens } from '../../redact-tokens.ts';
import type { Config } from '../../config/schema.ts';
import { describeContents } from '../disks/describe-disk.ts';
import { formatBytes } from '../../format.ts';
import type { ConsolePolicy } from '../../console/policy.ts';
import type { KeptNetwork } from '../../capture/summary.ts';
import type { Preflight } from './preflight.ts';
import type { OldSystem } from './systems.ts';

/** Summarizes, before the machine leaves the old system, what dabei keeps and what it erases. */

export interface TableInput {
  old: OldSystem;
  found: Preflight;
  network: KeptNetwork;
  /** Sentences about settings of the old system that the new system does not have. */
  leftOut: readonly string[];
  /** Fingerprints: "SHA256:… (ED25519)". */
  hostKeys: readonly string[];
  /** Results of describeAuthorizedKey (agent/keys/authorized-keys.ts). */
  authorizedKeys: readonly string[];
  config: Config | null;
  installs: boolean;
  /** Duration of the return timer; null if it is not armed. */
  returnAfterSeconds: number | null;
  /** The new system's consoles. */
  console: ConsolePolicy;
}

type Row = readonly [heading: string, name: string, text: string];

/** Prints each heading once, aligns the columns, and does not wrap long lines. */
export function renderTable(input: TableInput): string {
  const rows = [...machineRows(input), ...keptRows(input), ...erasedRows(input), ...afterwardsRows(input)];
  const width = (column: 0 | 1) => Math.max(...rows.map(row => row[column].length));
  const [first, second] = [width(0), width(1)];
  let heading = '';
  const lines = rows.map(row => {
    const shown = row[0] === heading ? '' : row[0];
    heading = row[0];
    return `${shown.padEnd(first)}  ${row[1].padEnd(second)}  ${row[2]}`.trimEnd();
  });
  return lines.join('\n') + '\n';
}

function machineRows({ old }: TableInput): Row[] {
  const { machine, firmware } = old.facts;
  const name = [machine.vendor, machine.model].filter(text => text !== null).join(' ') || 'a machine';
  const ram = formatBytes(old.ramBytes ?? old.facts.memoryBytes);
  return [['this machine', '', `${name}, ${firmware.toUpperCase()}, ${ram} of RAM`]];
}

function keptRows({ network, hostKeys, authorizedKeys, leftOut }: TableInput): Row[] {
  const list = (name: string, values: readonly string[], none: string): Row[] =>
    values.length === 0
      ? [['kept', name, none]]
      : values.map((value, index) => ['kept', index === 0 ? name : '', value]);
  return [
    ...network.links.map(({ name, mac, addresses }): Row => [
      'kept',
      name,
      `${mac ?? ''} ${addresses.join(', ')}`.trim(),
    ]),
    ...list('routes', network.routes, 'no default route'),
    ...list('DNS', network.dns.length > 0 ? [network.dns.join(' ')] : [], 'no server'),
    ...list('host keys', hostKeys, 'none: the new system generates its own'),
    ...list('logins', authorizedKeys, 'nobody: there is no authorized key'),
    ...leftOut.map((text): Row => ['left out', '', text]),
  ];
}

function erasedRows({ found, installs }: TableInput): Row[] {
  if (!installs) return [['erased', '', 'nothing']];
  if (found.targets.length === 0) return [['erased', '', 'no disk could be chosen']];
  return found.targets.map(disk => {
    const what = [formatBytes(disk.sizeBytes), disk.model, disk.serial && `serial ${disk.serial}`];
    return ['erased', disk.path, `${what.filter(Boolean).join(', ')}: ${describeContents(disk)}`];
  });
}

function afterwardsRows({ config, installs, returnAfterSeconds, console }: TableInput): Row[] {
  const becomes = !installs
    ? 'the rescue system, in RAM; a restart brings this system back'
    : `NixOS, ${config?.hostName ?? ''}${config?.system.flake ? `, from ${redactTokens(config.system.flake)}` : ''}`;
  const returns =
    returnAfterSeconds === null
      ? 'does not return automatically'
      : `restarts into this system after ${returnAfterSeconds} s without a login${installs ? ', unless a disk was touched' : ''}`;
  return [
    ['becomes', '', becomes],
    ['', '', returns],
    ['', 'console', `${shells[console.shell]}, because ${console.because}`],
  ];
}

/** What a person at the machine or at its remote console gets. */
const shells = {
  root: 'a root shell without a password',
  password: 'a root shell after a login',
  off: 'no shell',
} as const;
