import { fingerprint } from './fingerprint.ts';
import { readKeyOptions, type KeyOptions } from './key-options.ts';
import { looksLikeKeyType, readPublicKey } from './public-key.ts';

/**
 * The only parser of authorized_keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT): what a line permits in this image's sshd. Follows
 * auth_check_authkey_line of OpenSSH 10.0. Pure; never throws because of the contents.
 */

export type Use = 'shell' | 'command' | 'unusable';

export interface AuthorizedKey {
  /** Without surrounding blanks; options and comment unchanged. */
  line: string;
  /** Permits a shell, only the line's own command, or nothing. */
  use: Use;
  /** Why the line permits no shell, as the end of a sentence about it; null if it permits one. */
  reason: string | null;
  /** sshd can parse the line, and it has a key; another system may not share the other obstacles. */
  isReadable: boolean;
  /** The key; null if the line has none. */
  key: { type: string; fingerprint: string } | null;
  options: KeyOptions | null;
  /** A key that signs certificates: sshd admits every holder of a valid certificate for root. */
  isAuthority: boolean;
  comment: string;
}

/** Longest line, in characters. sshd has no limit; the longest RSA key that it accepts has 2,800. */
export const longestLine = 16384;

/**
 * @param text one line
 * @param now seconds since 1970, for expiry-time
 */
export function readAuthorizedKey(text: string, now: number): AuthorizedKey {
  const line = withoutBlanks(text);
  const unreadable = (reason: string, key: AuthorizedKey['key'] = null): AuthorizedKey => ({
    ...{
      line,
      use: 'unusable',
      reason,
      isReadable: false,
      key,
      options: null,
      isAuthority: false,
      comment: '',
    },
  });
  if (line.length > longestLine) return unreadable(`is longer than ${longestLine} characters`);
  if (line.includes('\0')) return unreadable('contains a NUL');
  if (line.includes('\n')) return unreadable('is more than one line');

  const plain = readKey(line);
  if (typeof plain !== 'string') {
    const key = { type: plain.type, fingerprint: fingerprint(plain.blob) };
    const { comment } = plain;
    return {
      line,
      use: 'shell',
      reason: null,
      isReadable: true,
      key,
      options: null,
      isAuthority: false,
      comment,
    };
  }
  const end = endOfOptions(line);
  const found = end === null ? 'has an unterminated quote' : readKey(skipBlanks(line.slice(end)));
  if (typeof found === 'string') return unreadable(whyNoKey(line, plain, found));
  const { type, blob, comment } = found;
  const key = { type, fingerprint: fingerprint(blob) };
  if (line.startsWith('\ufeff')) return unreadable(byteOrderMark, key);
  const options = readKeyOptions(line.slice(0, end!), now);
  if (typeof options === 'string') return unreadable(options, key);
  return {
    line,
    ...judge(options),
    isReadable: true,
    key,
    options,
    isAuthority: options.isAuthority,
    comment,
  };
}

const byteOrderMark = 'begins with a byte order mark: sshd finds no key in it';

function whyNoKey(line: string, asKey: string, afterOptions: string): string {
  if (line.startsWith('\ufeff')) return byteOrderMark;
  return looksLikeKeyType(firstWord(line)) ? asKey : afterOptions;
}

function judge(options: KeyOptions): { use: Use; reason: string | null } {
  if (options.refusal !== null) return { use: 'unusable', reason: options.refusal };
  if (options.command === null) return { use: 'shell', reason: null };
  // The command that cloud images put before a copy of a user's key in root's file (cloudinit/ssh_util.py).
  if (options.command.includes('Please login as the user'))
    return { use: 'command', reason: 'only says to log in as another user' };
  return { use: 'command', reason: 'is restricted to one command' };
}

/** @returns why the line has no key */
function readKey(text: string): { type: string; blob: Buffer; comment: string } | string {
  const [, type = '', base64 = '', comment = ''] = /^([^ \t]+)[ \t]+([^ \t]+)[ \t]*(.*)$/s.exec(text) ?? [];
  const key = readPublicKey(type === '' ? firstWord(text) : type, base64);
  return typeof key === 'string' ? key : { ...key, comment };
}

/** sshkey_advance_past_options: up to the first blank outside quotes. @returns null if a quote is not closed */
function endOfOptions(line: string): number | null {
  let quoted = false;
  let at = 0;
  for (; at < line.length && (quoted || (line[at] !== ' ' && line[at] !== '\t')); at++) {
    if (line[at] === '\\' && line[at + 1] === '"') at++;
    else if (line[at] === '"') quoted = !quoted;
  }
  return quoted ? null : Math.min(at, line.length);
}

/** Searches from the end, because a regular expression would take quadratic time for blanks inside the text. */
export function withoutBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r'.includes(text[end - 1]!)) end--;
  return skipBlanks(text.slice(0, end));
}

function skipBlanks(text: string): string {
  return text.replace(/^[ \t]+/, '');
}

function firstWord(text: string): string {
  return /^[^ \t]*/.exec(text)![0];
}

/**
 * @returns why no sshd accepts the line, as the end of a sentence about it; null if some sshd accepts it, even if it permits no
 * login on this machine now
 */
export function authorizedKeyProblem(line: string): string | null {
  // dabei prints and logs the line later.
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(line)) return 'has control characters';
  const { isReadable, reason } = readAuthorizedKey(line, 0);
  return isReadable ? null : reason;
}

/** The lines of a file that are neither blank nor comments. */
export function authorizedLines(text: string): string[] {
  return text.split('\n').filter(saysSomething);
}

export function saysSomething(line: string): boolean {
  return !/^[ \t]*(#|\r?$)/.test(line);
}

/**
 * Reads the lines of one file, in order. sshd uses the first line for a key that does not refuse it, so a second line for the same
 * key has no effect unless from="…" of the first excludes some clients.
 */
export function readAuthorizedKeys(lines: readonly string[], now: number): AuthorizedKey[] {
  const taken = new Map<string, Use>();
  return lines.map(line => {
    const read = readAuthorizedKey(line, now);
    if (read.key === null || read.use === 'unusable') return read;
    const name = `${read.isAuthority} ${read.key.fingerprint}`;
    const earlier = taken.get(name);
    if (earlier !== undefined && earlier !== read.use)
      return { ...read, use: 'unusable', reason: 'comes after another line with the same key, which counts' };
    if (!read.options?.hasFrom) taken.set(name, earlier ?? read.use);
    return read;
  });
}

/** Describes a key so that a person recognises it: type, comment, what it permits. */
export function describeAuthorizedKey({
  key,
  comment,
  use,
  reason,
  options,
  isAuthority,
}: AuthorizedKey): string {
  const remark = isAuthority
    ? 'certificates for root that it has signed'
    : use === 'shell'
      ? options === null
        ? ''
        : 'with options'
      : (reason ?? '');
  const shown = comment.replace(/[\0-\x1f\x7f-\x9f]/g, '?').slice(0, 200);
  return [key?.type ?? 'no key', shown, remark && `(${remark})`].filter(text => text !== '').join(' ');
}
