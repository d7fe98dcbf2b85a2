import t from 'tap';
import { lockout, lockoutRefusal } from '../../../agent/plan/login.ts';
import { config } from './machines.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB me';
const forced = `restrict,command="/bin/true" ${key}`;

t.test('who could log in afterwards', async t => {
  const own = { system: { flake: 'github:me/infra#web' } };
  const rows: [name: string, keys: string[], asked: Parameters<typeof config>[0], code: string | null][] = [
    ['a key', [key], {}, null],
    ['no key', [], {}, 'NO_LOGIN'],
    ['a key that opens no shell', [forced], {}, 'NO_LOGIN'],
    ['both', [forced, key], {}, null],
    ["the owner's flake may have keys", [], own, null],
  ];
  for (const [name, rootAuthorizedKeys, asked, code] of rows) {
    const refusal = lockoutRefusal({ ...config(asked), rootAuthorizedKeys });
    t.equal(refusal?.code ?? null, code, name);
  }
  t.match(lockout([], null), { isCertain: true });
  t.match(lockout([], config(own)), { isCertain: false, problem: /nobody could log in/ });
});
