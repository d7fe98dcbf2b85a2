import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { request } from '../../../agent/host/http.ts';
import { base32, fingerprint, isSignedBy, parseNarinfo } from '../../../agent/plan/nix/narinfo.ts';
import { NixLog } from '../../../agent/stages/nix-log.ts';
import type { Random } from '../../support/random.ts';
import { mutateBytes, mutateJson, mutateLines, mutateText, oddTexts } from '../mutate.ts';
import { bytesOf, textOf, type Target } from '../target.ts';

/** What binary caches and Nix say. */

const storePath = '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-hello-2.12';
const keys = generateKeyPairSync('ed25519');
const publicKey = `cache-1:${keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
const unsigned = [
  `StorePath: ${storePath}`,
  'URL: nar/1b9p07z77phvv2hf6gm9f28syp39f1ag28l8y4mma0bsw2qgqcwb.nar.xz',
  'Compression: xz',
  'FileHash: sha256:1b9p07z77phvv2hf6gm9f28syp39f1ag28l8y4mma0bsw2qgqcwb',
  'FileSize: 50264',
  'NarHash: sha256:09v7zz9cb1yyn1jj7ghk2j0bcapjh1c1mkz5hjl0j5f6y1ll0c9s',
  'NarSize: 226552',
  'References: vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-hello-2.12',
].join('\n');
const signature = sign(null, Buffer.from(fingerprint(parseNarinfo(unsigned, storePath))), keys.privateKey);
const narinfoText = `${unsigned}\nSig: cache-1:${signature.toString('base64')}\n`;
/** Of Nix's base 32, which has no e, o, t and u. */
const nixDigits = [...'0123456789abcdfghijklmnpqrsvwxyz'];
const signed = parseNarinfo(narinfoText, storePath);

/** As other caches write it: fields in another order, of another form, left out, or unknown. */
function otherwiseWritten(random: Random): string {
  const others = random.list(
    0,
    3,
    () => `${random.pick(nixDigits)}${'a'.repeat(31)}-${random.word().replace(/^-/, 'x')}`,
  );
  const references = random.chance(0.5) ? ['vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-hello-2.12', ...others] : others;
  const bytes = random.bytes(32);
  const hash = random.pick([
    signed.narHash,
    `sha256:${bytes.toString('hex')}`,
    `sha256-${bytes.toString('base64')}`,
    `sha256:${base32(bytes)}`,
  ]);
  const fields = [
    `StorePath: ${storePath}`,
    `URL: nar/${random.word()}.nar${random.pick(['', '.xz', '.zst', '?token=a'])}`,
    `NarHash: ${hash}`,
    `NarSize: ${random.pick([226552, random.integer(1, 2 ** 40)])}`,
    `References: ${references.join(' ')}`,
    ...random.some(['Compression: zstd', `FileSize: ${random.integer(0, 2 ** 31)}`, 'CA: fixed:r:sha256:x']),
    ...random.some([`X-${random.word()}: ${random.pick(oddTexts).replaceAll('\n', ' ')}`], 0.3),
    ...random.list(0, 2, () =>
      `Sig: ${mutateText(random, `cache-1:${signature.toString('base64')}`)}`.replaceAll('\n', ''),
    ),
    `Sig: cache-1:${signature.toString('base64')}`,
  ];
  const turn = random.integer(0, fields.length - 1);
  const end = random.pick(['\n', '\n', '\r\n']);
  return [...fields.slice(turn), ...fields.slice(0, turn)].map(line => `${line}${end}`).join('');
}

const narinfo: Target = {
  name: 'narinfo',
  generate: random =>
    random.chance(0.65)
      ? otherwiseWritten(random)
      : mutateLines(random, otherwiseWritten(random), random.integer(1, 2)),
  decode: input => {
    const read = parseNarinfo(textOf(input), storePath);
    // A signature holds for what was signed and nothing else.
    if (isSignedBy(read, [publicKey]) && fingerprint(read) !== fingerprint(signed))
      throw new Error('a signature was believed that is not of this path');
  },
};

/** Answers each connection with the next bytes, and closes it. */
class Answers {
  #server: Server | null = null;
  #port = 0;
  next: Buffer = Buffer.alloc(0);

  async url(): Promise<string> {
    this.#server ??= await new Promise<Server>((resolve, reject) => {
      const server = createServer(socket => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(this.next));
      });
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (typeof address === 'object' && address) this.#port = address.port;
        resolve(server);
      });
      server.unref();
    });
    return `http://127.0.0.1:${this.#port}/${storePath.slice(11, 43)}.narinfo`;
  }
}

