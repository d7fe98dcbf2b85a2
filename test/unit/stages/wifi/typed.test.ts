import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { networkSchema, type NetworkInput } from '../../../../agent/config/schema.ts';
import { isSameNetwork } from '../../../../agent/config/schema/same-network.ts';
import { keepTyped, withTyped } from '../../../../agent/stages/guided/typed-wifi.ts';
import { doorsTo } from '../../../support/doors.ts';

const networks = (wifi: NonNullable<NetworkInput['wifi']>) => networkSchema.parse({ wifi }).wifi!;

t.test('networks that somebody typed come first, and replace those of their names', async t => {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'));
  const configured = networks([
    { ssid: 'home', passphrase: 'incorrect' },
    { ssid: 'work', psk: '0f'.repeat(32) },
  ]);
  const same = (expected: NonNullable<NetworkInput['wifi']>) => {
    const [a, b] = [networkSchema.parse({ wifi: expected }), networkSchema.parse({})];
    t.ok(isSameNetwork(a, { ...b, wifi: withTyped(doors, configured) }), JSON.stringify(expected));
  };
  same([
    { ssid: 'home', passphrase: 'incorrect' },
    { ssid: 'work', psk: '0f'.repeat(32) },
  ]);
  for (const network of networks([
    { ssid: 'home', passphrase: 'correct horse', hidden: true },
    { ssid: 'attic', psk: 'ab'.repeat(32) },
  ]))
    keepTyped(doors, network);
  same([
    { ssid: 'attic', psk: 'ab'.repeat(32) },
    { ssid: 'home', passphrase: 'correct horse', hidden: true },
    { ssid: 'work', psk: '0f'.repeat(32) },
  ]);
  const mode = (path: string) => statSync(join(doors.root, path)).mode & 0o777;
  t.equal(mode('/run/dabei/wifi'), 0o700);
  t.equal(mode('/run/dabei/wifi/typed.json'), 0o600);
});
