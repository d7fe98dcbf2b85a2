import { cleanLine } from '../clean-text.ts';
import { formatError, reasonsOf, type DabeiError, type ErrorCode } from '../errors.ts';
import type { Doors } from './doors.ts';
import { paths } from '../paths.ts';
import { redactTokens } from '../redact-tokens.ts';

/** The data of `dabei status`: one JSON object in RAM, which dabei rewrites after each change. */

/** The onion service for SSH. */
export interface Onion {
  /** "….onion"; null if there is none. */
  address: string | null;
  /** Why there is none, as a sentence. */
  problem: string | null;
}

export interface Status {
  state: 'running' | 'failed' | 'installed' | 'planned' | 'rescue';
  stage: string;
  index: number;
  of: number;
  /** Code of the first reason; null unless the state is "failed". */
  code: ErrorCode | null;
  reasons: readonly { code: ErrorCode; doing: string; problem: string; remedy: string | null }[];
  /** Addresses with prefix length, by link. */
  addresses: Readonly<Record<string, readonly string[]>>;
  /** The configured gateways, if none answers and no other configured source works. */
  unreachableGateways: readonly string[];
  /** Fingerprints, one per key: "SHA256:… (ED25519)". */
  hostKeys: readonly string[];
  /** On which sshd listens. */
  sshPort: number;
  /** null on an image without Tor, and where the configuration wants none. */
  onion: Onion | null;
  /** Sentences about problems that do not stop dabei: the network's fallbacks, notes on the configuration. */
  warnings: readonly string[];
  /** How dabei handles an unfinished earlier installation, as a sentence; null if there was none. */
  beginning: string | null;
  /** Time of the last change (RFC 3339). */
  since: string;
}

const initial: Status = {
  state: 'running',
  stage: 'config',
  index: 0,
  of: 0,
  code: null,
  reasons: [],
  addresses: {},
  unreachableGateways: [],
  hostKeys: [],
  sshPort: 22,
  onion: null,
  warnings: [],
  beginning: null,
  since: '',
};

export type StatusChange = Partial<Omit<Status, 'code' | 'reasons' | 'since'>> & { error?: DabeiError };

export function readStatus({ files }: Doors): Status | null {
  const text = files.readText(paths.status);
  return text === null ? null : parseStatus(text);
}

/**
 * Parses a status and never throws: the file may come from another version of dabei or from a person, or be truncated because the file
 * system was full.
 */
export function parseStatus(text: string): Status {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return { ...initial, ...parsed };
  } catch {
    // The warning below reports it.
  }
  const warning = `${paths.status} cannot be read; "dabei logs" prints the log`;
  return { ...initial, warnings: [warning] };
}

/** Merges a change into the status. A state other than "failed" clears the code and the reasons. @throws DabeiError FILE */
export function updateStatus(doors: Doors, { error, ...change }: StatusChange): void {
  const { files, clock } = doors;
  const before = readStatus(doors) ?? initial;
  const reasons = error === undefined ? [] : reasonsOf(error);
  const cleared = change.state !== undefined && change.state !== 'failed' ? { code: null, reasons: [] } : {};
  const after: Status = {
    ...before,
    ...cleared,
    ...change,
    ...(error === undefined
      ? {}
      : {
          code: error.code,
          reasons: reasons.map(({ code, doing, problem, remedy }) => ({
            code,
            doing,
            problem,
            remedy: remedy ?? null,
          })),
        }),
    since: clock.now().toISOString(),
  };
  const redact = (_name: string, value: unknown) => (typeof value === 'string' ? redactTokens(value) : value);
  files.writeAtomic(paths.status, `${JSON.stringify(after, redact, 2)}\n`, 0o644);
}

/** The status as lines for a person. */
export function formatStatus(status: Status): string {
  const lines = [`${status.state}: stage ${status.index}/${status.of} ${status.stage}`];
  if (status.beginning) lines.push(status.beginning);
  lines.push(...status.reasons.map(formatError));
  for (const text of status.warnings) lines.push(cleanLine(`warning: ${text}`));
  for (const [link, addresses] of Object.entries(status.addresses))
    lines.push(cleanLine(`${link}: ${addresses.join(' ') || 'no address'}`));
  for (const key of status.hostKeys) lines.push(cleanLine(`host key: ${key}`));
  return `${lines.join('\n')}\n`;
}
