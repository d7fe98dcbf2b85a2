import { noCloudSource } from '../../../agent/config/sources/seed/nocloud.ts';
import { judgeAnswer, type Exchange } from '../../../agent/config/sources/url-answer.ts';
import { expandUrl, signatureUrl, urlTemplateProblem } from '../../../agent/config/sources/url.ts';
import { signerLines, signerProblem } from '../../../agent/keys/allowed-signers.ts';
import { judgeText, openAnswer } from '../../../agent/plan/report/answer.ts';
import { eventMaker, type Occurrence } from '../../../agent/plan/report/event.ts';
import { receivedInfos } from '../../../agent/plan/report/received.ts';
import { redact } from '../../../agent/plan/report/redaction.ts';
import { mutateJson, mutateLines, mutateText } from '../mutate.ts';
import { textOf, type Target } from '../target.ts';

/** What servers of a fleet, and whoever is on the way, send. */

const headerNames = ['content-type', 'location', 'retry-after', 'date', 'x'];
const headerValues = ['application/json', 'text/html', 'https://h/y', 'http://h/y', '//', '7', 'Sun, 29 Nov 2026 12:00:00 GMT']; // prettier-ignore

const exchange: Target = {
  name: 'answers to configUrl',
  generate: random => {
    const headers = random.list(0, 3, () => [
      random.pick(headerNames),
      mutateText(random, random.pick(headerValues)),
    ]);
    const value = { status: random.pick([200, 204, 301, 307, 404, 429, 500, random.integer(-1, 1000)]), headers, body: mutateText(random, '{"hostName": "web"}'), verified: random.chance(0.5), redirects: random.integer(0, 7) }; // prettier-ignore
    return JSON.stringify(value);
  },
  decode: input => {
    const { status, headers, body, ...rest } = JSON.parse(textOf(input)) as { status: number; headers: [string, string][]; body: string; verified: boolean; redirects: number }; // prettier-ignore
    const outcome: Exchange['outcome'] = { status, headers: Object.fromEntries(headers), body: Buffer.from(body) }; // prettier-ignore
    const verdict = judgeAnswer({ url: 'https://h/x', outcome }, { ...rest, clock: 'now' });
    if (verdict.kind === 'redirect' && !rest.verified && !verdict.to.startsWith('https:'))
      throw new Error('it follows a redirect to plain HTTP');
    if (verdict.kind === 'again' && !((verdict.retryAfterSeconds ?? 0) >= 0))
      throw new Error('it waits a negative time');
    openAnswer(outcome, rest.verified);
  },
};

const asked = { nonce: '0123456789abcdef0123456789abcdef', plan: 'ab'.repeat(32) };
const permission: Target = {
  name: 'permissions',
  generate: random => {
    const answer = { action: random.pick(['continue', 'wait', 'rescue']), ...asked };
    return random.chance(0.7)
      ? JSON.stringify(mutateJson(random, answer, random.integer(0, 3)))
      : mutateText(random, JSON.stringify(answer));
  },
  decode: input => {
    const text = textOf(input);
    const judged = judgeText(text, asked, 5);
    const isWhole = [asked.nonce, asked.plan, 'continue'].every(part => text.includes(part));
    if (judged.kind === 'continue' && !isWhole) throw new Error('it goes on without nonce, plan and word');
    openAnswer({ status: 200, headers: {}, body: Buffer.from(text) }, true);
  },
};

const event = { name: 'dabei', event_type: 'finish', origin: 'nix-dabei', timestamp: 1.5, machine: { serial: 'S1', uuid: null, macs: ['52:54:00:12:34:56'] }, runtime_info: { version: 1, hostName: 'web' } }; // prettier-ignore
const received: Target = {
  name: 'received events',
  generate: random => {
    const lines = random.list(1, 5, () => JSON.stringify(mutateJson(random, event, random.integer(0, 2))));
    return random.chance(0.5) ? lines.join('\n') : mutateLines(random, lines.join('\n'));
  },
  decode: input => {
    const found = receivedInfos(textOf(input));
    if (found === null) return 'refused';
    if (found.infos.some(info => typeof info['hostName'] !== 'string')) throw new Error('a machine without a name'); // prettier-ignore
  },
};

