import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { networkSchema, type NetworkInput } from '../../../../agent/config/schema.ts';
import { isSameNetwork } from '../../../../agent/config/schema/same-network.ts';

const config = (network: NetworkInput) => networkSchema.parse(network);
const passphrase = 'correct horse';
const home = config({ wifi: [{ ssid: 'home', passphrase }], wifiCountry: 'DE' });

t.test('another passphrase is another network', async t => {
  t.ok(isSameNetwork(home, config({ wifi: [{ ssid: 'home', passphrase }], wifiCountry: 'DE' })));
  t.notOk(
    isSameNetwork(home, config({ wifi: [{ ssid: 'home', passphrase: 'incorrect' }], wifiCountry: 'DE' })),
  );
  t.notOk(isSameNetwork(home, config({})));
  t.ok(isSameNetwork(config({}), config({ wifi: [] })));
  t.notOk(isSameNetwork(undefined, home));
  t.ok(isSameNetwork(undefined, undefined));
});

t.test('before a configuration is fetched, and after', async t => {
  const commandLine = 'dabei.config_url=https://h/web.json';
  const fetched = {
    source: 'https://h/web.json',
    bytes: Buffer.from(JSON.stringify({ mode: 'rescue', hostName: 'web' })),
    inClear: false,
    signer: null,
    identity: { macs: [], allMacs: [], arch: '', hostName: null, serial: null, uuid: null },
    time: { epochSeconds: 1_700_000_000 },
  };
  for (const given of [{}, { network: { wifi: [{ ssid: 'home', passphrase }] } }]) {
    const files = [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(given)) }];
    const before = resolveConfiguration({ commandLine, files });
    const after = resolveConfiguration({ commandLine, files, fetched });
    t.equal(before.config, null, 'it is not there yet');
    t.not(after.config, null, JSON.stringify(after.problems));
    t.ok(isSameNetwork(before.reachability.network, after.reachability.network));
    t.same(
      Object.keys(before.reachability.network).toSorted(),
      Object.keys(after.reachability.network).toSorted(),
    );
  }
});
