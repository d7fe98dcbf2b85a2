import t, { type Test } from 'tap';
import { setup } from '../../../agent/commands/setup.ts';
import { asDabeiError } from '../../../agent/errors.ts';
import { blocks, documents } from '../../support/documents/files.ts';
import { guidedMachine } from '../../support/guided/guided-machine.ts';
import { scripted } from '../../support/guided/scripted.ts';
import { key, otherKey, passphrase } from '../../support/guided/world.ts';
import type { World } from '../../support/doors.ts';
import { device, lsblkSays } from '../../support/virtio-disks.ts';

/** `dabei setup` beside the terminal: what it reads, fetches and mounts, and how it ends. */

t.setTimeout(200_000);

const save = '/run/dabei/setup.json';
const toKeys = ['/dev/vda', '', passphrase, passphrase, 'web-01'];

async function run(t: Test, lines: readonly string[], world: World = {}, config?: string) {
  const doors = guidedMachine(t, world);
  const terminal = scripted(lines);
  const [code, error] = await setup(doors, terminal, { config, save }).then(
    code => [code, null] as const,
    (thrown: unknown) => [null, asDabeiError(thrown, 'testing')] as const,
  );
  t.ok(terminal.isClosed(), 'the terminal is given back');
  return { doors, terminal, code, error, shown: terminal.shown() };
}

const answers = (body: string, status = 200, headers = {}): World => ({
  network: { exchange: async () => ({ status, headers, body: Buffer.from(body) }) },
});

const ways: [name: string, lines: string[], world: World, shown: RegExp, keys: string[]][] = [
  ['a GitHub user', ['url', 'octocat', ''], answers(`${key}\n${otherKey}\n`), /ok: ssh-ed25519 me@laptop SHA256:[^]*ok: ssh-ed25519 you@desk/, [key, otherKey]],
  ['a user who does not exist', ['url', 'octocat', key, ''], answers('', 404), /problem: https:\/\/github\.com\/octocat\.keys: the server answered 404/, [key]],
  ['a redirection', ['url', 'https://a.example/', key, ''], answers('', 302, { location: 'http://b.example/' }), /redirects to "http:\/\/b\.example\/": give that\s+address if you trust it/, [key]],
  ['no answer', ['url', 'octocat', key, ''], { network: { exchange: async () => ({ failure: 'no route', code: '' }) } }, /problem: https:\/\/github\.com\/octocat\.keys: no route/, [key]],
  ['no stick', ['stick', key, ''], {}, /problem: there is no USB stick with a file system that can be read/, [key]],
  ['the keys that are here', ['', ''], { files: { '/root/.ssh/authorized_keys': `# mine\n${key}\n` } }, /1 {2}present {2}the keys that may log in to this system now/, [key]],
]; // prettier-ignore

for (const [name, lines, world, shown, keys] of ways)
  t.test(`a key from ${name}`, async t => {
    // No program writes to a disk here: the installation stops at the first.
    const found = await run(t, [...toKeys, ...lines, '/dev/vda'], world);
    t.match(found.shown, shown);
    t.equal(found.code, 1);
    t.match(JSON.parse(found.doors.read(save)!), { rootAuthorizedKeys: keys });
    t.same(
      found.doors.told.filter(({ event }) => event === 'error').map(entry => 'code' in entry && entry.code),
      ['COMMAND_MISSING'],
    );
  });

