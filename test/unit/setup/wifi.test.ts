import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { networkSchema } from '../../../agent/config/schema.ts';
import { baseOf } from '../../../agent/setup/base.ts';
import { publicConfiguration, resolveAnswers } from '../../../agent/setup/configuration.ts';
import { openQuestion, refuse, reply, supply } from '../../../agent/setup/machine.ts';
import { DabeiError } from '../../../agent/errors.ts';
import { facts } from '../../fixtures/disks.ts';
import { card, talk, target, world } from '../../support/guided/world.ts';

/** Wi-Fi in the guided installation. */

const networks = [
  { ssid: 'home', type: 'psk', strengthDbm: -50 },
  { ssid: 'work', type: '8021x', strengthDbm: -60 },
  { ssid: 'home', type: 'psk', strengthDbm: -70 },
  { ssid: '\u001b[2Jevil', type: 'psk', strengthDbm: -80 },
];
const offline = world({
  isOnline: false,
  facts: facts([target], { links: [card] }),
  wifi: { networks, configured: [] },
});
const secret = 'correct horse';

t.test('a network of the list', async t => {
  const { state, asked, needs } = talk(offline, ['home', secret]);
  t.same(asked, ['wifi', 'wifiPassphrase']);
  t.same(needs, ['wifi']);
  const online = { ...offline, isOnline: true };
  const next = supply(state, { kind: 'isJoined', world: online }).state;
  t.equal(openQuestion(next)?.id, 'disks');
  const { reachability } = resolveAnswers(next.answers, next.world, undefined);
  t.match(reachability.network.wifi, [{ ssid: 'home' }]);
  t.equal(reachability.network.wifi![0]!.passphrase!.reveal().toString(), secret);
  t.notMatch(JSON.stringify(publicConfiguration(next.answers, next.world)), /horse/);
  t.equal(
    openQuestion(supply(state, { kind: 'isJoined', world: offline }).state)?.id,
    'address',
    'joined, and no server gave an address',
  );
});

t.test('no step leads back behind a network that was joined', async t => {
  const { state } = talk(offline, ['home', secret]);
  const { state: joined } = supply(state, { kind: 'isJoined', world: { ...offline, isOnline: true } });
  const back = reply(joined, '<').state;
  t.match(resolveAnswers(back.answers, back.world, undefined).reachability.network.wifi, [{ ssid: 'home' }]);
  const further = reply(reply(joined, '/dev/vda').state, '<').state;
  t.equal(openQuestion(further)?.id, 'disks');
  t.match(resolveAnswers(further.answers, further.world, undefined).reachability.network.wifi, [
    { ssid: 'home' },
  ]);
});

t.test('what is shown', async t => {
  const rows = openQuestion(talk(offline, []).state)!.prompt.rows!;
  t.same(rows.map(({ name, unfit }) => (unfit === undefined ? name : `-${name}`)), ['home', '-work', '[2Jevil', '(other)', '(none)'].map(name => name === '[2Jevil' ? rows[2]!.name : name)); // prettier-ignore
  t.notMatch(rows[2]!.name, '\u001b');
});

t.test('an open network does not hide another one of its name', async t => {
  const seen = [{ ssid: 'home', type: 'open', strengthDbm: -20 }, ...networks];
  const { asked, needs } = talk({ ...offline, wifi: { networks: seen, configured: [] } }, ['home', secret]);
  t.same(asked, ['wifi', 'wifiPassphrase']);
  t.same(needs, ['wifi']);
});

t.test('hidden, none, again', async t => {
  const hidden = talk(offline, ['(other)', 'x'.repeat(33), 'attic', 'short', secret]);
  t.same(hidden.asked, ['wifi', 'wifiName', 'wifiName', 'wifiPassphrase', 'wifiPassphrase']);
  t.match(hidden.state.answers.wifi, { ssid: 'attic', hidden: true });
  t.same(talk(offline, ['(none)']).asked, ['wifi']);
  t.equal(openQuestion(talk(offline, ['(none)']).state)?.id, 'address');
  t.same(talk(offline, ['']).needs, ['look']);
  t.equal(openQuestion(talk({ ...offline, wifi: undefined }, []).state)?.id, 'address', 'an image without Wi-Fi');
}); // prettier-ignore

t.test('a wrong passphrase leads back to the list', async t => {
  const { state } = talk(offline, ['home', secret]);
  const again = supply(state, { kind: 'failed', problem: 'the passphrase is wrong' });
  t.equal(openQuestion(again.state)?.id, 'wifi');
  t.match(again.remarks, [{ kind: 'problem', text: 'the passphrase is wrong' }]);
  t.equal(again.state.answers.wifiPassphrase, undefined);
  const refusal = new DabeiError('WIFI_NOT_FOUND', { doing: 'joining', problem: 'gone' });
  t.equal(openQuestion(refuse(state, refusal)!.state)?.id, 'wifi');
});

t.test('networks of the configuration are kept, with their passphrases', async t => {
  const given = { network: { wifi: [{ ssid: 'home', passphrase: secret }], wifiCountry: 'DE' } };
  const files = [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(given)) }];
  const { config } = resolveConfiguration({ commandLine: '', files });
  const base = baseOf({ config });
  t.same(base.network, { wifiCountry: 'DE' });
  const { wifi: configured = [] } = networkSchema.parse(given.network);
  const here = world({ base, wifi: { networks: [], configured } });
  const { problems, reachability } = resolveAnswers({}, here, undefined);
  t.same(problems.filter(({ path }) => path.startsWith('network')), []); // prettier-ignore
  t.match(reachability.network, { wifi: [{ ssid: 'home' }], wifiCountry: 'DE' });
});
