import t from 'tap';
import type { Variant } from '../../../../agent/variants.ts';
import { reachabilityOf } from '../../../../agent/config/reachability.ts';
import { givenText } from '../../../../agent/config/given.ts';
import { locate } from '../../../../agent/config/located.ts';
import { formatProblem } from '../../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { fetchedProblems } from '../../../../agent/config/sources/fetched.ts';

const passphrase = 'correct horse battery';
const psk = '0123456789abcdef'.repeat(4);

function resolve(network: object, more: object = {}) {
  const text = JSON.stringify({ network, ...more });
  return resolveConfiguration({ commandLine: '', files: [{ path: 'dabei.json', bytes: Buffer.from(text) }] });
}

t.test('networks to join', async t => {
  const wifi = [{ ssid: 'home', passphrase }, { ssid: 'Büro "2"', psk: psk.toUpperCase(), hidden: true }]; // prettier-ignore
  const { config, problems, consoleQuestion, origins } = resolve({ wifi, wifiCountry: 'DE' });
  t.same(problems.map(formatProblem), []);
  t.match(config!.network, { wifiCountry: 'DE', wifi: [{ ssid: 'home' }, { hidden: true }] });
  t.equal(config!.network.wifi![0]!.passphrase!.reveal().toString(), passphrase);
  t.equal(consoleQuestion.secrets, 'elsewhere', 'nobody gets a shell at the console beside a passphrase');
  t.equal(origins['network.wifi[0].ssid'], 'dabei.json');
  for (const text of [JSON.stringify(config), config!.given!, JSON.stringify(origins)]) {
    t.notMatch(text, /horse/);
    t.notMatch(text, new RegExp(psk, 'i'));
  }
  t.match(config!.given, '{"passphrase":true,"ssid":"home"}');
});

t.test('another passphrase is the same configuration, another network is not', async t => {
  const given = (wifi: object) => givenText({ network: { wifi: [wifi] } });
  t.equal(given({ ssid: 'a', passphrase: 'x' }), given({ ssid: 'a', passphrase: 'y' }));
  t.not(given({ ssid: 'a', passphrase: 'x' }), given({ ssid: 'b', passphrase: 'x' }));
});

t.test('the line break of an editor is not a part of the passphrase', async t => {
  const { config, notes } = resolve({ wifi: [{ ssid: 'a', passphrase: `${passphrase}\n` }] });
  t.equal(config!.network.wifi![0]!.passphrase!.reveal().toString(), passphrase);
  t.same(notes, ['dabei.json: the line break at the end of network.wifi[0].passphrase was removed']);
});

t.test('what is refused', async t => {
  const rows: [name: string, network: object, path: string, message: RegExp][] = [
    ['no name', { wifi: [{ passphrase }] }, 'network.wifi[0].ssid', /is missing/],
    ['an empty name', { wifi: [{ ssid: '', passphrase }] }, 'network.wifi[0].ssid', /is not 1 to 32 bytes/],
    ['33 bytes in 17 characters', { wifi: [{ ssid: `${'ä'.repeat(16)}x`, passphrase }] }, 'network.wifi[0].ssid', /is not 1 to 32 bytes/],
    ['a line break in a name', { wifi: [{ ssid: 'a\nb', passphrase }] }, 'network.wifi[0].ssid', /a line break/],
    ['7 characters', { wifi: [{ ssid: 'a', passphrase: 'horse77' }] }, 'network.wifi[0].passphrase', /8 to 63 printable/],
    ['64 characters', { wifi: [{ ssid: 'a', passphrase: 'horse789'.repeat(8) }] }, 'network.wifi[0].passphrase', /8 to 63 printable/],
    ['no ASCII', { wifi: [{ ssid: 'a', passphrase: 'horsë-and-more' }] }, 'network.wifi[0].passphrase', /8 to 63 printable/],
    ['a short key', { wifi: [{ ssid: 'a', psk: 'horse' }] }, 'network.wifi[0].psk', /64 hexadecimal digits/],
    ['neither', { wifi: [{ ssid: 'a' }] }, 'network.wifi[0]', /either a passphrase or a psk/],
    ['both', { wifi: [{ ssid: 'a', passphrase, psk }] }, 'network.wifi[0]', /either a passphrase or a psk/],
    ['a name twice', { wifi: [{ ssid: 'a', passphrase }, { ssid: 'a', psk }] }, 'network.wifi', /has an ssid twice/],
    ['a passphrase as an object', { wifi: [{ ssid: 'a', passphrase: { horse: 1 } }] }, 'network.wifi[0].passphrase', /expected string/],
    ['no country', { wifiCountry: 'de' }, 'network.wifiCountry', /two capital letters/],
  ]; // prettier-ignore
  for (const [name, network, path, message] of rows) {
    const { problems } = resolve(network);
    t.equal(problems.length, 1, `${name}: ${problems.map(formatProblem).join('; ')}`);
    t.match(problems[0], { code: 'CONFIG_SCHEMA', path, message }, name);
    t.notMatch(JSON.stringify(problems), /horse/, name);
  }
});

t.test('a network with a mistake is left out, the others stay', async t => {
  const network = { wifi: [{ ssid: 'a', passphrase: 'short' }, { ssid: 'b', passphrase }], wifiCountry: 'Germany' }; // prettier-ignore
  const { network: kept } = reachabilityOf(locate({ network }, 'test'));
  t.same(kept.wifi?.map(({ ssid }) => ssid), ['b']); // prettier-ignore
  t.equal(kept.wifiCountry, undefined);
});

t.test('a passphrase that others may have read is refused', async t => {
  const value = locate(
    {
      network: {
        wifi: [
          { ssid: 'a', passphrase },
          { ssid: 'b', psk },
        ],
      },
    },
    'http://h/',
  );
  const fetched = {
    source: 'http://h/',
    bytes: Buffer.from(''),
    inClear: true,
    signer: null,
    identity: null,
  };
  const time = { epochSeconds: 0, source: 'clock' } as never;
  t.match(fetchedProblems({ ...fetched, time }, value, false), [
    { code: 'CONFIG_SECRET_IN_CLEAR', path: 'network.wifi[0].passphrase' },
    { code: 'CONFIG_SECRET_IN_CLEAR', path: 'network.wifi[1].psk' },
  ]);
});

t.test('an image without Wi-Fi refuses wireless networks, and says which image can', async t => {
  const bytes = Buffer.from(JSON.stringify({ network: { wifi: [{ ssid: 'home', passphrase }] } }));
  const on = (variants: Variant[]) =>
    resolveConfiguration({ commandLine: '', files: [{ path: '/dabei.json', bytes }], variants });
  t.match(on(['tor']), {
    config: null,
    problems: [
      {
        code: 'VARIANT_MISSING',
        path: 'network.wifi',
        remedy: /^start nix-dabei-wifi\.iso .*, or leave network\.wifi out$/,
      },
    ],
  });
  for (const variant of ['wifi', 'wifi-intel'] as const) t.same(on([variant]).problems, []);
  t.equal(on(['tor']).reachability.network.wifi?.length, 1, 'it may be the only way to the machine');
  const nobody = Buffer.from(JSON.stringify({ network: { wifi: [], wifiCountry: 'DE' } }));
  const files = [{ path: '/dabei.json', bytes: nobody }];
  t.same(resolveConfiguration({ commandLine: '', files, variants: [] }).problems, []);
});