const stick = { ...device('vdc', 'stick'), tran: 'usb', rm: true };
const volume = (fstype: string) => ({
  ...stick,
  children: [{ ...stick, name: 'vdc1', path: '/dev/vdc1', type: 'part', fstype }],
});
const withStick = (script: string, fstype = 'vfat'): World => ({
  files: {
    '/lsblk': lsblkSays(device('vda', 'target'), volume(fstype)),
  },
  programs: { mount: `at=$ROOT/run/dabei/stick; ${script}`, umount: 'rm -r $ROOT/run/dabei/stick' },
});
const sticks: [name: string, world: World, lines: string[], shown: RegExp, options: RegExp][] = [
  ['one file', withStick(`echo '${key}' > $at/me.pub; echo x > $at/x.txt`), [], /ok: ssh-ed25519 me@laptop/, /-t vfat -o ro,nosuid,nodev,noexec \/dev\/vdc1/],
  ['two files', withStick(`mkdir $at/.ssh; echo '${key}' > $at/.ssh/me.pub; echo '${otherKey}' > $at/authorized_keys; ln -s /etc/shadow $at/x.pub`, 'ext4'), ['/dev/vdc1: .ssh/me.pub'],
    /1 {2}\/dev\/vdc1: authorized_keys[^]*2 {2}\/dev\/vdc1: \.ssh\/me\.pub[^]*ok: ssh-ed25519 me@laptop/, /-t ext4 -o ro,nosuid,nodev,noexec,norecovery/],
  ['names that move the cursor', withStick(`echo '${key}' > "$at/$(printf 'a\\033[2J.pub')"; echo '${otherKey}' > $at/b.pub`), ['1'],
    /1 {2}\/dev\/vdc1: a\.pub[^]*2 {2}\/dev\/vdc1: b\.pub/, /vfat/],
  ['an empty stick', withStick('exit 0'), [key], /problem: no \*\.pub and no authorized_keys in the root directory of \/dev\/vdc1/, /vfat/],
  ['a damaged stick', withStick('echo "wrong fs type" >&2; exit 32'), [key], /problem: \S+\/mount ended with exit code 32: wrong fs type|mount\s+ended with exit code 32/, /vfat/],
]; // prettier-ignore

for (const [name, world, lines, shown, options] of sticks)
  t.test(`a key from a stick: ${name}`, async t => {
    const found = await run(t, [...toKeys, 'stick', ...lines, 'done'], world);
    t.match(found.shown, shown);
    t.notMatch(found.shown, '\x1b', 'no escape sequence');
    t.equal(found.code, 130, 'cancelled at the last question');
    t.match(found.shown, /\^C\ncancelled: nothing was changed\n$/);
    t.match(
      found.doors.ran.find(line => line.startsWith('mount')),
      options,
    );
    t.equal(found.doors.read(save), null);
    t.equal(
      found.doors.ran.filter(line => line.startsWith('umount')).length,
      name === 'a damaged stick' ? 0 : 1,
    );
  });

t.test('the key of the login', async t => {
  process.env['SSH_USER_AUTH'] = '/tmp/sshauth.1';
  t.teardown(() => delete process.env['SSH_USER_AUTH']);
  const blob = key.split(' ').slice(0, 2).join(' ');
  const files = {
    '/tmp/sshauth.1': `publickey ${blob}\n`,
    '/root/.ssh/authorized_keys': `${otherKey}\n${key}\n`,
  };
  const { shown } = await run(t, [...toKeys, ''], { files });
  t.match(shown, /1 {2}login {4}the key of this login\n {14}ssh-ed25519 me@laptop/);
  t.match(shown, /ok: ssh-ed25519 me@laptop/);
});

t.test('a configuration of this boot, and one of --config', async t => {
  const boot = JSON.stringify({ hostName: 'boot', rootAuthorizedKeys: [key] });
  const files = { '/run/dabei/boot/dabei.json': boot };
  t.match((await run(t, toKeys.slice(0, 4), { files })).shown, /host name \[boot\]: \^C/);
  // As this command writes it: without the passphrase.
  const saved = {
    hostName: 'saved',
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'second' }], wipe: true },
  };
  const more = { ...files, '/root/saved.json': JSON.stringify(saved) };
  const { shown } = await run(t, ['', ''], { files: more }, '/root/saved.json');
  t.match(shown, /disk \[\/dev\/vdb\]: \n {2}note: everything on \/dev\/vdb will be lost/);
  const wrong = await run(t, [], { files: { '/root/saved.json': '{"hostNme": 1}' } }, '/root/saved.json');
  t.match(wrong.error, { code: 'CONFIG_SCHEMA' });
  t.match((await run(t, [], {}, '/root/absent.json')).error, { code: 'FILE' });
  const disko = { disks: { layout: 'disko', devices: ['/dev/vda'] }, system: { flake: 'github:me/a#b' } };
  const own = await run(t, [], { files: { '/root/d.json': JSON.stringify(disko) } }, '/root/d.json');
  t.match(own.error, { code: 'USAGE', message: /layout "disko"/ });
  const report = { url: 'https://reports.example.org/', ask: {} };
  const asks = { report, disks: { devices: ['/dev/vda'] } };
  for (const [path, config] of [['/run/dabei/boot/dabei.json'], ['/root/d.json', '/root/d.json']] as const) {
    const held = await run(t, toKeys, { files: { [path]: JSON.stringify(asks) } }, config);
    t.match(held.error, { code: 'USAGE', message: /report\.ask/ }, path);
  }
});