const answers = new Answers();
/** Whole, in one of the forms of RFC 9112: with a length, in chunks, or up to the end of the connection. */
function answer(random: Random): Buffer {
  const status = random.pick([
    ...['200 OK', '200', '404 Not Found', '403 \u001b[31mNo', '206 Partial', '204 None', '500 Broken'],
    ...['301 Moved', '418 ', '599 x', '200 \u00e9'],
  ]);
  const body = mutateBytes(random, Buffer.from('StoreDir: /nix/store\n'), random.integer(0, 3));
  const chunked = random.chance(0.3);
  const middle = random.integer(0, body.length);
  const chunks = [body.subarray(0, middle), body.subarray(middle)].filter(chunk => chunk.length > 0);
  const headers = [
    ...random.some(['Server: nginx', `X-${random.word(3, 8)}: ${random.word()}`, 'Retry-After: soon']),
    ...random.some(
      [`Location: ${random.pick(['', '/', 'x:', 'http://[', '//'])}`, 'Set-Cookie: a=\u00ff'],
      0.2,
    ),
    `Content-Type: ${random.pick(['text/x-nix-narinfo', 'text/html; charset=x', ''])}`,
    ...(chunked ? ['Transfer-Encoding: chunked'] : random.some([`Content-Length: ${body.length}`], 0.7)),
    'Connection: close',
  ];
  const sent = chunked
    ? [...chunks, Buffer.alloc(0)].flatMap(chunk => [
        Buffer.from(`${chunk.length.toString(16)}\r\n`),
        chunk,
        Buffer.from('\r\n'),
      ])
    : [body];
  const head = Buffer.from(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, ...sent]);
}

const http: Target = {
  name: 'HTTP answers',
  generate: random => {
    const whole = answer(random);
    return random.chance(0.7) ? whole : mutateBytes(random, whole, random.integer(1, 2));
  },
  decode: async input => {
    const url = await answers.url();
    answers.next = bytesOf(input);
    const { status, text } = await request({
      doing: 'reading an answer',
      url,
      attempts: 1,
      timeoutSeconds: 5,
      limitBytes: 4096,
    });
    if (text.length > 4096 || status < 100 || status > 599)
      throw new Error(`status ${status}, ${text.length} characters`);
  },
};

const nixLines = [
  {
    action: 'start',
    id: 7,
    level: 3,
    type: 100,
    text: 'copying path',
    fields: ['/nix/store/x', 'https://c', 'local'],
  },
  { action: 'result', id: 7, type: 105, fields: [1024, 4096, 1, 0] },
  { action: 'msg', level: 0, msg: '\u001b[31;1merror:\u001b[0m no space left', raw_msg: 'no space left' },
  { action: 'stop', id: 7 },
];

const nixLog: Target = {
  name: "Nix's log",
  generate: random =>
    random
      .list(
        1,
        6,
        () => `@nix ${JSON.stringify(mutateJson(random, random.pick(nixLines), random.integer(0, 2)))}`,
      )
      .join('\n'),
  decode: input => {
    const log = new NixLog(
      { paths: 1, bytes: 4096 },
      () => {},
      () => 0,
    );
    for (const line of textOf(input).split('\n')) log.take(line);
  },
};

export const closureTargets: Target[] = [narinfo, http, nixLog];
