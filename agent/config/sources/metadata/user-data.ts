import { DabeiError } from '../../../errors.ts';
import { decodeBase64, maximumBytes, unpack } from '../decode.ts';
import { at, listAt, textAt } from './answers.ts';

/**
 * User-data: one document that many programs share. dabei's part is a JSON object, or the credential `dabei.config` in systemd's
 * envelope (systemd-imds(1), systemd 261). What is for cloud-init or Ignition is left alone. Pure.
 */
export interface UserData {
  /** A configuration, as JSON text. */
  config: Buffer | null;
  /** Of other credentials (systemd.system-credentials(7)). */
  hostName?: string;
  keys: string[];
  notes: string[];
}

/** First words of documents for other programs (cloud-init, "User data formats"), and whose they are. */
const others: readonly [start: RegExp, whose: string][] = [
  [/^#cloud-config/, '#cloud-config, for cloud-init'],
  [/^## template:/, 'a template, for cloud-init'],
  [/^#(include|cloud-boothook|part-handler|upstart-job)/, 'a document for cloud-init'],
  [/^#!/, 'a script'],
  [/^(Content-Type:|MIME-Version:|From )/i, 'a MIME archive, for cloud-init'],
  [/^<(powershell|script)/i, 'a script'],
];

const marker = /^#systemd-userdata\r?\n/;

/** @param bytes plain, gzip or zstd; null or empty if there is none */
export function readUserData(bytes: Buffer | null): UserData {
  const found: UserData = { config: null, keys: [], notes: [] };
  if (bytes === null || bytes.length === 0) return found;
  const alone = (why: string) => ({ ...found, notes: [`the user-data is left alone: it is ${why}`] });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(unpack(bytes));
  } catch (thrown) {
    return alone(thrown instanceof DabeiError ? `packed, and ${thrown.problem}` : 'not UTF-8 text');
  }
  const start = text.trimStart();
  if (start === '') return found;
  const isMarked = marker.test(start);
  const body = isMarked ? start.replace(marker, '').trimStart() : start;
  const whose = others.find(([pattern]) => pattern.test(start))?.[1];
  if (!isMarked && whose !== undefined) return alone(whose);
  if (!body.startsWith('{')) return alone('not a JSON object');
  const value = parse(body);
  if (at(value, 'ignition') !== undefined) return alone('for Ignition');
  const envelope = at(value, 'systemd.credentials');
  if (envelope !== undefined) return readCredentials(envelope, found);
  if (isMarked) return found;
  // Cut or misspelt JSON is reported with its place, as any other configuration is.
  return { ...found, config: Buffer.from(body) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function readCredentials(envelope: unknown, found: UserData): UserData {
  const result: UserData = { ...found };
  if (!Array.isArray(envelope)) return { ...found, notes: ['systemd.credentials is not a list'] };
  for (const credential of listAt(envelope)) {
    const name = textAt(credential, 'name');
    if (name === undefined || !Object.hasOwn(takers, name)) continue;
    const bytes = contentOf(credential);
    if (typeof bytes === 'string') result.notes.push(`the credential ${name} ${bytes}`);
    else takers[name]!(bytes, result);
  }
  return result;
}

const takers: Readonly<Record<string, (bytes: Buffer, result: UserData) => void>> = {
  'dabei.config': (bytes, result) => {
    result.config = bytes;
  },
  'ssh.authorized_keys.root': (bytes, result) => {
    result.keys.push(bytes.toString('utf8'));
  },
  'system.hostname': (bytes, result) => {
    result.hostName = bytes.toString('utf8').trim();
  },
  'firstboot.hostname': (bytes, result) => {
    result.hostName ??= bytes.toString('utf8').trim();
  },
};

/** The parts of one credential, by the name of a credential: for those that do not come in an envelope. */
export function takeCredentials(credentials: readonly { name: string; bytes: Buffer }[]): UserData {
  const result: UserData = { config: null, keys: [], notes: [] };
  for (const { name, bytes } of credentials) if (Object.hasOwn(takers, name)) takers[name]!(bytes, result);
  return result;
}

/** @returns the content, or why there is none, as the end of a sentence */
function contentOf(credential: unknown): Buffer | string {
  const forms = ['text', 'data', 'encrypted'].filter(form => at(credential, form) !== undefined);
  if (forms.length !== 1) return 'needs exactly one of text, data and encrypted';
  const [form = ''] = forms;
  const content = at(credential, form);
  if (form === 'encrypted') return 'is encrypted, and dabei has no key for it';
  if (typeof content !== 'string') return `has a ${form} that is not a text`;
  if (content.length > maximumBytes * 2) return 'is too long';
  if (form === 'text') return Buffer.from(content);
  try {
    return decodeBase64(content.replace(/\s/g, ''));
  } catch {
    return 'is not valid base64';
  }
}
