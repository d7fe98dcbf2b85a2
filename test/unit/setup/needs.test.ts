import t from 'tap';
import { DabeiError, Refusals } from '../../../agent/errors.ts';
import { hopeless, openQuestion, refuse, reply, supply } from '../../../agent/setup/machine.ts';
import { publicConfiguration } from '../../../agent/setup/configuration.ts';
import { content, disk, facts, GiB } from '../../fixtures/disks.ts';
import { card, key, otherCard, otherKey, talk, target, world } from '../../support/guided/world.ts';

/** What comes from outside between two questions, and what planning refuses. */

const offline = world({ isOnline: false, facts: facts([target], { links: [card] }) });
const toKeys = ['/dev/vda', 'open', 'web'];
const toEnd = [...toKeys, key, ''];

t.test('a fixed address, where DHCP failed', async t => {
  const { state, asked, needs } = talk(offline, ['192.0.2.7/24', '192.0.2.1', '192.0.2.53 192.0.2.54']);
  t.same(asked, ['address', 'gateway', 'nameServers']);
  t.same(needs, ['network']);
  const up = supply(state, { kind: 'isUp' });
  t.equal(openQuestion(up.state)?.id, 'disks');
  t.same(publicConfiguration(up.state.answers, offline).network, {
    interfaces: [
      {
        mac: card.mac,
        addresses: ['192.0.2.7/24'],
        routes: [{ destination: 'default', gateway: '192.0.2.1' }],
      },
    ],
    dns: { servers: ['192.0.2.53', '192.0.2.54'] },
  });
});

t.test('a gateway that does not answer leads back to the address', async t => {
  const { state } = talk(offline, ['192.0.2.7/24', '192.0.2.1', '']);
  const failed = supply(state, { kind: 'failed', problem: 'no gateway answers' });
  t.equal(openQuestion(failed.state)?.id, 'address');
  t.match(failed.remarks, [{ kind: 'problem', text: 'no gateway answers' }]);
  t.equal(publicConfiguration(failed.state.answers, offline).network, undefined);
});

const wrong: [question: string, before: string[], line: string, problem: RegExp][] = [
  ['address', [], '192.0.2.7', /prefix|address/],
  ['address', [], '192.0.2.700/24', /address/],
  ['gateway', ['192.0.2.7/24'], 'router', /address/],
  ['gateway', ['192.0.2.7/24'], '', /type an address/],
  ['nameServers', ['192.0.2.7/24', '192.0.2.1'], 'dns.example.org', /address/],
];
for (const [question, before, line, problem] of wrong)
  t.test(`${question}: ${JSON.stringify(line)}`, async t => {
    const { state, remarks } = talk(offline, [...before, line]);
    t.equal(openQuestion(state)?.id, question, 'asked again');
    t.match(remarks.at(-1), { kind: 'problem', text: problem });
  });

t.test('two cards: which one; Enter alone looks again', async t => {
  const two = { ...offline, facts: facts([target], { links: [card, otherCard] }) };
  const again = talk(two, ['']);
  t.same(again.needs, ['look']);
  t.equal(openQuestion(again.state)?.id, 'link');
  const online = supply(again.state, { kind: 'looked', world: world() });
  t.equal(openQuestion(online.state)?.id, 'disks', 'a cable was attached');
  const { state } = talk(two, ['eth1', '2001:db8::7/64']);
  t.match(publicConfiguration(state.answers, two).network, { interfaces: [{ mac: otherCard.mac }] });
  t.match(openQuestion(talk(two, ['2']).state)?.prompt.text, /eth1 have\?.*It has no cable/);
});

t.test('no disk: Enter looks again', async t => {
  const none = world({ facts: facts([]) });
  t.match(openQuestion(talk(none, []).state)?.prompt.text, /^No disk can be used/);
  const { state, needs } = talk(none, ['']);
  t.same(needs, ['look']);
  const looked = supply(state, { kind: 'looked', world: world() });
  t.match(openQuestion(looked.state)?.prompt.rows, [{ name: '/dev/vda' }]);
});

const fetched: [answer: string, text: string | null, keys: string[] | undefined][] = [
  ['one', `${key}\n`, [key]],
  ['two, comments, a blank line', `# mine\n${key}\n\n${otherKey}\n`, [key, otherKey]],
  ['with Windows line breaks', `${key}\r\n`, [key]],
  ['a page', '<html>not found</html>', undefined],
  ['nothing', '', undefined],
  ['a failure', null, undefined],
];
for (const [name, text, keys] of fetched)
  t.test(`keys of a GitHub user: ${name}`, async t => {
    const { state, needs } = talk(world(), [...toKeys, 'url', 'octo-cat']);
    t.same(needs, ['fetch']);
    t.same(reply(talk(world(), [...toKeys, 'url']).state, 'octo-cat').need, {
      kind: 'fetch',
      url: 'https://github.com/octo-cat.keys',
    });
    const files = [{ name: 'https://github.com/octo-cat.keys', text: text ?? '' }];
    const step = supply(
      state,
      text === null ? { kind: 'failed', problem: 'no answer' } : { kind: 'files', files },
    );
    t.same(step.state.answers.keys, keys);
    t.equal(openQuestion(step.state)?.id, 'keys');
    t.equal(step.remarks.at(-1)?.kind, keys === undefined ? 'problem' : 'ok');
  });

