import t from 'tap';
import { publicConfiguration, resolveAnswers } from '../../../agent/setup/configuration.ts';
import { openQuestion, stepBack } from '../../../agent/setup/machine.ts';
import type { World } from '../../../agent/setup/question.ts';
import { facts } from '../../fixtures/disks.ts';
import {
  card,
  key,
  medium,
  otherKey,
  passphrase,
  second,
  started,
  talk,
  target,
  third,
  used,
  world,
} from '../../support/guided/world.ts';

/** Whole conversations: what is asked, what comes out. */

const usual = ['/dev/vda', '', passphrase, passphrase, 'web-01', key, 'done'];

const whole: [name: string, world: World, lines: string[], asked: string, configuration: object][] = [
  ['one empty disk', world(), usual, 'disks encryption passphrase repeat hostName keys keys', {
    hostName: 'web-01',
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'target' }], layout: 'single', encryption: 'aes-256-gcm' },
  }],
  ['numbers, defaults, the key of the login', world({ loginKey: key, presentKeys: [key] }), ['1', '1', passphrase, passphrase, '', '', ''],
    'disks encryption passphrase repeat hostName keys keys', {
    hostName: 'nixos',
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'target' }], layout: 'single', encryption: 'aes-256-gcm' },
  }],
  ['a disk with data, not encrypted, two keys', world({ facts: facts([used, medium]), presentKeys: [key, otherKey] }), ['1', 'open', 'a.example.org', 'present', ''],
    'disks encryption hostName keys keys', {
    hostName: 'a.example.org',
    rootAuthorizedKeys: [key, otherKey],
    disks: { devices: [{ serial: 'A1' }], layout: 'single', wipe: true, encryption: 'none' },
  }],
  ['the disk that the machine was started from', world({ facts: facts([started]) }), ['/dev/vda', 'open', 'a', key, ''],
    'disks encryption hostName keys keys', {
    hostName: 'a',
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'own' }], layout: 'single', encryption: 'none' },
  }],
  ['a mirror needs no question', world({ facts: facts([target, second]) }), ['1 2', '2', 'nas', key, ''],
    'disks encryption hostName keys keys', {
    hostName: 'nas',
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'target' }, { serial: 'second' }], layout: 'mirror', encryption: 'none' },
  }],
  ['three disks: which layout', world({ facts: facts([target, second, third]) }), ['/dev/vdc,/dev/vda /dev/vdb', 'raidz1', '2', 'nas', key, ''],
    'disks layout encryption hostName keys keys', {
    hostName: 'nas',
    rootAuthorizedKeys: [key],
    disks: {
      devices: [{ serial: 'third' }, { serial: 'target' }, { serial: 'second' }],
      layout: 'raidz1',
      encryption: 'none',
    },
  }],
  ['what was configured is kept, or the default', world({
    base: { hostName: 'before', system: { flake: 'github:me/infra#before' }, ssh: { port: 2200 }, disks: { devices: [{ serial: 'second' }], swap: 0, encryption: 'none' } },
    facts: facts([target, second]),
  }), ['', '', '', key, ''], 'disks encryption hostName keys keys', {
    hostName: 'before',
    system: { flake: 'github:me/infra#before' },
    ssh: { port: 2200 },
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'second' }], swap: 0, layout: 'single', encryption: 'none' },
  }],
]; // prettier-ignore

for (const [name, here, lines, asked, configuration] of whole)
  t.test(name, async t => {
    const said = talk(here, lines);
    t.equal(said.asked.join(' '), asked);
    t.equal(openQuestion(said.state), null, 'everything is answered');
    t.same(publicConfiguration(said.state.answers, here), configuration);
    t.same(resolveAnswers(said.state.answers, here, undefined).problems, []);
    t.notMatch(JSON.stringify(publicConfiguration(said.state.answers, here)), passphrase);
  });

t.test('the passphrase arrives', async t => {
  const { config } = resolveAnswers(talk(world(), usual).state.answers, world(), undefined);
  t.equal(config?.disks?.key?.reveal().toString(), passphrase);
});

const upTo = { encryption: 1, passphrase: 2, repeat: 3, hostName: 4, keys: 5 } as const;

