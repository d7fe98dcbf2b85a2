import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../../agent/errors.ts';
import { bytes, drip, endless, reset, status, type Answer } from '../../../support/config-server.ts';
import { stageDone } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';
import { inDays, plannedFor, serial, signerOf, signText } from './signing.ts';

/** A server of configurations that does everything wrong that servers do: one machine, which asks it again and again. */

/** What it answers, in order, and what comes of it; no code: it is planned. */
interface Row {
  name: string;
  answers: readonly Answer[];
  /** What it answers for FILE.sig; by default, the signature of the right file. */
  signature?: Answer;
  code?: ErrorCode;
  says?: RegExp;
}

/** @returns the rows, and what ends the other host */
async function rowsFor(site: Site): Promise<{ rows: Row[]; close: () => Promise<void> }> {
  const signed = async (changes: Partial<ConfigInput>, by?: string) => {
    const text = JSON.stringify({ ...plannedFor(site), ...changes });
    return { answers: [bytes(text)], signature: bytes(await signText(site, text, by)) };
  };
  const good = await signed({});
  const [body] = good.answers as [Answer];
  const away = await listen(
    createServer((request, response) =>
      (request.url?.endsWith('.sig') ? good.signature : body)(response, request),
    ),
  );
  const elsewhere = status(302, { location: away.urlFor('elsewhere.json') });
  const rows: Row[] = [
    { name: 'forbidden', answers: [status(403)], code: 'CONFIG_FETCH', says: /answered 403/ },
    { name: 'busy for longer than the deadline', answers: [status(429, { 'retry-after': '3600' })], code: 'CONFIG_FETCH', says: /429/ },
    { name: 'in trouble', answers: [status(500)], code: 'CONFIG_FETCH', says: /answered 500 \(\d+ attempts in \d+ of 20 s\)/ },
    { name: 'it resets the connection', answers: [reset], code: 'CONFIG_FETCH' },
    { name: 'a byte, again and again', answers: [drip], code: 'CONFIG_FETCH', says: /no answer within/ },
    { name: 'without an end', answers: [endless], code: 'CONFIG_TOO_LARGE' },
    { name: 'a page to sign in', answers: [bytes('<!doctype html><title>Sign in</title>', 'text/html')], code: 'CONFIG_JSON', says: /HTML/ },
    { name: 'not signed', answers: good.answers, signature: status(404), code: 'CONFIG_SIGNATURE' },
    { name: 'signed by somebody else', ...(await signed({}, site.keys.host.file)), code: 'CONFIG_SIGNATURE', says: /none of the allowed signers/ },
    { name: 'the signature of another file', answers: [bytes('{"mode": "rescue"}')], signature: good.signature, code: 'CONFIG_SIGNATURE' },
    { name: 'replayed for another machine', ...(await signed({ for: { serial: 'RACK-0043' } })), code: 'CONFIG_OTHER_MACHINE' },
    { name: 'expired', ...(await signed({ notAfter: inDays(-1) })), code: 'CONFIG_EXPIRED', says: /has passed/ },
    { name: 'another host', answers: [elsewhere], signature: good.signature },
    { name: 'reset, 500 and busy, then right', answers: [reset, status(500), status(429, { 'retry-after': '1' }), body], signature: good.signature },
  ];
  return { rows, close: () => away.close() };
} // prettier-ignore

async function askAgainAndAgain(site: Site): Promise<void> {
  let row: Row = { name: 'nothing', answers: [status(404)] };
  let times = 0;
  const server = await listen(
    createServer((request, response) => {
      const isSignature = request.url?.endsWith('.sig') === true;
      const answer = isSignature
        ? (row.signature ?? status(404))
        : row.answers[Math.min(times++, row.answers.length - 1)]!;
      answer(response, request);
    }),
  );
  const { rows, close } = await rowsFor(site);
  try {
    const disk = site.disk('target', 3072);
    fillWithForeignBytes(disk.file);
    const before = await hashDisk(disk.file);
    const own = {
      ssh: { hostKeys: [site.keys.host.private] },
      rootAuthorizedKeys: [site.keys.user.public],
    };
    const machine = await site.startImage({
      name: 'asks',
      memoryMiB: 512,
      disks: [disk],
      system: { serial },
      appended: [
        { path: 'dabei/allowed_signers', content: `${signerOf(site)}\n` },
        { path: 'dabei.json', content: JSON.stringify(own) },
      ],
      parameters: [`dabei.config_url=${server.urlFor('{serial}.json')}`, 'dabei.config_deadline=20'],
      limitSeconds: 800,
    });
    await stageDone(machine, 'rescue', 200);
    assert.match(machine.console.text, /nothing for this machine[^]*becomes a rescue system/);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    for (row of rows) {
      times = 0;
      const { exitCode, stdout, stderr } = await ssh.attempt('dabei plan', { seconds: 120 });
      const said = `${row.name}: ${stdout}${stderr}`;
      assert.equal(exitCode, row.code === undefined ? 0 : 1, said);
      if (row.code === undefined) assert.match(stdout, /zpool create/, row.name);
      else assert.match(stderr, new RegExp(`error ${row.code}: `), said);
      if (row.says) assert.match(stderr, row.says, said);
      assert.match(await ssh.run('cat /proc/sys/kernel/hostname'), /./, `${row.name}: it stays reachable`);
    }
    await machine.end();
    assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
  } finally {
    await Promise.all([server.close(), close()]);
  }
}

export const answerWorlds: World[] = [
  {
    name: 'config-url-answers',
    about:
      'a server of configurations that answers in every wrong way: all is refused in words, or asked for again',
    limitSeconds: 900,
    script: askAgainAndAgain,
  },
];