t.test('a machine that cannot be installed to: said as soon as it is known', async t => {
  const { error, doors } = await run(t, ['/dev/vda'], {
    files: { '/proc/meminfo': 'MemTotal: 131072 kB\n' },
  });
  t.match(error, { code: 'MEMORY_TOO_SMALL' });
  t.equal(doors.read(save), null);
});

t.test('another dabei is at work', async t => {
  const claim = () => {
    throw asDabeiError(new Error('busy'), 'starting');
  };
  const { error, shown } = await run(t, ['1'], { claim });
  t.match(error, { code: 'INTERNAL', message: /busy/ });
  t.equal(shown, '');
});

t.test('back from the last question', async t => {
  const { shown, code } = await run(t, [...toKeys, key, '', '<', '<', '<', 'web-02', key, '']);
  t.equal(code, 130);
  t.equal(shown.match(/planning; this takes/g)?.length, 2);
  t.match(shown, /host name \[nixos\]: web-02/);
});

t.test('docs/media.md shows what is shown', async t => {
  const words = 'abbey rivet mumble ocean plaza';
  const said = await run(t, ['1', '', words, words, 'web-01', key, '', '/dev/vda']);
  // Without the blank before the cursor.
  const shown = said.shown.replaceAll(/ +$/gm, '');
  const block = blocks(
    documents.find(({ path }) => path === 'docs/media.md')!,
    '',
  ).find(text => text.startsWith('# dabei setup\n'))!;
  let at = 0;
  const parts = block.replace('# dabei setup\n', '').split(/^…\n/m);
  t.ok(parts.length > 3);
  for (const part of parts) {
    const found = shown.indexOf(part, at);
    t.ok(found >= at, part);
    at = found + part.length;
  }
});

t.test('a fixed address that nobody answers', async t => {
  const silent = { ifname: 'eth0', addr_info: [] };
  const lines = ['192.0.2.7/24', '192.0.2.1', '', ''];
  const { shown, code, doors } = await run(t, lines, { files: { '/addresses': JSON.stringify([silent]) }, programs: { '/usr/lib/dabei/resolvconf': 'exit 0' }, waiting: 30 });
  t.match(shown, /DHCP\s+gave none/);
  t.match(shown, /problem: no configured gateway answers[^]*address: \n {2}ok: looked again/);
  t.match(shown, /cancelled: no disk was changed; the network stays as you gave it until the next start\n$/);
  t.equal(code, 130);
  t.ok(doors.ran.some(line => line.startsWith('ip ')));
}); // prettier-ignore

t.test('a wireless network that an earlier run has joined is installed, too', async t => {
  const typed = JSON.stringify([{ ssid: 'home', passphrase: 'tower of babel', hidden: true }]);
  const files = { '/run/dabei/wifi/typed.json': typed };
  const found = await run(t, [...toKeys, key, '', '/dev/vda'], { files });
  t.match(found.shown.replace(/\s+/g, ' '), 'wireless networks of the installed system: "home"');
  t.notMatch(found.shown, 'babel');
  t.notMatch(found.doors.read(save), /home|babel/, 'the file with the answers has no passphrase');
});
