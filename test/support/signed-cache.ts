import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { Test } from 'tap';
import { fingerprint, narinfoName, parseNarinfo } from '../../agent/plan/nix/narinfo.ts';
import { listen } from '../vm/harness/serve.ts';

/** Binary caches of a few signed paths, on this machine. They have no archives: dabei only asks whether those are there. */

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
/** Of all these caches, as nix.conf(5) has it in trusted-public-keys. */
export const key = `test-1:${publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('base64')}`;

export const pathOf = (name: string) => `/nix/store/${name.padStart(32, '0')}-${name}`;

/** A signed narinfo; every path takes 1000 bytes, 100 as a file. */
export function narinfo(name: string, references: readonly string[]): string {
  const text = [
    `StorePath: ${pathOf(name)}`,
    `URL: nar/${name}.nar`,
    'FileSize: 100',
    `NarHash: sha256:${'1'.repeat(52)}`,
    'NarSize: 1000',
    `References: ${references.map(each => pathOf(each).slice('/nix/store/'.length)).join(' ')}`,
  ].join('\n');
  const message = Buffer.from(fingerprint(parseNarinfo(text, pathOf(name))));
  return `${text}\nSig: test-1:${sign(null, message, privateKey).toString('base64')}\n`;
}

/** name -> what it refers to */
export type Graph = Readonly<Record<string, readonly string[]>>;

export interface Cache {
  url: string;
  /** Path -> times. */
  asked: Map<string, number>;
}

/** @param changes what is answered for a path instead: a status, or another text; null ends the connection */
export async function cache(
  t: Test,
  graph: Graph,
  changes: Readonly<Record<string, number | string | null>> = {},
): Promise<Cache> {
  const answers = new Map<string, number | string | null>([['/nix-cache-info', 'StoreDir: /nix/store\n']]);
  for (const [name, references] of Object.entries(graph)) {
    answers.set(`/${narinfoName(pathOf(name))}`, narinfo(name, references));
    answers.set(`/nar/${name}.nar`, 'the archive');
  }
  for (const [path, answer] of Object.entries(changes)) answers.set(path, answer);
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    const answer = answers.has(path) ? answers.get(path)! : 404;
    if (answer === null) response.destroy();
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else response.end(answer);
  });
  const { port, close } = await listen(server);
  t.teardown(close);
  return { url: `http://127.0.0.1:${port}`, asked };
}
