import t from 'tap';
import { lockout, lockoutRefusal } from '../../../../agent/plan/preflight/login.ts';
import { config } from '../machines.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';

const key = `${publicKeyOf('me')} me`;
/** 2026-11-28. */
const now = 1_795_824_000;
const forced = `restrict,command="/bin/true" ${key}`;

t.test('who could log in afterwards', async t => {
  const own = { system: { flake: 'github:me/infra#web' } };
  const rows: [name: string, keys: string[], asked: Parameters<typeof config>[0], code: string | null][] = [
    ['a key', [key], {}, null],
    ['no key', [], {}, 'NO_LOGIN'],
    ['a key that opens no shell', [forced], {}, 'NO_LOGIN'],
    ['both', [forced, publicKeyOf('other')], {}, null],
    ["the owner's flake may have keys", [], own, null],
    ['a key behind tabs', [key.replaceAll(' ', '\t')], {}, null],
    [
      'a command behind a quote with a blank',
      [`from="192.0.2.1, 192.0.2.2",command="x y" ${key}`],
      {},
      'NO_LOGIN',
    ],
    ['an expired key', [`expiry-time="20200101" ${key}`], {}, 'NO_LOGIN'],
    ['a byte order mark', [`\ufeff${key}`], {}, 'NO_LOGIN'],
    ['a key that is cut off', [key.slice(0, 60)], {}, 'NO_LOGIN'],
    ['names that nobody looks up', [`from="*.example.org" ${key}`], {}, 'NO_LOGIN'],
    ['the same key behind a command', [forced, `${key} again`], {}, 'NO_LOGIN'],
    ['a certificate may be somewhere', [`cert-authority ${key}`], {}, null],
  ];
  for (const [name, rootAuthorizedKeys, asked, code] of rows) {
    const refusal = lockoutRefusal({ ...config(asked), rootAuthorizedKeys }, now);
    t.equal(refusal?.code ?? null, code, name);
  }
  t.match(lockout([], null, now), { isCertain: true });
  t.match(lockout([], config(own), now), { isCertain: false, problem: /nobody could log in/ });
  t.match(lockout([`cert-authority ${key}`], null, now), {
    isCertain: false,
    problem: /a certificate of an authority/,
  });
  const several = [`expiry-time="20200101" ${key}`, 'ssh-dss AAAA'];
  t.match(
    lockout(several, null, now)?.problem,
    /opens a shell: key 1 expired at 2020.*; key 2 has a DSA key/,
  );
});