t.test('a stick with several files: which one', async t => {
  const { state, needs } = talk(world(), [...toKeys, 'stick']);
  t.same(needs, ['stick']);
  const files = [
    { name: '/dev/sdb1: a.pub', text: key },
    { name: '/dev/sdb1: notes.pub', text: 'hello' },
    { name: '/dev/sdb1: b.pub', text: otherKey },
  ];
  const { state: found } = supply(state, { kind: 'files', files });
  t.match(openQuestion(found), {
    id: 'keyFile',
    prompt: { rows: [{ name: '/dev/sdb1: a.pub' }, { name: '/dev/sdb1: b.pub' }] },
  });
  t.same(reply(found, '2').state.answers.keys, [otherKey]);
  t.equal(openQuestion(reply(found, '<').state)?.id, 'keys');
  t.equal(openQuestion(reply(found, '3').state)?.id, 'keyFile');
});

const refused: [
  code: 'DISK_INSTALLED' | 'POOL_NAME_TAKEN' | 'DISK_CHANGED' | 'NO_LOGIN',
  question: string,
][] = [
  ['DISK_CHANGED', 'disks'],
  ['POOL_NAME_TAKEN', 'poolName'],
  ['DISK_INSTALLED', 'generation'],
  ['NO_LOGIN', 'keys'],
];
for (const [code, question] of refused)
  t.test(`planning refuses with ${code}: back to ${question}`, async t => {
    const { state } = talk(world(), toEnd);
    const step = refuse(state, new DabeiError(code, { doing: 'planning', problem: 'no', remedy: 'do' }))!;
    t.equal(openQuestion(step.state)?.id, question);
    t.same(step.remarks, [{ kind: 'problem', text: 'no; do' }]);
  });

t.test('several reasons, each at its question', async t => {
  const reasons = (['POOL_NAME_TAKEN', 'NO_LOGIN'] as const).map(
    code => new DabeiError(code, { doing: 'planning', problem: code }),
  );
  const step = refuse(talk(world(), toEnd).state, new Refusals(reasons))!;
  t.equal(openQuestion(step.state)?.id, 'poolName');
  const next = reply(step.state, 'tank');
  t.equal(openQuestion(next.state)?.id, 'keys');
  t.match(publicConfiguration(next.state.answers, world()), { disks: { poolName: 'tank' } });
});

t.test('a finished installation: each time a higher generation', async t => {
  let { state } = talk(world(), toEnd);
  const installed = new DabeiError('DISK_INSTALLED', { doing: 'planning', problem: 'installed' });
  for (const generation of [2, 3]) {
    state = reply(refuse(state, installed)!.state, 'erase').state;
    t.match(publicConfiguration(state.answers, world()), { disks: { generation } });
  }
  t.equal(openQuestion(reply(refuse(state, installed)!.state, 'other').state)?.id, 'disks');
});

t.test('what no answer solves ends it', async t => {
  const { state } = talk(world(), toEnd);
  t.equal(refuse(state, new DabeiError('FIRMWARE_32BIT', { doing: 'planning', problem: 'no' })), null);
  t.equal(refuse(state, new Error('a bug')), null);
  // The address cannot be asked for: the network works.
  t.equal(
    refuse(state, new DabeiError('NETWORK_SILENT_GATEWAY', { doing: 'planning', problem: 'no' })),
    null,
  );
  const small = world({ facts: facts([target], { memoryBytes: 2 ** 27 }) });
  t.match(hopeless(talk(small, ['1']).state), [{ code: 'MEMORY_TOO_SMALL', question: null }]);
  t.same(hopeless(state), []);
});

t.test('a pool of the same name on another disk', async t => {
  const twin = disk({
    path: '/dev/vdb',
    aliases: [],
    serial: 'old',
    contents: [content('/dev/vdb1', { signature: 'zfs_member', label: 'rpool', sizeBytes: GiB })],
  });
  const here = world({ facts: facts([target, twin]) });
  t.equal(openQuestion(talk(here, ['/dev/vda']).state)?.id, 'poolName', 'asked at once');
  t.equal(openQuestion(talk(here, ['/dev/vda', 'bad name']).state)?.id, 'poolName');
  t.equal(openQuestion(talk(here, ['/dev/vda', 'tank']).state)?.id, 'encryption');
  t.equal(openQuestion(talk(here, ['/dev/vda /dev/vdb']).state)?.id, 'encryption', 'both are erased');
});
