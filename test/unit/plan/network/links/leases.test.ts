import t from 'tap';
import { plan } from './cards.ts';

t.test('a link-local address alone does not keep from waiting for a lease', async t => {
  const fe80 = { addresses: ['fe80::7/64'] };
  t.equal(plan({ interfaces: [{ name: 'eth0', ...fe80, dhcp: true }] }).static, false);
  t.equal(plan({ interfaces: [{ name: 'eth0', ...fe80 }] }).static, true);
});
