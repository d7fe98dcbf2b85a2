import { cleanText } from '../../clean-text.ts';
import type { reportLevels } from '../../config/schema/report.ts';

/**
 * What dabei does, as cloud-init's reporting events: receivers of those exist (cloudinit/reporting/events.py, ReportingEvent and
 * FinishReportingEvent; its WebHookHandler sends each as one JSON object by POST). Pure.
 */

export type Level = (typeof reportLevels)[number];
export type Result = 'SUCCESS' | 'WARN' | 'FAIL';

export interface ReportEvent {
  /** "dabei/STAGE"; below it what happened in the stage: "dabei/network/warning". */
  name: string;
  description: string;
  event_type: 'start' | 'finish';
  origin: 'nix-dabei';
  /** Seconds since 1970, by the machine's clock. */
  timestamp: number;
  /** With "finish". */
  result?: Result;
  /** Of a stage, in seconds. */
  duration?: number;
  /** Of an error. */
  code?: string;
}

/** The entries of the log that are reported (host/log.ts). */
export type Occurrence =
  | { event: 'stage'; name: string; state: 'started' }
  | { event: 'stage'; name: string; state: 'done'; seconds: number }
  | { event: 'stage'; name: string; state: 'failed'; seconds: number; code: string }
  | { event: 'error'; code: string; doing: string; problem: string; remedy?: string }
  | { event: 'warning' | 'note'; text: string };

const longestDescription = 2000;

export function event(name: string, description: string, timestamp: number): ReportEvent {
  const text = cleanText(description).slice(0, longestDescription);
  return { name, description: text, event_type: 'start', origin: 'nix-dabei', timestamp };
}

/**
 * Makes the events, in the order of the log: an entry belongs to the stage that started last, which ends with "WARN" if it warned.
 * @returns a function that returns null for an entry that the level leaves out
 */
export function eventMaker(level: () => Level): (entry: Occurrence, timestamp: number) => ReportEvent | null {
  let stage = 'dabei';
  let warned = false;
  return (entry, timestamp) => {
    const finished = (name: string, text: string, result: Result): ReportEvent => ({
      ...event(name, text, timestamp),
      event_type: 'finish',
      result,
    });
    switch (entry.event) {
      case 'stage':
        stage = `dabei/${entry.name}`;
        if (entry.state === 'started') {
          warned = false;
          return event(stage, `stage ${entry.name}`, timestamp);
        }
        return {
          ...(entry.state === 'done'
            ? finished(stage, `stage ${entry.name}`, warned ? 'WARN' : 'SUCCESS')
            : { ...finished(stage, `stage ${entry.name}: ${entry.code}`, 'FAIL'), code: entry.code }),
          duration: entry.seconds,
        };
      case 'error': {
        const next = entry.remedy === undefined ? '' : `; next: ${entry.remedy}`;
        const text = `${entry.code}: ${entry.doing}: ${entry.problem}${next}`;
        return { ...finished(`${stage}/error`, text, 'FAIL'), code: entry.code };
      }
      case 'warning':
        warned = true;
        return level() === 'error' ? null : finished(`${stage}/warning`, entry.text, 'WARN');
      case 'note':
        return level() === 'info' ? finished(`${stage}/note`, entry.text, 'SUCCESS') : null;
    }
  };
}

/** Which machine reports; a receiver for a rack distinguishes its events by them. */
export interface Reporter {
  hostname: string;
  serial: string | null;
  uuid: string | null;
  macs: readonly string[];
}

/** What a machine says of itself at the end, beside cloud-init's phone_home fields (cc_phone_home.py). */
export interface LastWords {
  result: Result;
  description: string;
  /** Since the start of the machine, in seconds. */
  duration: number;
  hostName: string;
  /** Key type -> line of the public host key. */
  publicKeys: Readonly<Record<string, string>>;
  /** "SHA256:… (ED25519)" */
  fingerprints: readonly string[];
  /** With prefix length. */
  addresses: readonly string[];
  /** runtime-info.json of an installed machine. */
  runtimeInfo: unknown;
}

/** A runtime-info.json that is larger stays on the machine. */
const longestRuntimeInfo = 1024 * 1024;

/** @returns the last event, named "dabei" */
export function lastEvent(words: LastWords, reporter: Reporter, timestamp: number): ReportEvent {
  const { result, description, duration, hostName, publicKeys, fingerprints, addresses } = words;
  const isLong = JSON.stringify(words.runtimeInfo ?? null).length > longestRuntimeInfo;
  const keys = Object.entries(publicKeys).map(([type, line]) => [`pub_key_${type}`, line.trim()] as const);
  return {
    ...event('dabei', description, timestamp),
    event_type: 'finish',
    result,
    duration: Math.round(duration),
    ...{ hostname: hostName.split('.')[0], fqdn: hostName, instance_id: reporter.uuid },
    ...Object.fromEntries(keys),
    ...{ host_keys: fingerprints, addresses },
    ...(words.runtimeInfo == null || isLong ? {} : { runtime_info: words.runtimeInfo }),
  };
}
