import t from 'tap';
import { formatProblem } from '../../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import type { Fetched } from '../../../../agent/config/sources/fetched.ts';
import { signingProblems } from '../../../../agent/config/signing.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { base64, disks, key } from './given.ts';

/** A configuration that has to be fetched: before it is there, and after. */

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
const source = 'https://h/web.json';
const signer = `me namespaces="nix-dabei-config" ${publicKeyOf('signer')}`;
const url = 'dabei.config_url=https://h/{mac}.json';

const arrived = (value: unknown, changes: Partial<Fetched> = {}): Fetched => ({
  source,
  bytes: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  inClear: false,
  signer: null,
  identity: {
    ...{ macs: ['52:54:00:12:34:56'], allMacs: ['52:54:00:12:34:56'], arch: '', hostName: null },
    ...{ serial: 'S1', uuid: null },
  },
  time: { epochSeconds: now },
  ...changes,
});

const resolve = (commandLine: string, fetched?: Fetched | null, file?: unknown) =>
  resolveConfiguration({
    commandLine,
    files: file === undefined ? [] : [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(file)) }],
    ...(fetched === undefined ? {} : { fetched }),
  });

t.test('before it is there', async t => {
  const order = { template: 'https://h/{mac}.json', sha256: null, signers: [], deadlineSeconds: 900 };
  const rows: [name: string, commandLine: string, file: unknown, expected: object][] = [
    ['an address', url, undefined, { mode: 'install', fetch: order, problems: [], consoleQuestion: { secrets: 'elsewhere' } }],
    ['in a file', '', { configUrl: 'https://h/{mac}.json' }, { mode: 'install', fetch: order }],
    ['a part of the configuration is here', `${url} dabei.disks=single:only`, { disks: { key: 'correct horse' } }, { fetch: order, problems: [] }],
    ['only to plan', `${url} dabei.mode=plan`, undefined, { mode: 'plan', fetch: order }],
    ['a rescue system asks nobody', `${url} dabei.mode=rescue`, undefined, { mode: 'rescue', fetch: null, config: {}, notes: [/dabei fetches no configuration/] }],
    ['a rescue entry in a file', '', { mode: 'rescue', configUrl: 'https://h/x' }, { mode: 'rescue', fetch: null }],
    ['other settings of it', `${url} dabei.config_sha256=${'AB'.repeat(32)} dabei.config_signer=${base64(`# us\n${signer}\n`)} dabei.config_deadline=60 dabei.time=2026-11-29T12:00:00Z`, undefined, { fetch: { sha256: 'ab'.repeat(32), signers: [signer], deadlineSeconds: 60, timeSeconds: now } }],
    ['plain HTTP with a hash', `dabei.config_url=http://h/x dabei.config_sha256=${'0'.repeat(64)}`, undefined, { fetch: {}, problems: [] }],
    ['plain HTTP with a signer', `dabei.config_url=http://h/x dabei.config_signer=${base64(signer)}`, undefined, { fetch: {}, problems: [] }],
    ['signers of two sources', `${url} dabei.config_signer=${base64(signer)}`, { configSigners: [`you${signer}`] }, { fetch: { signers: [`you${signer}`, signer] } }],
    ['no address', `dabei.config_signer=${base64(signer)}`, undefined, { mode: 'rescue', fetch: null, problems: [] }],
  ]; // prettier-ignore
  for (const [name, commandLine, file, expected] of rows)
    t.match(resolve(commandLine, undefined, file), expected, name);
});

t.test('settings that are refused before anything is asked', async t => {
  const rows: [name: string, commandLine: string, file: unknown, code: string, said: RegExp][] = [
    ['plain HTTP', 'dabei.config_url=http://h/x', undefined, 'CONFIG_URL_UNVERIFIED', /dabei\.config_url configUrl: is plain HTTP/],
    ['plain HTTP in capitals', 'dabei.config_url=HTTP://h/x', undefined, 'CONFIG_URL_UNVERIFIED', /plain HTTP/],
    ['no address', 'dabei.config_url=h/x', undefined, 'CONFIG_SCHEMA', /not a valid address/],
    ['a placeholder', '', { configUrl: 'https://h/{sreial}' }, 'CONFIG_SCHEMA', /\/dabei\.json:1:14 configUrl: .*\{serial\}/],
    ['a hash', `${url} dabei.config_sha256=abc`, undefined, 'CONFIG_SCHEMA', /64 hexadecimal/],
    ['a signer without our namespace', `${url} dabei.config_signer=${base64(`me ${publicKeyOf('x')}`)}`, undefined, 'CONFIG_SCHEMA', /configSigners\[0\].*no namespaces=/],
    ['a deadline', `${url} dabei.config_deadline=soon`, undefined, 'CONFIG_SCHEMA', /configDeadline/],
    ['no signer at all', `${url} dabei.config_signer=${base64('# nobody yet\n')}`, undefined, 'CONFIG_SCHEMA', /configSigners: is empty/],
    ['a time', `${url} dabei.time=now`, undefined, 'CONFIG_SCHEMA', /not a valid time/],
    ['a certificate', `${url} dabei.config_ca=${base64('x')}`, undefined, 'CONFIG_SCHEMA', /not a certificate/],
    ['half a certificate', `${url} dabei.config_ca=${base64('-----BEGIN CERTIFICATE-----\nMIIBfTCCASOg')}`, undefined, 'CONFIG_SCHEMA', /configCa: has a certificate that is damaged or cut off/],
    ['something else is wrong', url, { hostNam: 'x' }, 'CONFIG_SCHEMA', /hostNam/],
    ['two addresses', `${url} dabei.config_url=https://other/`, undefined, 'CONFIG_CONFLICT', /different values/],
  ]; // prettier-ignore
  for (const [name, commandLine, file, code, said] of rows) {
    const { fetch, config, problems } = resolve(commandLine, undefined, file);
    t.same([fetch, config], [null, null], `${name}: nothing is fetched`);
    t.match(problems[0]?.code, code, name);
    t.match(formatProblem(problems[0]!), said, name);
  }
});

t.test('when it is there', async t => {
  const whole = { hostName: 'web', rootAuthorizedKeys: [key], disks };
  const signed = { ...whole, for: { serial: 'S1' }, notAfter: '2026-12-01T00:00:00Z' };
  const network = { interfaces: [{ name: 'eth0', addresses: ['192.0.2.9/24'] }] };
  const rows: [name: string, commandLine: string, fetched: Fetched | null, expected: object, file?: unknown][] = [
    ['it installs', url, arrived(whole), { mode: 'install', fetch: null, config: { hostName: 'web' }, origins: { hostName: source } }],
    ['legacy shape', url, arrived({ diskToFormat: '/dev/vda' }), { notes: [/web\.json/] }],
    ['it is a rescue system', url, arrived({ hostName: 'web' }), { mode: 'rescue', config: { hostName: 'web' } }],
    ['it wins over a file', url, arrived(whole), { config: { hostName: 'web' } }, { hostName: 'file' }],
    ['it wins over ip=', `${url} ip=192.0.2.5:::24:a:eth0:off`, arrived({ ...whole, network }), { config: { hostName: 'web', network: { interfaces: [{ addresses: ['192.0.2.9/24'] }] } } }],
    ['parameters win over it', `${url} dabei.hostname=line`, arrived(whole), { config: { hostName: 'line' } }],
    ['keys add up', url, arrived(whole), { config: { rootAuthorizedKeys: [publicKeyOf('other'), key] } }, { rootAuthorizedKeys: [publicKeyOf('other')] }],
    ['its mode does not count beside ours', `${url} dabei.mode=plan`, arrived({ ...whole, mode: 'install' }), { mode: 'plan', notes: [/mode is not used, since dabei.mode gives it/] }],
    ['nor beside that of a file', url, arrived({ ...whole, mode: 'install' }), { mode: 'plan' }, { mode: 'plan' }],
    ['the server has nothing', `${url} dabei.disks=single:only`, null, { mode: 'rescue', config: null, problems: [], fetch: null }],
    ['signed', url, arrived(signed, { signer: 'me' }), { mode: 'install', config: { for: { serial: 'S1' } } }],
    ['a number of another source does not count', `${url} dabei.config=${base64('{"serial": 9}')}`, arrived({ ...signed, serial: 7 }, { signer: 'me' }), { config: { serial: 7 }, notes: [/\/dabei\.json: serial counts in a fetched|dabei\.config: serial counts in a fetched/] }, { serial: 8 }],
    ['nor where the file has none', url, arrived(signed, { signer: 'me' }), { config: { serial: undefined, isSigned: true } }, { serial: 8, notAfter: '2030-01-01T00:00:00Z', for: { mac: '52:54:00:00:00:01' } }],
    ['signed, to be a rescue system', url, arrived({ hostName: 'web' }, { signer: 'me' }), { mode: 'rescue', problems: [] }],
    ['what is public may come in clear', url, arrived({ ...signed, disks: { devices: ['only'] } }, { signer: 'me', inClear: true }), { mode: 'install', config: {} }, { disks: { key: 'correct horse' } }],
  ]; // prettier-ignore
  for (const [name, commandLine, fetched, expected, file] of rows)
    t.match(resolve(commandLine, fetched, file), expected, name);
  t.notMatch(
    resolve(url, arrived(signed)).config?.given,
    /notAfter|configUrl|S1/,
    'signing again changes nothing',
  );
});

t.test('what is refused when it is there', async t => {
  const whole = { hostName: 'web', rootAuthorizedKeys: [key], disks };
  const rows: [name: string, fetched: Fetched, said: (string | RegExp)[]][] = [
    ['a misspelt key, with its place', arrived('{\n "hostName": "web",\n  "disk": {}\n}'), [/^CONFIG_SCHEMA https:\/\/h\/web\.json:3:3 disk: unknown key/]],
    ['half of it', arrived('{"hostName": "we'), [/^CONFIG_JSON https:\/\/h\/web\.json:1:14/]],
    ['empty', arrived(''), [/^CONFIG_JSON .*empty/]],
    ['not UTF-8', arrived('', { bytes: Buffer.from([0xff, 0x80]) }), [/^CONFIG_JSON .*UTF-8/]],
    ['where it comes from', arrived({ ...whole, configUrl: 'https://other/', configSigners: [signer], time: '2026-01-01T00:00:00Z' }), [/configUrl: cannot be set/, /configSigners: cannot be set/, /time: cannot be set/]],
    ['secrets in clear', arrived({ ...whole, ssh: { hostKeys: ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n'] } }, { inClear: true }), [/^CONFIG_SECRET_IN_CLEAR .* ssh\.hostKeys: came over plain HTTP/, /^CONFIG_SECRET_IN_CLEAR .* disks\.key: /]],
    ['signed for another machine', arrived({ ...whole, for: { serial: 'S2' }, notAfter: '2026-12-01T00:00:00Z' }, { signer: 'me' }), [/^CONFIG_OTHER_MACHINE .*web\.json:1:\d+ for: is signed for serial "S2", and this machine has "S1"/]],
    ['signed for nobody', arrived(whole, { signer: 'me' }), [/^CONFIG_SCHEMA .* for: is missing/, /^CONFIG_SCHEMA .* notAfter: is missing/]],
    ['signed for too long', arrived({ ...whole, for: { serial: 'S1' }, notAfter: '2027-11-29T12:00:00Z' }, { signer: 'me' }), [/^CONFIG_EXPIRED .* notAfter: is more than 90 days/]],
    ['not signed, with an end, and nobody knows the time', arrived({ ...whole, notAfter: '2026-12-01T00:00:00Z' }, { time: { unknown: 'no clock' } }), [/^CONFIG_EXPIRED .* notAfter: cannot be checked: no clock/]],
    ['a machine of no kind', arrived({ ...whole, for: {}, notAfter: 'soon' }, { signer: 'me' }), [/for: names no machine/, /notAfter: is not a valid time/]],
    ['all at once', arrived({ ...whole, for: { serial: 'S2' }, hostNam: 'x', configCa: 1 }, { signer: 'me', inClear: true }), [/CONFIG_OTHER_MACHINE/, /notAfter/, /hostNam/, /configCa/, /CONFIG_SECRET_IN_CLEAR/]],
  ]; // prettier-ignore
  for (const [name, fetched, said] of rows) {
    const { config, problems, fetch } = resolve(url, fetched);
    t.same([config, fetch], [null, null], name);
    const lines = problems.map(problem => `${problem.code} ${formatProblem(problem)}`).join('\n');
    for (const each of said) t.match(lines, typeof each === 'string' ? each : new RegExp(each, 'm'), name);
    t.notMatch(lines, 'correct horse', `${name}: no secret`);
  }
});

t.test('before it is signed', async t => {
  const good = {
    for: { mac: '52:54:00:12:34:56' },
    notAfter: '2026-12-01T00:00:00Z',
    disks: { devices: ['only'] },
  };
  const problemsOf = (value: object) =>
    signingProblems('host.json', Buffer.from(JSON.stringify(value)), now).problems.map(formatProblem);
  t.same(problemsOf(good), [], 'the passphrase may come from elsewhere');
  t.match(problemsOf({ disks: good.disks }), [/for: is missing/, /notAfter: is missing/]);
  t.match(problemsOf({ ...good, notAfter: '2026-11-01T00:00:00Z' }), [/has passed/]);
  t.match(problemsOf({ ...good, wipe: true }), [/host\.json:1:\d+ wipe: unknown key/]);
  t.match(problemsOf({ ...good, configUrl: 'https://h/' }), [/cannot be set/]);
  t.match(signingProblems('host.json', Buffer.from('{'), now).problems, [{ code: 'CONFIG_JSON' }]);
});
