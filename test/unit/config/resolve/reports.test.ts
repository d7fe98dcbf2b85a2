import t from 'tap';
import { formatProblem } from '../../../../agent/config/report.ts';
import { resolve } from './given.ts';

const https = 'https://reports.example.org/events';
const file = (report: unknown, others: object = {}) => JSON.stringify({ report, ...others });

t.test('where to report', async t => {
  const rows: [name: string, report: object, expected: object][] = [
    ['an address', { url: https }, { url: https, level: 'warning' }],
    ['without encryption', { url: 'http://192.0.2.1/' }, { url: 'http://192.0.2.1/' }],
    ['everything', { url: https, token: 'a.b_c-1==', level: 'info' }, { level: 'info' }],
    ['a header', { url: https, header: 'X-Api-Key: a b' }, { level: 'warning' }],
  ];
  for (const [name, report, expected] of rows) {
    const { config, problems, reachability } = resolve('', file(report));
    t.same(problems, [], name);
    t.match(config?.report, expected, name);
    t.match(reachability.report, expected, name);
  }
});

t.test('what is refused', async t => {
  const rows: [name: string, report: unknown, path: string, message: RegExp][] = [
    ['no address', {}, 'report', /is missing/],
    ['not an address', { url: 'reports' }, 'report.url', /not a valid address/],
    ['another protocol', { url: 'ftp://reports/' }, 'report.url', /not a valid address/],
    ['a password', { url: 'https://me:hunter22@h/' }, 'report.url', /give report\.token/],
    ['a fragment', { url: `${https}#x` }, 'report.url', /fragment/],
    ['a token in clear', { url: 'http://h/', token: 'hunter22' }, 'report.token', /over plain HTTP/],
    ['a header in clear', { url: 'HTTP://h/', header: 'X-Key: hunter22' }, 'report.header', /over plain HTTP/],
    ['both', { url: https, token: 'hunter22', header: 'X-Key: hunter22' }, 'report.header', /so is report\.token/],
    ['a token with a blank', { url: https, token: 'hunter22 x' }, 'report.token', /bearer token/],
    ['a token with a line break', { url: https, token: 'hunter22\nx: y' }, 'report.token', /line break/],
    ['a header without a value', { url: https, header: 'hunter22:' }, 'report.header', /NAME: VALUE/],
    ['two headers', { url: https, header: 'X: hunter22\r\nY: z' }, 'report.header', /line break/],
    ['a header of the message', { url: https, header: 'Content-Length: 22' }, 'report.header', /sets itself/],
    ['a level', { url: https, level: 'debug' }, 'report.level', /must be "error", "warning" or "info"/],
    ['a misspelt key', { url: https, tokens: 'hunter22' }, 'report.tokens', /unknown key/],
  ]; // prettier-ignore
  for (const [name, report, path, message] of rows) {
    const { config, problems } = resolve('', file(report));
    t.equal(config, null, name);
    t.match(problems, [{ code: 'CONFIG_SCHEMA', message }], name);
    t.ok(problems[0]!.path.startsWith(path), `${name}: ${problems[0]!.path}`);
    t.notMatch(problems.map(formatProblem).join(), 'hunter22', `${name}: no secret`);
  }
});

t.test('a refused configuration is reported, too', async t => {
  const { config, reachability } = resolve('', file({ url: https, level: 'info' }, { hostNmae: 'web' }));
  t.equal(config, null);
  t.match(reachability.report, { url: https, level: 'info' });
  t.equal(resolve('', file({ url: https, levle: 'x', token: 1 })).reachability.report?.token, undefined);
});

t.test('a token is a secret', async t => {
  const { consoleQuestion, config } = resolve(
    '',
    file({ url: https, token: 'hunter22' }, { hostName: 'web' }),
  );
  t.equal(consoleQuestion.secrets, 'elsewhere');
  t.equal(config?.given, '{"hostName":"web"}', 'it does not make another configuration');
  t.notMatch(JSON.stringify(config), 'hunter22');
});

t.test('whom to ask', async t => {
  const signer = { configSigners: ['ops namespaces="nix-dabei-config" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW'] }; // prettier-ignore
  const installs = { disks: { devices: ['only'], encryption: 'none' } };
  const rows: [name: string, url: string, ask: object, others: object, code: string | undefined][] = [
    ['over https', https, {}, installs, undefined],
    ['over http, signed', 'http://h/', {}, { ...installs, ...signer }, undefined],
    ['over http', 'http://h/', {}, installs, 'REPORT_ASK_UNVERIFIED'],
    ['over http, by nobody', 'HTTP://h/', {}, { ...installs, configSigners: [] }, 'REPORT_ASK_UNVERIFIED'],
    ['a rescue system over http', 'http://h/', {}, {}, undefined],
    ['for a second', https, { deadline: 1 }, installs, 'CONFIG_SCHEMA'],
    ['for a week', https, { deadline: 604_800 }, installs, 'CONFIG_SCHEMA'],
  ];
  for (const [name, url, ask, others, code] of rows)
    t.equal(resolve('', file({ url, ask }, others)).problems[0]?.code, code, name);
  const { config } = resolve('', file({ url: https, ask: {} }, installs));
  t.equal(config?.report?.ask?.deadline, 1800);
});
