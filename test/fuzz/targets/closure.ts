import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { request } from '../../../agent/host/http.ts';
import { fingerprint, isSignedBy, parseNarinfo } from '../../../agent/plan/nix/narinfo.ts';
import { NixLog } from '../../../agent/stages/nix-log.ts';
import { mutateBytes, mutateJson, mutateLines } from '../mutate.ts';
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
const signed = parseNarinfo(narinfoText, storePath);

const narinfo: Target = {
  name: 'narinfo',
  generate: random => mutateLines(random, narinfoText, random.integer(1, 2)),
  decode: input => {
    const read = parseNarinfo(textOf(input), storePath);
    // A signature holds for what was signed and nothing else.
    if (isSignedBy(read, [publicKey]) && fingerprint(read) !== fingerprint(signed))
      throw new Error('a signature was believed that is not of this path');
  },
  // Each of its lines has a form of its own; most changes break one of them.
  leastParsed: 0.3,
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
const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/x-nix-narinfo\r\nContent-Length: 12\r\nConnection: close\r\n\r\nStoreDir: /n',
);

const http: Target = {
  name: 'HTTP answers',
  generate: random => {
    const status = random.pick([
      '200 OK',
      '404 Not Found',
      '403 \u001b[31mNo',
      '206 Partial',
      '204 None',
      '301 Moved',
    ]);
    const changed = Buffer.from(answer.toString('latin1').replace('200 OK', status), 'latin1');
    return mutateBytes(random, changed, random.integer(0, 2));
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
    if (text.length > 4096 || status < 100) throw new Error(`status ${status}, ${text.length} characters`);
  },
  // Most single bytes of a head decide whether it is one.
  leastParsed: 0.3,
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
    const log = new NixLog({ paths: 1, bytes: 4096 }, () => {});
    for (const line of textOf(input).split('\n')) log.take(line);
  },
};

export const closureTargets: Target[] = [narinfo, http, nixLog];
