import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { installation, repetition, withAsking } from '../../../../agent/install.ts';
import { readStatus } from '../../../../agent/host/status.ts';
import type { Plan } from '../../../../agent/plan/plan.ts';
import { ask } from '../../../../agent/stages/report/ask.ts';
import { runStages, type Session } from '../../../../agent/stages/sequence.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { json, status, type Answer } from '../../../support/config-server.ts';
import { selfSigned, serveTls } from '../../../support/reports/certificate.ts';
import { reportingMachine } from '../../../support/reports/machine.ts';
import { hang, receiveReports, type Receiver } from '../../../support/reports/receiver.ts';
import { disk } from '../../plan/example.ts';

/** The question before nuke-disk, to a real server; signatures are by the real ssh-keygen. */

t.setTimeout(300_000);

const keys = t.testdir({});
const keygen = (...args: string[]) => execFileSync('ssh-keygen', args, { stdio: ['ignore', 'pipe', 'pipe'] });
for (const name of ['mine', 'other'])
  keygen('-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(keys, name));
const signer = `ops namespaces="nix-dabei-config" ${readFileSync(join(keys, 'mine.pub'), 'utf8').trim()}`;

const plan: Plan = {
  summary: ['erasing /dev/vda'],
  warnings: [],
  beginning: null,
  members: [disk({ path: '/dev/vda', serial: 'DISK-1' })],
  stages: { evaluate: [], 'nuke-disk': [{ kind: 'run', doing: 'erasing', argv: ['wipefs', '/dev/vda'], timeoutSeconds: 1 }], 'host-flake': [], install: [], 'boot-loader': [], finish: [] },
}; // prettier-ignore

type Question = Record<string, unknown> & { nonce: string; plan: string };
/** Answers to the question that was asked last. */
type Reply = (question: Question) => Answer;
const say = (values: object): Reply => ({ nonce, plan }) => json({ nonce, plan, ...values }); // prettier-ignore
const signedBy = (key: string, values: object, namespace = 'nix-dabei-config'): Reply => ({ nonce, plan }) => {
  const answer = JSON.stringify({ nonce, plan, ...values });
  const file = join(keys, 'answer');
  writeFileSync(file, answer);
  execFileSync('rm', ['-f', `${file}.sig`]);
  keygen('-q', '-Y', 'sign', '-n', namespace, '-f', join(keys, key), file);
  return json({ answer, signature: readFileSync(`${file}.sig`, 'utf8') });
}; // prettier-ignore
const plainly = (answer: Answer): Reply => () => answer; // prettier-ignore
const yes = { action: 'continue' };
const wait = { action: 'wait' };

interface Row {
  name: string;
  replies: Reply[];
  code?: string;
  says?: RegExp;
  /** Plain HTTP, with a signer. */
  inClear?: true;
  /** Questions that arrive. */
  asked: number;
}

const rows: Row[] = [
  { name: 'continue', replies: [say(yes)], asked: 1 },
  { name: 'wait, then continue', replies: [say(wait), say(wait), say(yes)], asked: 3 },
  { name: 'rescue', replies: [say({ action: 'rescue' })], code: 'REPORT_ASK_REFUSED', says: /"rescue"/, asked: 1 },
  { name: 'wait, then rescue', replies: [say(wait), say({ action: 'rescue' })], code: 'REPORT_ASK_REFUSED', asked: 2 },
  { name: 'wait for ever', replies: [say(wait)], code: 'REPORT_ASK_SILENT', says: /no "continue" in 40 s; at last: it said to wait/, asked: 8 },
  { name: 'an answer to another question', replies: [say({ ...yes, nonce: '0'.repeat(32) })], code: 'REPORT_ASK_REFUSED', says: /nonce/, asked: 1 },
  { name: 'an answer about another plan', replies: [say({ ...yes, plan: '0'.repeat(64) })], code: 'REPORT_ASK_REFUSED', says: /another plan/, asked: 1 },
  { name: '500', replies: [plainly(status(500))], code: 'REPORT_ASK_REFUSED', says: /answered 500/, asked: 1 },
  { name: 'a redirect', replies: [plainly(status(307, { location: '/elsewhere' }))], code: 'REPORT_ASK_REFUSED', says: /answered 307/, asked: 1 },
  { name: 'signed, by plain HTTP', replies: [signedBy('mine', yes)], inClear: true, asked: 1 },
  { name: 'signed wait, then continue', replies: [signedBy('mine', wait), signedBy('mine', yes)], inClear: true, asked: 2 },
  { name: 'not signed, by plain HTTP', replies: [say(yes)], inClear: true, code: 'REPORT_ASK_REFUSED', says: /not signed/, asked: 1 },
  { name: 'signed by somebody else', replies: [signedBy('other', yes)], inClear: true, code: 'REPORT_ASK_REFUSED', says: /none of the allowed signers/, asked: 1 },
  { name: 'signed for releases', replies: [signedBy('mine', yes, 'nix-dabei')], inClear: true, code: 'REPORT_ASK_REFUSED', asked: 1 },
  { name: 'a signed rescue', replies: [signedBy('mine', { action: 'rescue' })], inClear: true, code: 'REPORT_ASK_REFUSED', asked: 1 },
]; // prettier-ignore

const certificate = selfSigned(keys);

async function asking(t: Test, { url, ca }: { url: string; ca?: string }, deadline = 40) {
  const config = {
    ...{ hostName: 'web', rootAuthorizedKeys: [publicKeyOf('me')] },
    disks: { devices: ['/dev/vda'], key: 'a passphrase of some length' },
    report: { url, ask: { deadline } },
    configSigners: [signer],
    ...(ca === undefined ? {} : { configCa: ca }),
  };
  const bytes = Buffer.from(JSON.stringify(config));
  const resolution = resolveConfiguration({ commandLine: '', files: [{ path: '/dabei.json', bytes }] });
  t.same(resolution.problems, []);
  const keygen = `for word; do shift; case $word in /run/*) word=$ROOT$word;; esac; set -- "$@" "$word"; done; exec /usr/bin/ssh-keygen "$@"`;
  const doors = reportingMachine(t, config, { waiting: 1, programs: { 'ssh-keygen': keygen } });
  const session: Session = { resolution, plan };
  let erased = false;
  const nukeDisk = { name: 'nuke-disk', run: async () => void (erased = true) };
  const failure = await runStages(doors, withAsking([nukeDisk]), session);
  return { doors, failure, erased };
}

for (const { name, replies, code, says, inClear, asked } of rows) {
  t.test(name, async t => {
    const answer: Answer = (response, request) => {
      const reply = replies[Math.min(receiver.received.length, replies.length) - 1]!;
      return reply(receiver.received.at(-1) as Question)(response, request);
    };
    const receiver: Receiver = await receiveReports(t, [answer]);
    const url = inClear ? receiver.url : `${await serveTls(t, certificate, receiver.handle)}/events`;
    const { doors, failure, erased } = await asking(t, { url, ca: certificate.cert });
    t.equal(failure?.code, code);
    t.equal(erased, code === undefined, 'only "continue" goes on');
    if (says) t.match(failure?.problem, says);
    t.equal(receiver.received.length, asked);
    if (code) t.match(readStatus(doors), { state: 'failed', stage: 'ask', code });
    const [question] = receiver.received as [Question];
    t.match(question, { name: 'dabei/ask', event_type: 'ask', disks: [{ path: '/dev/vda', serial: 'DISK-1' }], machine: { serial: 'S1' }, nonce: /^[0-9a-f]{32}$/, plan_text: /wipefs \/dev\/vda/ }); // prettier-ignore
    t.equal(createHash('sha256').update(String(question['plan_text'])).digest('hex'), question.plan);
  });
}

t.test('silence', async t => {
  const silent: [string, () => Promise<string>, number][] = [
    ['nobody listens', async () => 'https://127.0.0.1:1/', 40],
    ['nobody answers', async () => serveTls(t, certificate, (await receiveReports(t, [hang])).handle), 10],
  ];
  for (const [name, url, deadline] of silent) {
    const { failure, erased } = await asking(t, { url: await url(), ca: certificate.cert }, deadline);
    t.match(failure, { code: 'REPORT_ASK_SILENT', problem: /no "continue" in/ }, name);
    t.notOk(erased, name);
  }
  const receiver = await receiveReports(t, [json(yes)]);
  const { failure } = await asking(t, { url: await serveTls(t, certificate, receiver.handle) });
  t.match(failure, { code: 'REPORT_ASK_SILENT', problem: /self-signed/ }, 'an unknown authority');
  t.same(receiver.received, [], 'is told nothing');
});

t.test('where it stands', async t => {
  const names = withAsking(installation).map(({ name }) => name);
  t.equal(names[names.indexOf('ask') + 1], 'nuke-disk');
  t.equal(withAsking(repetition).length, repetition.length + 1);
  const resolution = resolveConfiguration({ commandLine: '', files: [] });
  const doors = reportingMachine(t, {});
  await t.resolves(ask(doors, { resolution, plan }), 'nobody wants to be asked');
});
