import type { PoolLayout, WifiNetwork } from '../config/schema.ts';
import type { Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';
import type { Base } from './base.ts';

/** The guided installation (`dabei setup`) as data: what is known, what was answered, what is asked. Pure. */

/** What is known of the machine before and beside the answers. */
export interface World {
  facts: Facts;
  /** The configuration of this boot, or of --config: its values are kept, or are the defaults of questions. */
  base: Base;
  /** An interface has an address that reaches beyond its link. */
  isOnline: boolean;
  /** Of an image with Wi-Fi: the networks in reach, the strongest first, and those that this boot was to join. */
  wifi?: { networks: readonly SeenWifi[]; configured: readonly WifiNetwork[] } | undefined;
  /** The line of authorized_keys by which the person who answers has logged in; null on a console. */
  loginKey: string | null;
  /** Lines of authorized_keys that open a shell on this system now, or that the configuration has. */
  presentKeys: readonly string[];
  /** Seconds since 1970-01-01 UTC, for keys that expire. */
  epochSeconds: number;
}

export interface SeenWifi {
  ssid: string;
  /** "psk" asks for a passphrase; "open", "wep", "8021x" for something else. */
  type: string;
  strengthDbm: number;
}

/** Each is undefined until it is answered. */
export interface Answers {
  /** "other" until its name is typed. */
  wifi?: { kind: 'none' } | { kind: 'other' } | { kind: 'network'; ssid: string; hidden: boolean };
  wifiPassphrase?: Secret;
  /** The machine has joined it. */
  isJoined?: true;
  /** Name of the network interface. */
  link?: string;
  /** With prefix length. */
  address?: string;
  /** An address; "" for none. */
  gateway?: string;
  nameServers?: readonly string[];
  /** The network of these answers works in this system. */
  isUp?: true;
  /** Kernel paths, in the order of the answer. */
  disks?: readonly string[];
  layout?: PoolLayout;
  poolName?: string;
  /** To install over a finished installation of this configuration: disks.generation. Open while it is 0 or negative. */
  generation?: number;
  encryption?: 'aes-256-gcm' | 'none';
  passphrase?: Secret;
  isRepeated?: true;
  hostName?: string;
  keys?: readonly string[];
  /** Where the next key comes from. */
  keySource?: 'paste' | 'url' | 'stick';
  /** Files of a stick, of which one is to be chosen. */
  found?: readonly KeyFile[];
  hasAllKeys?: true;
}

/** A file with public keys. */
export interface KeyFile {
  /** "/dev/sdb1: me.pub" */
  name: string;
  lines: readonly string[];
}

export type QuestionId =
  | 'wifi'
  | 'wifiName'
  | 'wifiPassphrase'
  | 'link'
  | 'address'
  | 'gateway'
  | 'nameServers'
  | 'disks'
  | 'generation'
  | 'layout'
  | 'poolName'
  | 'encryption'
  | 'passphrase'
  | 'repeat'
  | 'hostName'
  | 'keys'
  | 'key'
  | 'keyUrl'
  | 'keyFile';

/** One that people can choose; with `unfit`, it is only shown, with the reason. */
export interface Row {
  /** What people type, or take with the arrow keys; its number is accepted, too. */
  name: string;
  /** What it is: lines. */
  about: readonly string[];
  unfit?: string;
}

/** What is shown and asked. */
export interface Prompt {
  /** A sentence or two. */
  text: string;
  /** Further lines, as they are. */
  lines?: readonly string[];
  rows?: readonly Row[];
  /** The word before the cursor. */
  label: string;
  /** The answer that Enter alone gives. */
  preset?: string;
  /** Several rows may be chosen, with blanks or commas between them. */
  several?: true;
  /** Nothing of the answer is shown. */
  isSecret?: true;
}

/** What is said about an answer: one sentence without a full stop. */
export interface Remark {
  kind: 'ok' | 'note' | 'problem';
  text: string;
}

/** What has to be done before the answer can be judged. */
export type Need =
  /** Read the machine again: somebody attached a disk or a cable. */
  | { kind: 'look' }
  /** Join the wireless network of the answers. */
  | { kind: 'wifi' }
  /** Bring the network of the answers up. */
  | { kind: 'network' }
  | { kind: 'fetch'; url: string }
  | { kind: 'stick' };

/** What an answer means. */
export type Reading = { answers: Answers; remarks?: readonly Remark[]; need?: Need } | { problem: string };

export interface Question {
  id: QuestionId;
  /** Whether it is to be asked now. */
  isOpen: (answers: Answers, world: World) => boolean;
  prompt: (answers: Answers, world: World) => Prompt;
  read: (line: string, answers: Answers, world: World) => Reading;
  /** The answers without those of this question, to ask it again. */
  without: (answers: Answers) => Answers;
}

/** The answers without some of them. */
export function omit(answers: Answers, ...keys: readonly (keyof Answers)[]): Answers {
  return Object.fromEntries(
    Object.entries(answers).filter(([key]) => !(keys as readonly string[]).includes(key)),
  );
}

/**
 * The rows that a line names, by number or by name.
 * @returns a problem as the end of a sentence about the answer
 */
export function chosenRows(
  { rows = [], several }: Prompt,
  line: string,
): readonly Row[] | { problem: string } {
  const fit = rows.filter(({ unfit }) => unfit === undefined);
  const words = several ? line.split(/[\s,]+/).filter(Boolean) : [line.trim()].filter(Boolean);
  if (words.length === 0) return { problem: 'type a number or a name' };
  const chosen: Row[] = [];
  for (const word of words) {
    const row = /^\d+$/.test(word) ? fit[Number(word) - 1] : rows.find(({ name }) => name === word);
    if (row === undefined) {
      const last = fit.length > 1 ? ` to ${fit.length}` : '';
      return { problem: `${JSON.stringify(word)} is not one of them: type a number, 1${last}, or a name` };
    }
    if (row.unfit !== undefined) return { problem: `${row.name}: ${row.unfit}` };
    if (chosen.includes(row)) return { problem: `${row.name} is named twice` };
    chosen.push(row);
  }
  return chosen;
}

/** As `chosenRows`, for a question with one answer. */
export function chosenRow(prompt: Prompt, line: string): Row | { problem: string } {
  const chosen = chosenRows(prompt, line);
  return 'problem' in chosen ? chosen : chosen[0]!;
}
