import t from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import { checkLogin } from '../../../../agent/plan/preflight/preflight.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';

t.test('who could log in afterwards', async t => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me';
  const forced = `no-pty,command="echo no" ${key}`;
  const code = 'PREFLIGHT_NO_LOGIN';
  t.same(checkLogin([key], null, 0), { refusals: [], warnings: [] });
  t.same(checkLogin([forced, `from="192.0.2.1" ${publicKeyOf('other')}`], null, 0).refusals, []);
  t.match(checkLogin([], null, 0), { refusals: [{ code, remedy: /authorized_keys/ }] });
  t.match(checkLogin([forced], null, 0), { refusals: [{ code, problem: /restricted to one command/ }] });
  const own = configSchema.parse({ system: { flake: 'github:me/infra#web' } });
  t.match(checkLogin([], own, 0), { refusals: [], warnings: [/nobody could log in/] });
});
