import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** Lines of authorized_keys for comparing our reading with OpenSSH's own: seeded, and most of them nearly right. */

export interface GeneratedLine {
  line: string;
  /** Index into `keys` of the key that the line was made from; a change may have made another one of it. */
  from: number;
}

export interface GeneratedKey {
  type: string;
  /** SSH's wire format. */
  blob: Buffer;
  /** For a login; null where nobody has it. */
  privateKey: KeyObject | null;
}

/** Numbers below 1 from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const string = (value: string | Buffer) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const mpint = (bytes: Buffer) =>
  string((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);

/** One of each type that OpenSSH knows, and an RSA key that is too short. */
export function makeFuzzKeys(): GeneratedKey[] {
  const ed25519 = generateKeyPairSync('ed25519');
  const point = (curve: string, bytes: number) => {
    const pair = generateKeyPairSync('ec', { namedCurve: curve });
    const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
    const parts = [x, y].map(part => Buffer.from(part, 'base64url'));
    if (parts.some(part => part.length !== bytes)) throw new Error('a coordinate of another length');
    return { pair, point: Buffer.concat([Buffer.from([4]), ...parts]) };
  };
  const raw = Buffer.from(ed25519.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const ecdsa = (['256', '384', '521'] as const).map((size): GeneratedKey => {
    const name = `nistp${size}`;
    const made = point(size === '256' ? 'prime256v1' : `secp${size}r1`, Math.ceil(Number(size) / 8));
    const blob = Buffer.concat([string(`ecdsa-sha2-${name}`), string(name), string(made.point)]);
    return { type: `ecdsa-sha2-${name}`, blob, privateKey: made.pair.privateKey };
  });
  const rsa = [2048, 1024, 768].map((modulusLength): GeneratedKey => {
    const pair = generateKeyPairSync('rsa', { modulusLength });
    const { e = '', n = '' } = pair.publicKey.export({ format: 'jwk' });
    const numbers = [e, n].map(part => mpint(Buffer.from(part, 'base64url')));
    return {
      type: 'ssh-rsa',
      blob: Buffer.concat([string('ssh-rsa'), ...numbers]),
      privateKey: modulusLength < 1024 ? null : pair.privateKey,
    };
  });
  const application = string('ssh:');
  const token = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const p256 = point('prime256v1', 32).point;
  return [
    {
      type: 'ssh-ed25519',
      blob: Buffer.concat([string('ssh-ed25519'), string(raw)]),
      privateKey: ed25519.privateKey,
    },
    ...ecdsa,
    ...rsa,
    {
      type: 'sk-ssh-ed25519@openssh.com',
      blob: Buffer.concat([string('sk-ssh-ed25519@openssh.com'), string(raw), application]),
      privateKey: null,
    },
    {
      type: token,
      blob: Buffer.concat([string(token), string('nistp256'), string(p256), application]),
      privateKey: null,
    },
    // p, q, g and y of no real key: its type alone is what matters.
    {
      type: 'ssh-dss',
      blob: Buffer.concat([
        string('ssh-dss'),
        ...Array.from({ length: 4 }, () => mpint(Buffer.alloc(128, 0x71))),
      ]),
      privateKey: null,
    },
  ];
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

/**
 * @param pick numbers below 1
 * @param afterOptions blanks between options and key; ssh-keygen finds the key after one alone
 */
export function generateLine(
  keys: readonly GeneratedKey[],
  pick: () => number,
  afterOptions: readonly string[] = blanks,
): GeneratedLine {
  const one = <T>(list: readonly T[]): T => list[Math.floor(pick() * list.length)]!;
  const chance = (share: number) => pick() < share;
  const from = Math.floor(pick() * keys.length);
  const key = keys[from]!;
  let blob = key.blob;
  if (chance(0.08)) {
    // Inside: a byte changed, cut, or something after it.
    const at = Math.floor(pick() * blob.length);
    const changed = Buffer.from(blob);
    changed[at]! ^= 1 << Math.floor(pick() * 8);
    blob = one([changed, blob.subarray(0, at), Buffer.concat([blob, Buffer.from([0])])]);
  }
  let base64 = blob.toString('base64');
  if (chance(0.08)) {
    const at = Math.floor(pick() * base64.length);
    base64 = one([
      base64.slice(0, at),
      base64.replace(/=+$/, ''),
      `${base64}=`,
      `${base64.slice(0, at)}-${base64.slice(at)}`,
      `${base64.slice(0, at)}\v${base64.slice(at)}`,
      `${base64.slice(0, at)} ${base64.slice(at)}`,
    ]);
  }
  const type = chance(0.06) ? one(typeNames) : key.type;
  const before = chance(0.55) ? Array.from({ length: 1 + Math.floor(pick() * 3) }, () => one(options)) : [];
  const text = [
    chance(0.1) ? one(['\t', ' ', '\ufeff', '"']) : '',
    before.join(','),
    before.length > 0 ? one(afterOptions) : '',
    type,
    one(blanks),
    base64,
    chance(0.7) ? one(blanks) + one(comments) : '',
    chance(0.1) ? one(['\r', ' ', '\t', '\r\r']) : '',
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