/** Each is said to an answer, at the question that it belongs to, which is asked again. */
const wrong: [question: string, before: readonly string[], line: string, problem: RegExp, world?: World][] = [
  ['disks', [], '7', /"7" is not one of them: type a number, 1, or a name/],
  ['disks', [], '0', /is not one of them/],
  ['disks', [], 'vda', /"vda" is not one of them/],
  ['disks', [], '/dev/vda /dev/vda', /named twice/],
  ['disks', [], '/dev/sdz', /\/dev\/sdz: this system was booted from it/, world({ facts: facts([target, medium]) })],
  ['disks', [], '1', /dev\/vda has sectors of 4096 bytes/, world({ facts: facts([{ ...target, logicalSectorBytes: 4096 }]) })],
  ['layout', ['1 2 3'], 'raidz3', /"raidz3" is not one of them/, world({ facts: facts([target, second, third]) })],
  ['encryption', usual.slice(0, upTo.encryption), 'yes', /is not one of them/],
  ['passphrase', usual.slice(0, upTo.passphrase), 'short', /must be 8 to 512 bytes long/],
  ['passphrase', usual.slice(0, upTo.passphrase), 'x'.repeat(513), /must be 8 to 512 bytes long/],
  ['passphrase', usual.slice(0, upTo.passphrase), 'with\u0007 a bell', /has a control character/],
  ['hostName', usual.slice(0, upTo.hostName), '-web', /is not a valid host name/],
  ['hostName', usual.slice(0, upTo.hostName), 'x'.repeat(64), /is not a valid host name/],
  ['keys', usual.slice(0, upTo.keys), 'done', /is not one of them/],
  ['keys', usual.slice(0, upTo.keys), 'ssh-rsa AAAA', /opens no shell: it has a ssh-rsa key that is cut off/],
  ['keys', usual.slice(0, upTo.keys), `command="date" ${key}`, /opens no shell: it is restricted to one command/],
  ['keyUrl', [...usual.slice(0, upTo.keys), 'url'], 'http://example.org/keys', /only https/],
  ['keyUrl', [...usual.slice(0, upTo.keys), 'url'], 'https://me:secret@example.org/', /must not contain a password/],
  ['keyUrl', [...usual.slice(0, upTo.keys), 'url'], 'no address', /neither an address nor a name/],
  ['key', [...usual.slice(0, upTo.keys), 'paste'], '-----BEGIN OPENSSH PRIVATE KEY-----', /that is a private key/],
  ['key', [...usual.slice(0, upTo.keys), 'paste'], '', /opens no shell/],
]; // prettier-ignore

for (const [question, before, line, problem, here = world()] of wrong)
  t.test(`${question}: ${JSON.stringify(line.slice(0, 40))}`, async t => {
    const asked = talk(here, before);
    t.equal(openQuestion(asked.state)?.id, question);
    const { state, remarks } = talk(here, [...before, line]);
    t.equal(openQuestion(state)?.id, question, 'asked again');
    t.match(remarks.at(-1), { kind: 'problem', text: problem });
  });

t.test('two passphrases that differ: both are asked again', async t => {
  const { state, remarks } = talk(world(), [...usual.slice(0, upTo.repeat), 'another one']);
  t.equal(openQuestion(state)?.id, 'passphrase');
  t.match(remarks.at(-1), { kind: 'problem', text: /differ/ });
});

t.test('blanks at the ends of a passphrase are part of it, and of nothing else', async t => {
  const { state } = talk(world(), [
    '  /dev/vda ',
    '',
    ` ${passphrase} `,
    ` ${passphrase} `,
    ' web ',
    ` ${key} `,
    '',
  ]);
  t.equal(openQuestion(state), null);
  t.match(publicConfiguration(state.answers, world()), { hostName: 'web', rootAuthorizedKeys: [key] });
  t.equal(state.answers.passphrase?.reveal().toString(), ` ${passphrase} `);
});

t.test('"<" goes back at every question', async t => {
  for (let count = 1; count <= 6; count++) {
    const { state } = talk(world(), usual.slice(0, count));
    const before = openQuestion(talk(world(), usual.slice(0, count - 1)).state)?.id;
    const back = talk(world(), [...usual.slice(0, count), '<']);
    t.not(openQuestion(state)?.id, undefined);
    t.equal(openQuestion(back.state)?.id, before, `back to ${before}`);
  }
  const first = talk(world(), ['<']);
  t.match(first.remarks, [{ kind: 'note', text: /first question/ }]);
  t.equal(openQuestion(stepBack(talk(world(), usual).state).state)?.id, 'keys');
  const way = talk(world(), [...usual.slice(0, 5), 'url', '<']);
  t.equal(openQuestion(way.state)?.id, 'keys', 'from a way to the list of ways');
});

t.test('a line of a pasted file more than was asked for is a further key', async t => {
  const { state } = talk(world(), [...usual.slice(0, 5), 'paste', key, otherKey, '']);
  t.same(state.answers.keys, [key, otherKey]);
});

t.test('a card beside the disk: nothing is asked about a network that works', async t => {
  const { asked } = talk(world({ facts: facts([target], { links: [card] }) }), ['1']);
  t.same(asked, ['disks']);
});
