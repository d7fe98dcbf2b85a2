import type { Random } from '../support/random.ts';
import type { GeneratedKey } from './keys.ts';

/** Lines of authorized_keys for comparing our reading with OpenSSH's own: seeded, and most of them nearly right. */

export interface GeneratedLine {
  line: string;
  /** Index of the key that the line was made from; a change may have made another one of it. */
  from: number;
}

const options = [
  ...[
    'restrict',
    'no-pty',
    'pty',
    'No-Port-Forwarding',
    'agent-forwarding',
    'no-touch-required',
    'verify-required',
  ],
  ...['cert-authority', 'restrictfoo', 'no-restrict', 'nonsense', '', 'user-rc', 'X11-forwarding'],
  ...[
    'command="/bin/true"',
    'command="echo \\"a b\\" # c"',
    'command=/bin/true',
    'command="open',
    'COMMAND=""',
  ],
  ...['from="127.0.0.1"', 'from="127.0.0.0/8,::1"', 'from="127.0.0.1/8"', 'from="192.0.2.0/24, 127.0.0.0/8"'],
  ...[
    'from="*.example.com"',
    'from="*"',
    'from=""',
    'from="!127.0.0.1,*"',
    'from="::/0,0.0.0.0/0"',
    'from="127.*"',
  ],
  ...[
    'expiry-time="20200101"',
    'expiry-time="20990101Z"',
    'expiry-time="2099010112"',
    'expiry-time="209901011200"',
  ],
  ...['expiry-time="20991301"', 'expiry-time="19700101Z"', 'expiry-time="20200101",expiry-time="20990101"'],
  ...[
    'principals="root"',
    'environment="A=1"',
    'environment="A b=1"',
    'environment="A"',
    'tunnel="0"',
    'tunnel="x"',
  ],
  ...['permitopen="localhost:22"', 'permitopen="localhost"', 'permitlisten="8080"', 'permitlisten="[::1]:*"'],
  ...['permitopen="host:99999"', 'restrict,pty,command="a"', 'from="127.0.0.1",from="127.0.0.1"'],
];

/** Of those, what keeps out whoever comes from the loopback interface, and lets others in. */
export const elsewhere: readonly string[] = ['from="192.0.2.0/24, 127.0.0.0/8"', 'from="!127.0.0.1,*"'];

const comments = ['me@laptop', '', 'two words', 'quoted "open', '# with a mark', 'größe', 'a\\"b', 'cut \r'];
const blanks = [' ', '\t', '  ', ' \t '];
const typeNames = [
  'ssh-rsa',
  'ssh-ed25519',
  'rsa-sha2-512',
  'ecdsa-sha2-nistp256',
  'ssh-dss',
  'ED25519',
  'ssh-foo',
];

/** @param afterOptions blanks between options and key; ssh-keygen finds the key after one alone */
export function generateLine(
  keys: readonly GeneratedKey[],
  random: Random,
  afterOptions: readonly string[] = blanks,
): GeneratedLine {
  const from = random.integer(0, keys.length - 1);
  const key = keys[from]!;
  const at = (length: number) => random.integer(0, length - 1);
  let blob = key.blob;
  if (random.chance(0.08)) {
    // Inside: a byte changed, cut, or something after it.
    const place = at(blob.length);
    const changed = Buffer.from(blob);
    changed[place]! ^= 1 << random.integer(0, 7);
    blob = random.pick([changed, blob.subarray(0, place), Buffer.concat([blob, Buffer.from([0])])]);
  }
  let base64 = blob.toString('base64');
  if (random.chance(0.08)) {
    const place = at(base64.length);
    const [before, after] = [base64.slice(0, place), base64.slice(place)];
    base64 = random.pick([
      before,
      base64.replace(/=+$/, ''),
      `${base64}=`,
      ...['-', '\v', ' '].map(between => `${before}${between}${after}`),
    ]);
  }
  const type = random.chance(0.06) ? random.pick(typeNames) : key.type;
  const before = random.chance(0.55) ? random.list(1, 3, () => random.pick(options)) : [];
  const text = [
    random.chance(0.1) ? random.pick(['\t', ' ', '\ufeff', '"']) : '',
    before.join(','),
    before.length > 0 ? random.pick(afterOptions) : '',
    type,
    random.pick(blanks),
    base64,
    random.chance(0.7) ? random.pick(blanks) + random.pick(comments) + random.word(0, 4) : '',
    random.chance(0.1) ? random.pick(['\r', ' ', '\t', '\r\r']) : '',
  ].join('');
  return { line: text, from };
}

/** A file in which `ssh-keygen -l` tells what it makes of each line: a key of its own, with a number, stands after each. */
export function forSshKeygen(lines: readonly string[], marker: GeneratedKey): string {
  const key = `${marker.type} ${marker.blob.toString('base64')}`;
  return lines.map((line, index) => `${line}\n${key} line-${index}-ends\n`).join('');
}

/** @returns for each line the fingerprint that ssh-keygen shows; null where it finds no key */
export function fromSshKeygen(output: string, lines: number): (string | null)[] {
  const found = Array<string | null>(lines).fill(null);
  let at = 0;
  for (const text of output.split('\n')) {
    const [, shown = ''] = text.split(' ');
    if (text.includes(` line-${at}-ends (`)) at++;
    else if (at < lines && shown.startsWith('SHA256:')) found[at] = shown;
  }
  if (at !== lines) throw new Error(`ssh-keygen said something about ${at} of ${lines} lines`);
  return found;
}
