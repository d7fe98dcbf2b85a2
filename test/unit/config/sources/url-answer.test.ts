import t from 'tap';
import {
  headersFor,
  judgeAnswer,
  mostRedirects,
  type Exchange,
  type Verdict,
} from '../../../../agent/config/sources/url-answer.ts';

const url = 'https://config.example.org/dir/host.json';
const clock = '2011-01-01T00:00:00Z';

const answer = (status: number, headers: Record<string, string> = {}, body = ''): Exchange['outcome'] => ({
  status,
  headers,
  body: Buffer.from(body),
});
const failed = (code: string, failure = 'it failed'): Exchange['outcome'] => ({ code, failure });

type Row = [
  name: string,
  outcome: Exchange['outcome'],
  verdict: Partial<Verdict> & object,
  circumstances?: Partial<Parameters<typeof judgeAnswer>[1]>,
];

const rows: Row[] = [
  ['JSON', answer(200, { 'content-type': 'application/json' }, '{}'), { kind: 'body' }],
  ['JSON as text', answer(200, { 'content-type': 'text/plain' }, ' {}'), { kind: 'body' }],
  ['JSON that calls itself HTML', answer(200, { 'content-type': 'text/html' }, '{}'), { kind: 'body' }],
  ['gzip', answer(200, {}, '\x1f\x8b…'), { kind: 'body' }],
  ['nothing at all: the parser reports it', answer(200), { kind: 'body' }],
  ['a signature', answer(200, {}, '-----BEGIN SSH SIGNATURE-----'), { kind: 'body' }],
  ['HTML', answer(200, { 'content-type': 'text/html; charset=utf-8' }, '<!DOCTYPE html>'), { kind: 'refused', code: 'CONFIG_JSON', why: /HTML/ as never }],
  ['HTML without a type', answer(200, {}, '\ufeff \n<html>'), { kind: 'refused', code: 'CONFIG_JSON' }],
  ['HTML that does not begin as such', answer(200, { 'content-type': 'text/html' }, 'Sorry'), { kind: 'refused', code: 'CONFIG_JSON' }],
  ['404', answer(404, {}, '<html>Not found</html>'), { kind: 'nothing' }],
  ['204', answer(204), { kind: 'nothing' }],
  ['401', answer(401), { kind: 'refused', code: 'CONFIG_FETCH', why: 'the server answered 401' }],
  ['403', answer(403), { kind: 'refused', code: 'CONFIG_FETCH', remedy: /token/ as never }],
  ['400', answer(400), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['410', answer(410), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['418', answer(418), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['206', answer(206), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['304', answer(304), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['408', answer(408), { kind: 'again' }],
  ['425', answer(425), { kind: 'again' }],
  ['429 without a time', answer(429), { kind: 'again', retryAfterSeconds: undefined as never }],
  ['429 with seconds', answer(429, { 'retry-after': '7' }), { kind: 'again', retryAfterSeconds: 7 }],
  ['503 with a date, counted from the server\'s', answer(503, { 'retry-after': 'Fri, 07 Nov 2014 23:59:59 GMT', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: 30 }],
  ['503 with a date in the past', answer(503, { 'retry-after': 'Fri, 07 Nov 2014 23:59:00 GMT', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: 0 }],
  ['503 with a date and no date of the server', answer(503, { 'retry-after': 'Fri, 07 Nov 2014 23:59:59 GMT' }), { kind: 'again', retryAfterSeconds: undefined as never }],
  ['503 with a date of 1985', answer(503, { 'retry-after': 'Friday, 07-Nov-14 23:59:59 GMT', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: 30 }],
  ['503 with a date as C writes it', answer(503, { 'retry-after': 'Fri Nov  7 23:59:59 2014 GMT', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: 30 }],
  ['503 with nonsense', answer(503, { 'retry-after': '-1', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: undefined as never }],
  ['503 with half a second', answer(503, { 'retry-after': '7.5', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: undefined as never }],
  ['503 with a word', answer(503, { 'retry-after': 'Later', date: 'Fri, 07 Nov 2014 23:59:29 GMT' }), { kind: 'again', retryAfterSeconds: undefined as never }],
  ['500', answer(500), { kind: 'again', why: 'the server answered 500' }],
  ['501', answer(501), { kind: 'again' }],
  ['what is no status', answer(999), { kind: 'again' }],
  ['what is no status either', answer(4), { kind: 'again' }],
  ['a redirect', answer(302, { location: '/other.json' }), { kind: 'redirect', to: 'https://config.example.org/other.json' }],
  ['a relative redirect', answer(307, { location: 'other.json' }), { kind: 'redirect', to: 'https://config.example.org/dir/other.json' }],
  ['to another host', answer(308, { location: 'https://elsewhere.example/x' }), { kind: 'redirect', to: 'https://elsewhere.example/x' }],
  ['a redirect to nowhere', answer(301), { kind: 'refused', code: 'CONFIG_FETCH', why: /Location/ as never }],
  ['a redirect that is no address', answer(301, { location: 'http://[' }), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['a redirect to a file', answer(301, { location: 'file:///etc/shadow' }), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['a redirect with a user name', answer(301, { location: 'https://me:pw@h/x' }), { kind: 'refused', code: 'CONFIG_FETCH', why: /with a user name$/ as never }],
  ['a redirect with a password', answer(301, { location: 'https://:pw@h/x' }), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['a redirect without a scheme', answer(301, { location: '//elsewhere.example/x' }), { kind: 'redirect', to: 'https://elsewhere.example/x' }],
  ['a redirect in capital letters', answer(301, { location: 'HTTP://h/x' }), { kind: 'refused', code: 'CONFIG_URL_UNVERIFIED' }],
  ['a redirect to plain HTTP', answer(301, { location: 'http://h/x' }), { kind: 'refused', code: 'CONFIG_URL_UNVERIFIED' }],
  ['a redirect to plain HTTP, verified', answer(301, { location: 'http://h/x' }), { kind: 'redirect', to: 'http://h/x' }, { verified: true }],
  ['the last redirect', answer(301, { location: '/x' }), { kind: 'redirect' }, { redirects: mostRedirects - 1 }],
  ['one redirect too many', answer(301, { location: '/x' }), { kind: 'refused', code: 'CONFIG_FETCH', why: /more than 5/ as never }, { redirects: mostRedirects }],
  ['refused connection', failed('ECONNREFUSED'), { kind: 'again', why: 'it failed' }],
  ['reset', failed('ECONNRESET'), { kind: 'again' }],
  ['a name that is not known yet', failed('ENOTFOUND'), { kind: 'again' }],
  ['too slow', failed('timeout', 'no answer within 60 s'), { kind: 'again' }],
  ['a body that ends early', failed('ERR_STREAM_PREMATURE_CLOSE'), { kind: 'again' }],
  ['too long', failed('max-size'), { kind: 'refused', code: 'CONFIG_TOO_LARGE', why: /1048576 bytes/ as never }],
  ['too long for a signature', failed('max-size'), { kind: 'refused', why: /65536 bytes/ as never }, { limitBytes: 65536 }],
  ['a certificate of tomorrow', failed('CERT_NOT_YET_VALID'), { kind: 'refused', code: 'CONFIG_FETCH', why: /not valid yet, if it is 2011-01-01/ as never, remedy: /dabei\.time=/ as never }],
  ['a certificate of yesterday', failed('CERT_HAS_EXPIRED'), { kind: 'refused', code: 'CONFIG_FETCH', why: /has expired, if it is 2011/ as never }],
  ['an authority that is not known', failed('SELF_SIGNED_CERT_IN_CHAIN'), { kind: 'refused', remedy: /dabei\.config_ca/ as never }],
  ['its own authority', failed('DEPTH_ZERO_SELF_SIGNED_CERT'), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['the certificate of another host', failed('ERR_TLS_CERT_ALTNAME_INVALID'), { kind: 'refused', code: 'CONFIG_FETCH' }],
  ['no TLS', failed('EPROTO'), { kind: 'refused', code: 'CONFIG_FETCH' }],
]; // prettier-ignore

t.test('what an answer means', async t => {
  for (const [name, outcome, expected, circumstances = {}] of rows) {
    const verdict = judgeAnswer({ url, outcome }, { verified: false, redirects: 0, clock, ...circumstances });
    t.match(verdict, expected, name);
    if (verdict.kind === 'refused') t.match(verdict.remedy, /\w/, `${name}: what to do`);
  }
});

t.test('headers stay with the host that they are for', async t => {
  const headers = { authorization: 'Basic x' };
  const rows: [from: string, to: string, kept: boolean][] = [
    ['https://h/a', 'https://h/b', true],
    ['https://h/a', 'https://h:443/b', true],
    ['https://h/a', 'https://h:444/b', false],
    ['https://h/a', 'https://other/a', false],
    ['https://h/a', 'https://sub.h/a', false],
    ['https://h/a', 'http://h/a', false],
  ];
  for (const [from, to, kept] of rows) t.same(headersFor(from, to, headers), kept ? headers : {}, to);
});
