import { join } from 'node:path';
import t, { type Test } from 'tap';
import { networkSchema } from '../../../agent/config/schema.ts';
import { asDabeiError, type ErrorCode } from '../../../agent/errors.ts';
import { stillSilent } from '../../../agent/stages/gateways.ts';
import { doorsTo, type World } from '../../support/doors.ts';

/** Gateways that were silent at the start, asked once more before an installation by hand. */

const mac = '52:54:00:12:34:56';
const links = JSON.stringify([
  { ifname: 'eth0', flags: ['UP', 'LOWER_UP'], mtu: 1500, link_type: 'ether', address: mac },
]);
const neighbour = JSON.stringify([{ dst: '192.0.2.1', lladdr: mac, state: ['REACHABLE'] }]);
const ip = (neighbours: string) => `case "$*" in
  *link) echo '${links}';;
  *neigh*) ${neighbours};;
  *-batch*) cat >> $ROOT/asked;;
  *) echo '[]';;
esac`;
const silent = ip(`echo '[]'`);
const answers = ip(`case "$*" in *192.0.2.1*) echo '${neighbour}';; *) echo '[]';; esac`);

const network = networkSchema.parse({
  interfaces: [
    {
      mac,
      addresses: ['192.0.2.7/24', '2001:db8::7/64'],
      routes: [
        { destination: 'default', gateway: '192.0.2.1' },
        { destination: '::/0', gateway: '2001:db8::1' },
      ],
    },
    {
      mac: '52:54:00:00:00:99',
      addresses: ['198.51.100.7/24'],
      routes: [{ destination: 'default', gateway: '198.51.100.1' }],
    },
  ],
});

async function ask(t: Test, programs: World['programs'], noted: readonly string[], more: World = {}) {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    files: { '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n' },
    programs: programs!,
    waiting: 3,
    ...more,
  });
  const found = await stillSilent(doors, network, noted).catch(
    (thrown: unknown) => asDabeiError(thrown, 'asking').code,
  );
  return { found, doors };
}

t.test('which gateways are still silent', async t => {
  const both = ['192.0.2.1', '2001:db8::1'];
  const rows: [name: string, ip: string, noted: string[], found: string[]][] = [
    ['all of them', silent, both, both],
    ['one answers: the machine can be reached', answers, both, []],
    ['one of an interface that this machine does not have', silent, ['198.51.100.1'], ['198.51.100.1']],
    ['one that is not configured any more', silent, ['203.0.113.1', ...both], both],
    ['an answer of another one counts as well', answers, ['2001:db8::1'], []],
  ];
  for (const [name, program, noted, expected] of rows) {
    const { found, doors } = await ask(t, { ip: program }, noted);
    t.same(found, expected, name);
    t.match(doors.read('/asked'), /^neigh replace 192\.0\.2\.1 dev eth0 use$/m, `${name}: asked`);
    t.notMatch(doors.read('/asked'), /address|route/, `${name}: nothing is configured`);
  }
  const { found, doors } = await ask(t, {}, []);
  t.same([found, doors.ran], [[], []], 'none was silent: nothing is started');
});

t.test('doors that fail', async t => {
  const noted = ['192.0.2.1'];
  const rows: [name: string, programs: World['programs'], found: string[] | ErrorCode, more?: World][] = [
    ['ip is missing', {}, 'COMMAND_MISSING'],
    ['ip is killed', { ip: 'kill -9 $$' }, 'COMMAND_FAILED'],
    ['ip never ends', { ip: 'exec sleep 60' }, 'COMMAND_TIMEOUT', { programSeconds: 0.3 }],
    ['ip answers nonsense', { ip: `echo '[{'` }, 'INTERNAL'],
    ['the question cannot be asked', { ip: silent.replace('cat >> $ROOT/asked', 'exit 1') }, noted],
  ];
  for (const [name, programs, expected, more] of rows)
    t.same((await ask(t, programs, noted, more)).found, expected, name);
});
