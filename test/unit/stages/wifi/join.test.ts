import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { networkSchema, type NetworkInput } from '../../../../agent/config/schema.ts';
import { DabeiError, reasonsOf } from '../../../../agent/errors.ts';
import { joinNetworks } from '../../../../agent/stages/wifi/join.ts';
import { doorsTo } from '../../../support/doors.ts';
import { iwdOf, type Radio } from './radio.ts';

/** What dabei makes of iwd's answers. iwd itself needs a kernel with wireless cards: the worlds named wifi have one. */

const passphrase = 'correct horse';
const config = (network: NetworkInput) => networkSchema.parse(network);
const home = config({ wifi: [{ ssid: 'home', passphrase }], wifiCountry: 'DE' });

t.test('a network that lets the machine in', async t => {
  const { doors, calls } = iwdOf(t, { networks: { other: {}, home: {} } });
  t.equal(await joinNetworks(doors, home), null);
  t.equal(doors.read('/var/lib/iwd/home.psk'), '[Security]\nPassphrase=correct horse\n');
  t.match(doors.read('/etc/iwd/main.conf'), 'Country=DE');
  const mode = (path: string) => statSync(join(doors.root, path)).mode & 0o777;
  t.equal(mode('/var/lib/iwd/home.psk'), 0o600);
  t.equal(mode('/var/lib/iwd'), 0o700);
  t.ok(calls.includes('Connect'));
  t.match(doors.told, [{ event: 'note', text: 'wlan0 has joined "home"' }]);
  t.notMatch(JSON.stringify([doors.told, doors.ran]), /horse/, 'nothing tells the passphrase');
  // iwd makes directories for other purposes there.
  mkdirSync(join(doors.root, 'var/lib/iwd/hotspot'));
  const next = config({ wifi: [{ ssid: 'other', passphrase }] });
  await joinNetworks(doors, next);
  t.equal(doors.read('/var/lib/iwd/home.psk'), null, 'a network of an earlier configuration is forgotten');
});

t.test('what iwd adds to its files does not end it', async t => {
  const { doors } = iwdOf(t, { networks: { home: {} } });
  await joinNetworks(doors, home);
  const pid = doors.read('/run/dabei/iwd.pid')!.trim();
  mkdirSync(join(doors.root, 'proc', pid), { recursive: true });
  writeFileSync(
    join(doors.root, 'proc', pid, 'cmdline'),
    '/bin/sh\0/usr/lib/dabei/respawn\0/usr/libexec/iwd\0',
  );
  const kill = () => doors.ran.filter(line => line.includes(' kill ')).length;
  const file = join(doors.root, 'var/lib/iwd/home.psk');
  const rewritten = `[Security]\nPreSharedKey=${'ab'.repeat(32)}\nPassphrase=correct horse\nSAE-PT-Group19=00\n`;
  writeFileSync(file, rewritten);
  await joinNetworks(doors, home);
  t.equal(doors.read('/var/lib/iwd/home.psk'), rewritten, 'it keeps what it has derived');
  t.equal(statSync(join(doors.root, 'run/dabei/wifi')).mode & 0o777, 0o700);
  t.equal(kill(), 0);
  await joinNetworks(doors, config({ wifi: [{ ssid: 'home', passphrase: 'incorrect' }], wifiCountry: 'DE' }));
  t.equal(kill(), 1, 'another passphrase does');
  t.match(doors.read('/var/lib/iwd/home.psk'), 'Passphrase=incorrect');
});

