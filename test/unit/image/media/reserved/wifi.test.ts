import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { publicKeyOf } from '../../../../fixtures/public-keys.ts';
import { makeSmallIso, mediaTools } from '../../../../support/small-media.ts';
import { mediumWith, reasonsOf } from './medium-with.ts';

/** `dabei-image --wifi`, on a medium with Wi-Fi and on one without. */

t.setTimeout(300_000);
const directory = t.testdir({});
const tools = await mediaTools();
const plain = await makeSmallIso(tools, join(directory, 'plain'));
const larger = await makeSmallIso(tools, join(directory, 'larger'), ['wifi']);

const given = {
  'host.json': JSON.stringify({
    rootAuthorizedKeys: [publicKeyOf('me')],
    network: { wifi: [{ ssid: 'a', passphrase: 'correct horse' }] },
  }),
  'pass': 'battery horse\n',
  'short': 'horse\n',
}; // prettier-ignore

const prepare = (name: string, medium: string) => mediumWith(join(directory, name), medium, given);

t.test('a wireless network, whose passphrase no argument has', async t => {
  const { customize, bytes } = prepare('with', larger);
  const said = customize(
    ...['host.json', '--wifi', 'Café', '--wifi-passphrase', 'pass', '--wifi-country', 'DE', '--wifi-hidden'],
  );
  t.match(said, 'warning: whoever has the medium can read its secrets: network.wifi[0].passphrase');
  t.notMatch(said, /battery horse/);
  const network =
    '"network":{"wifi":[{"ssid":"Café","passphrase":"battery horse","hidden":true}],"wifiCountry":"DE"}';
  t.ok(bytes().includes(network));
  t.equal(customize('--show'), said);
  const before = bytes();
  t.match(
    reasonsOf(() => customize('--wifi', 'a', '--wifi-passphrase', 'short')),
    [{ code: 'CONFIG_SCHEMA', message: /--wifi:1:\d+ network\.wifi\[0\]\.passphrase: is not 8 to 63/ }],
  );
  t.match(
    reasonsOf(() => customize('--wifi', 'a', '--wifi-passphrase', 'none')),
    [{ code: 'FILE' }],
  );
  t.throws(() => customize('--wifi-hidden'), { code: 'USAGE' });
  t.ok(bytes().equals(before), 'a refusal changes nothing');
});

t.test('a medium with firmware for Intel alone has Wi-Fi, too', async t => {
  const intel = await makeSmallIso(tools, join(directory, 'intel'), ['wifi-intel']);
  const { customize } = prepare('intel', intel);
  t.match(customize('host.json'), /^mode: /m);
});

t.test('a medium without Wi-Fi is not configured for it', async t => {
  const { customize, bytes } = prepare('without', plain);
  for (const argv of [['host.json'], ['--wifi', 'a', '--wifi-passphrase', 'pass']])
    t.match(
      reasonsOf(() => customize(...argv)),
      [{ code: 'VARIANT_MISSING', message: /asks for Wi-Fi/ }],
      argv.join(' '),
    );
  t.ok(bytes().equals(readFileSync(plain)), 'nothing is written');
});