const secret = Buffer.from('correct horse battery');
const reported: Target = {
  name: 'reported events',
  generate: random => {
    const entry = random.pick<Occurrence>([
      { event: 'stage', name: 'plan', state: 'failed', seconds: 1, code: 'HTTP' },
      { event: 'error', code: 'HTTP', doing: 'asking', problem: 'no answer' },
      { event: 'warning', text: `key ${secret.toString()}` },
    ]);
    return JSON.stringify({ ...entry, text: mutateText(random, `a ${secret.toString()} b`), problem: mutateText(random, 'no'), doing: 'x' }); // prettier-ignore
  },
  decode: input => {
    const made = eventMaker(() => 'info')(JSON.parse(textOf(input)) as Occurrence, 1);
    if (JSON.stringify(redact(made, [secret])).includes(secret.toString()))
      throw new Error('a secret leaves');
  },
};

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW';
const signers: Target = {
  name: 'allowed_signers',
  generate: random =>
    mutateLines(random, `# us\nops,"a b" namespaces="nix-dabei-config",valid-after="20260101" ${key} me\nx cert-authority ${key}\n`, random.integer(0, 3)), // prettier-ignore
  decode: input => {
    const lines = signerLines(textOf(input));
    if (lines.length === 0) return 'refused';
    for (const line of lines) {
      if (signerProblem(line) === null && !line.includes('nix-dabei-config'))
        throw new Error('a line without our namespace is taken');
    }
  },
};

const names = ['{mac}', '{serial}', '{uuid}', '{hostname}', '{arch}', '{', 'x.json', '/', '?s='];
const values = [
  'S4EVNX0R',
  '..',
  '.',
  ' ',
  'a/b',
  'a b',
  '@h',
  '%2e%2e',
  'To Be Filled By O.E.M.',
  'h:1#x?y',
];
const addresses: Target = {
  name: 'addresses of configurations',
  generate: random => {
    const host = random.chance(0.2) ? random.pick(['{serial}.h', '{hostname}', '[::1]:8080']) : 'h';
    const path = random.list(0, 4, () => random.pick(names)).join('');
    const value = () => (random.chance(0.2) ? null : mutateText(random, random.pick(values)));
    return JSON.stringify({ template: `https://${host}/a/${path}`, serial: value(), uuid: value(), hostName: value(), mac: random.chance(0.9) ? '52:54:00:12:34:56' : undefined }); // prettier-ignore
  },
  decode: input => {
    const { template, mac, ...rest } = JSON.parse(textOf(input)) as { template: string; mac?: string; serial: string | null; uuid: string | null; hostName: string | null }; // prettier-ignore
    if (urlTemplateProblem(template) !== null) return 'refused';
    const macs = mac === undefined ? [] : [mac];
    const { urls, missing } = expandUrl(template, { ...rest, macs, allMacs: macs, arch: 'any' });
    if (urls.length + missing.length === 0) throw new Error('neither an address nor what is missing');
    const plain = new URL(template.replaceAll(/\{\w+\}/g, 'x'));
    const depth = (url: URL) => url.pathname.split('/').length;
    for (const url of urls.map(each => new URL(each))) {
      if (!url.pathname.startsWith('/a/') || depth(url) !== depth(plain)) throw new Error('it leads to another directory'); // prettier-ignore
      if (url.username !== '' || url.hash !== '' || url.port !== plain.port) throw new Error('it is another address'); // prettier-ignore
      signatureUrl(url.href);
    }
  },
};

const seedAddresses: Target = {
  name: 'addresses of NoCloud seeds',
  generate: random => {
    const line = random.pick(['ds=nocloud;s=http://h/__dmi.system-serial-number__/;h=web', 'ds="nocloud-net;seedfrom=https://h/x?y=" quiet']); // prettier-ignore
    const serial = mutateText(random, random.pick([...values, 'ds=nocloud;s=http://h/__dmi.system-uuid__']));
    const dmi = { product_serial: serial, product_uuid: random.pick(values) };
    return JSON.stringify({ line: random.chance(0.7) ? line : mutateText(random, line), dmi });
  },
  decode: input => {
    const { line, dmi } = JSON.parse(textOf(input)) as { line: string; dmi: Record<string, string> };
    const found = noCloudSource(dmi, line);
    if (found === null) return 'refused';
    for (const origin of found.origins)
      for (const question of Object.values(found.questions))
        if (!/^https?:$/.test(new URL(`${origin}${question}`).protocol)) throw new Error('another scheme');
  },
};

export const fleetTargets: Target[] = [
  exchange,
  permission,
  received,
  reported,
  signers,
  addresses,
  seedAddresses,
];
