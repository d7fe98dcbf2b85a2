import t from 'tap';
import { cleanLine, cleanText } from '../../agent/clean-text.ts';
import { DabeiError, formatError } from '../../agent/errors.ts';
import { formatEntry, formatLogLine } from '../../agent/host/log.ts';
import { configSchema } from '../../agent/config/schema.ts';
import { Secret } from '../../agent/secret.ts';
import { makePlan, renderPlan } from '../../agent/plan/plan.ts';
import { hasToken, redactTokens } from '../../agent/redact-tokens.ts';
import { growth, growthLimit } from '../support/growth.ts';
import { disk, facts } from '../fixtures/disks.ts';
import { publicKeyOf } from '../fixtures/public-keys.ts';

const secret = 's3cr3tVALUE0123456789';

/** What is shown in place of each. */
const rows: [name: string, text: string, shown: string][] = [
  ['user and password', `https://me:${secret}@git.example/x`, 'https://me:[redacted]@git.example/x'],
  ['a token as user', `https://${secret}@git.example/x`, 'https://[redacted]@git.example/x'],
  ['a token and no user', `https://:${secret}@git.example`, 'https://:[redacted]@git.example'],
  ['a password with an @', `http://me:${secret}@${secret}@host/`, 'http://me:[redacted]@host/'],
  ['of a tarball', `tarball+https://me:${secret}@host/a#web`, 'tarball+https://me:[redacted]@host/a#web'],
  ['of a proxy', `http_proxy=http://me:${secret}@proxy:3128`, 'http_proxy=http://me:[redacted]@proxy:3128'],
  ['access_token', `https://host/a?access_token=${secret}&ref=x`, 'https://host/a?access_token=[redacted]&ref=x'],
  ['private_token', `https://host/a?ref=x&private_token=${secret}#w`, 'https://host/a?ref=x&private_token=[redacted]#w'],
  ['token', `github:me/x?dir=a&token=${secret}`, 'github:me/x?dir=a&token=[redacted]'],
  ['TOKEN', `https://host/a?TOKEN=${secret}`, 'https://host/a?TOKEN=[redacted]'],
  ['a signed address', `https://s3/x?X-Amz-Signature=${secret}&X-Amz-Expires=9`, 'https://s3/x?X-Amz-Signature=[redacted]&X-Amz-Expires=9'],
  ['its session', `https://s3/x?a=b&X-Amz-Security-Token=${secret}`, 'https://s3/x?a=b&X-Amz-Security-Token=[redacted]'],
  ['another cloud', `https://blob/x?sv=1&sig=${secret}`, 'https://blob/x?sv=1&sig=[redacted]'],
  ['api_key', `https://host/?api_key=${secret}`, 'https://host/?api_key=[redacted]'],
  ['a header', `> Authorization: Bearer ${secret}`, '> Authorization: [redacted]'],
  ["Nix' setting", `access-tokens = github.com=${secret}`, 'access-tokens = [redacted]'],
  ['GitHub', `fatal: ghp_${secret}${secret} is no`, 'fatal: ghp_[redacted] is no'],
  ['GitLab', `glpat-${secret}`, 'glpat-[redacted]'],
  ['several', `https://${secret}@a https://b?token=${secret}`, 'https://[redacted]@a https://b?token=[redacted]'],
]; // prettier-ignore

/** What must be readable. */
const kept = [
  'github:me/infra?dir=hosts&ref=main&rev=0123456789abcdef0123456789abcdef01234567#web-01',
  'https://cache.example.org:8443/nar/x.nar.xz?narHash=sha256-AAAA',
  'git+ssh://git@github.com/me/infra',
  'ssh://root@192.0.2.1:22/x',
  'mail me@example.org, see https://example.org/@me',
  '/dev/disk/by-id/nvme-eui.0025385b71b0d7c1',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGW me@laptop',
  'no token was given; next: set disks.key=…',
];

t.test('tokens go, all else stays', async t => {
  for (const [name, text, shown] of rows) {
    t.equal(redactTokens(text), shown, name);
    t.equal(redactTokens(shown), shown, `${name}, twice`);
    const line = JSON.stringify({ msg: `"${text}" it says`, raw: text });
    const parsed = JSON.parse(redactTokens(line)) as Record<string, string>;
    t.notMatch(JSON.stringify(parsed), secret, `${name}, in a line of Nix' log`);
  }
  for (const text of kept) t.equal(redactTokens(text), text);
  for (const text of kept) t.notOk(hasToken(text), text);
});

t.test('at every door', async t => {
  const url = `https://me:${secret}@git.example/x?access_token=${secret}`;
  const error = new DabeiError('HTTP', {
    doing: `asking ${url}`,
    problem: `${url}: 404`,
    remedy: `see ${url}`,
  });
  // The schema refuses such an address (config/public-addresses.test.ts); the plan would not repeat it either.
  const valid = configSchema.parse({
    version: 1,
    rootAuthorizedKeys: [publicKeyOf('me')],
    disks: { devices: ['/dev/vda'], key: 'correct horse' },
  });
  const config = { ...valid, system: { ...valid.system, flake: `${url}#web` } };
  const argv = ['nix', 'build', url];
  const command = {
    event: 'command',
    argv,
    doing: url,
    seconds: 1,
    exitCode: 1,
    failed: true,
    stderr: url,
  } as const;
  const outputs = {
    message: error.message,
    error: formatError(error),
    command: formatEntry(command)!,
    note: formatEntry({ event: 'note', text: url })!,
    log: formatLogLine(JSON.stringify({ up: 1, ...command })),
    'cut log': formatLogLine(`{"up":1,"text":"${url}`),
    line: cleanLine(url),
    text: cleanText(`a\n${url}\n`),
    'a long line': cleanLine(`${'x'.repeat(1980)} ${url}`),
    plan: renderPlan(makePlan(config, facts([disk()], { memoryBytes: 8 * 2 ** 30 }), new Secret('a'.repeat(32)))),
  }; // prettier-ignore
  for (const [name, output] of Object.entries(outputs)) {
    t.notMatch(output, secret.slice(0, 8), name);
    // A plan writes the address into a file, and shows its size.
    if (name !== 'a long line' && name !== 'plan') t.match(output, /\[redacted\]/, name);
  }
});

t.test('time grows with the length alone', async t => {
  for (const unit of [
    '://',
    '://a',
    'token',
    '?token',
    '&a',
    'a',
    '@',
    '://@',
    'authorization:',
    'ghp_',
    '?token=',
  ]) {
    const ratio = growth(length => unit.repeat(length / unit.length), redactTokens, 20_000);
    t.ok(ratio < growthLimit, `${unit}: ${ratio.toFixed(1)} times as long for twice the length`);
  }
});
