import t from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import { torSchema } from '../../../../agent/config/schema/tor.ts';
import { renderStep } from '../../../../agent/plan/step.ts';
import { describeOnion, onionState } from '../../../../agent/plan/tor/progress.ts';
import { timeServers } from '../../../../agent/plan/tor/time-servers.ts';
import { isSameOnion, onionWish, prepareTor, torrc } from '../../../../agent/plan/tor/tor.ts';
import { newOnionKey, onionAddressOfKey, onionKey } from '../../../fixtures/onion-key.ts';

const client = `descriptor:x25519:${'A'.repeat(52)}`;
const given = (key: Buffer) => torSchema.parse({ key: key.toString('base64'), authorizedClients: [client] });

t.test('torrc offers SSH and nothing else', async t => {
  const lines = torrc(2222, false).split('\n');
  t.ok(lines.includes('HiddenServicePort 22 127.0.0.1:2222'));
  for (const line of ['User tor', 'SocksPort 0', 'ClientOnly 1', 'HiddenServiceDir /var/lib/tor/ssh'])
    t.ok(lines.includes(line), line);
  t.notMatch(lines.join('\n'), /^(ORPort|ControlPort|DirPort|%include)/m);
  t.match(torrc(22, true), /^%include \/run\/dabei\/boot\/dabei\/torrc\.d\/\*\.conf$/m);
  t.equal(torrc(22, true).indexOf('%include') > torrc(22, true).indexOf('HiddenServicePort'), true, 'last');
});

t.test('what is wished for', async t => {
  t.same(onionWish(undefined, 22), { key: null, address: null, authorizedClients: [], sshPort: 22 });
  t.equal(onionWish(torSchema.parse({ enable: false }), 22), null);
  const wish = onionWish(given(onionKey), 22)!;
  t.equal(wish.address, onionAddressOfKey);
  t.ok(isSameOnion(wish, onionWish(given(onionKey), 22)!));
  t.notOk(isSameOnion(wish, onionWish(given(newOnionKey()), 22)!));
  t.notOk(isSameOnion(wish, onionWish(given(onionKey), 2222)!));
  t.notOk(isSameOnion(wish, { ...wish, authorizedClients: [] }));
  t.notOk(isSameOnion(wish, onionWish(undefined, 22)!));
});

t.test('the steps', async t => {
  const steps = prepareTor(onionWish(given(onionKey), 22)!, false);
  const text = steps.map(renderStep).join('\n');
  t.notOk(text.includes(onionKey.toString('base64').slice(50, 60)), 'no key in arguments');
  t.match(text, 'write /var/lib/tor/ssh/hs_ed25519_secret_key mode=0600 96 bytes');
  t.match(text, 'write /var/lib/tor/ssh/authorized_clients/1.auth mode=0600');
  t.match(text, /mkdir -m 700 \/var\/lib\/tor\/ssh /);
  t.match(text, /mount -t tmpfs -o nosuid,nodev,noexec,mode=0700,size=64m tor \/var\/lib\/tor/);
  t.ok(text.indexOf('chown') > text.indexOf('1.auth'), 'everything belongs to Tor');
  const drawn = prepareTor(onionWish(undefined, 22)!, false).map(renderStep).join('\n');
  t.notMatch(drawn, /hs_ed25519_secret_key|\.auth/);
});

t.test('how far Tor is', async t => {
  const log = (percent: number) => `Nov 30 12:59:30.000 [notice] Bootstrapped ${percent}% (x): y\n`;
  t.same(onionState('', true), { state: 'connecting', percent: 0 });
  t.same(onionState(log(5) + log(45) + 'more\n', true), { state: 'connecting', percent: 45 });
  t.same(onionState(log(45) + log(100), true), { state: 'connected' });
  t.same(onionState(log(100), false), { state: 'ended' });
  t.same([onionState(log(45), true), onionState(log(100), true), onionState('', false)].map(describeOnion), [
    'Tor connects: 45 %',
    null,
    'Tor has ended',
  ]);
});

t.test('whom dabei asks for the time', async t => {
  const config = (rest: object) => configSchema.parse({ ...rest });
  const rows: [name: string, config: object, servers: string[]][] = [
    ['nothing configured', {}, ['https://cache.nixos.org']],
    ['a server for it', { tor: { timeFrom: 'http://192.0.2.1:8080/x' } }, ['http://192.0.2.1:8080/x']],
    ['nobody', { tor: { timeFrom: 'off' }, report: { url: 'https://r.example' } }, []],
    [
      'those of the configuration first',
      {
        configUrl: 'https://c.example/{mac}.json',
        report: { url: 'https://r.example/events' },
        system: { substituters: ['https://r.example/cache', 'https://s.example', 'https://t.example'] },
      },
      ['https://c.example', 'https://r.example', 'https://s.example'],
    ],
  ];
  for (const [name, asked, servers] of rows) {
    const parsed = config(asked);
    t.same(timeServers(parsed, parsed), servers, name);
  }
  t.same(timeServers({}, null), ['https://cache.nixos.org'], 'a refused configuration');
});