t.test('why none was joined', async t => {
  const refuses = 'net.connman.iwd.Failed';
  const rows: [name: string, radio: Radio, network: NetworkInput, expected: [code: string, problem: RegExp][]][] = [
    ['no card', { networks: {}, state: null }, { wifi: [{ ssid: 'home', passphrase }] }, [['WIFI_NO_CARD', /no wireless card/]]],
    ['out of reach', { networks: { other: {} } }, { wifi: [{ ssid: 'home', passphrase }] }, [['WIFI_NOT_FOUND', /"home" is in reach/]]],
    ['a wrong passphrase', { networks: { home: { answer: refuses } } }, { wifi: [{ ssid: 'home', passphrase }] }, [['WIFI_PASSPHRASE', /net\.connman\.iwd\.Failed/]]],
    ['with iwd\'s own reason', { networks: { home: { answer: refuses } }, log: 'event: connect-failed, reason: 15\n' }, { wifi: [{ ssid: 'home', passphrase }] }, [['WIFI_PASSPHRASE', /connect-failed, reason: 15/]]],
    ['another security', { networks: { home: { type: '8021x' } } }, { wifi: [{ ssid: 'home', passphrase }] }, [['WIFI_SECURITY', /8021x/]]],
    ['each by itself', { networks: { home: { answer: refuses } } }, { wifi: [{ ssid: 'home', passphrase }, { ssid: 'work', passphrase, hidden: true }] }, [['WIFI_PASSPHRASE', /"home"/], ['WIFI_NOT_FOUND', /"work"/]]],
  ]; // prettier-ignore
  for (const [name, radio, network, expected] of rows) {
    const { doors } = iwdOf(t, radio);
    const error = await joinNetworks(doors, config(network));
    t.ok(error instanceof DabeiError, name);
    const reasons = reasonsOf(error!);
    t.match(reasons.map(({ code, problem }) => [code, problem]), expected, name); // prettier-ignore
    t.equal(reasons.length, expected.length, name);
    t.notMatch(JSON.stringify(reasons.map(({ message, remedy }) => [message, remedy])), /horse/, name);
  }
});

t.test('an image without iwd', async t => {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'));
  t.equal(await joinNetworks(doors, home), null);
  t.equal(await joinNetworks(doors, config({})), null);
  t.same(doors.ran, []);
  t.same(doors.written, []);
});

t.test('iwd does not start', async t => {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    programs: { '/usr/libexec/iwd': '', '/usr/lib/dabei/respawn': 'exit 1' },
  });
  t.match(await joinNetworks(doors, home), { code: 'WIFI_START' });
});

t.test('iwd ends', async t => {
  const { doors } = iwdOf(t, { networks: {}, isOwned: false });
  const begin = doors.clock.uptimeSeconds();
  t.match(await joinNetworks(doors, home), { code: 'WIFI_START', problem: /ends as soon as it is started/ });
  t.ok(doors.clock.uptimeSeconds() - begin < 10, 'nobody waits for it');
});

t.test('iwd is busy for a moment', async t => {
  const busy = ['net.connman.iwd.Busy', 'net.connman.iwd.InProgress', 'org.freedesktop.DBus.Error.NoReply'];
  const { doors } = iwdOf(t, { networks: { home: { answer: busy } } });
  t.equal(await joinNetworks(doors, home), null);
  const always = iwdOf(t, { networks: { home: { answer: 'net.connman.iwd.Busy' } } });
  const begin = always.doors.clock.uptimeSeconds();
  t.match(await joinNetworks(always.doors, home), { reasons: [{ problem: /net\.connman\.iwd\.Busy/ }] });
  t.ok(always.doors.clock.uptimeSeconds() - begin >= 29, 'until the limit');
});

t.test('no card: how long it is waited for', async t => {
  const { doors } = iwdOf(t, { networks: {}, state: null });
  const begin = doors.clock.uptimeSeconds();
  await joinNetworks(doors, home);
  t.ok(doors.clock.uptimeSeconds() - begin < 15);
  const slow = iwdOf(t, { networks: {}, state: null }).doors;
  mkdirSync(join(slow.root, 'run/dabei/firmware/intel'), { recursive: true });
  const slowBegin = slow.clock.uptimeSeconds();
  await joinNetworks(slow, home);
  t.ok(slow.clock.uptimeSeconds() - slowBegin >= 29, 'its firmware is being unpacked');
});

t.test('a card that is switched off', async t => {
  const { doors } = iwdOf(t, { networks: {}, state: null });
  mkdirSync(join(doors.root, 'sys/class/net/wlan0/phy80211'), { recursive: true });
  t.match(await joinNetworks(doors, home), {
    reasons: [{ code: 'WIFI_NO_CARD', problem: /cannot be switched on/, remedy: /switch/ }],
  });
});
