import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { onionAddressOfKey, onionKey } from '../../../../fixtures/onion-key.ts';
import { publicKeyOf } from '../../../../fixtures/public-keys.ts';
import { makeSmallIso, mediaTools } from '../../../../support/small-media.ts';
import { mediumWith, reasonsOf } from './medium-with.ts';

/** `dabei-image` and the onion service, on a medium with Tor and on one without. */

t.setTimeout(300_000);
const directory = t.testdir({});
const tools = await mediaTools();
const plain = await makeSmallIso(tools, join(directory, 'plain'));
const larger = await makeSmallIso(tools, join(directory, 'larger'), ['tor']);

const rescue = { mode: 'rescue', rootAuthorizedKeys: [publicKeyOf('me')] };
const given = {
  'asks.json': JSON.stringify({ ...rescue, tor: {} }),
  'plain.json': JSON.stringify(rescue),
  hs_ed25519_secret_key: onionKey,
  other: onionKey.subarray(32),
};

function prepare(name: string, medium: string) {
  const { customize, bytes } = mediumWith(join(directory, name), medium, given);
  return { customize, isAsBuilt: () => bytes().equals(readFileSync(medium)) };
}

t.test('a medium without Tor is not configured for it', async t => {
  const { customize, isAsBuilt } = prepare('without', plain);
  const named = [{ code: 'VARIANT_MISSING', message: /Tor is in the variant "tor" alone/ }];
  t.match(
    reasonsOf(() => customize('asks.json')),
    named,
  );
  t.match(
    reasonsOf(() => customize('plain.json', '--onion-key', 'hs_ed25519_secret_key')),
    named,
  );
  t.ok(isAsBuilt(), 'nothing is written');
});

t.test('one with Tor has the address of the key, or draws one', async t => {
  const { customize, isAsBuilt } = prepare('with', larger);
  t.match(customize('asks.json'), /^onion service: at an address that each start draws$/m);
  const said = customize('plain.json', '--onion-key', 'hs_ed25519_secret_key');
  t.match(said, `\nonion service: ${onionAddressOfKey}\n`);
  t.match(said, /^warning: .* can read its secrets: tor\.key$/m);
  t.notOk(said.includes(onionKey.toString('base64').slice(50, 60)));
  t.equal(customize('--show'), said);
  customize('--clear');
  t.ok(isAsBuilt());
});

t.test('what is no key is refused', async t => {
  const { customize, isAsBuilt } = prepare('refused', larger);
  const wrong = reasonsOf(() => customize('plain.json', '--onion-key', 'other'));
  t.match(wrong, [{ code: 'CONFIG_SCHEMA', message: /other: does not begin as hs_ed25519_secret_key does/ }]);
  t.match(
    reasonsOf(() => customize('--onion-key', join(directory, 'none'))),
    [{ code: 'FILE' }],
  );
  t.ok(isAsBuilt());
});
