import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { endPassword, givePassword, wantsPassword } from '../../../agent/console/password.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { attempt } from '../../../agent/host/exec.ts';
import * as clock from '../../../agent/host/clock.ts';
import { checkout, requireHostPackages } from '../../../image/lib/host.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import { doorsTo } from '../../support/doors.ts';
import { imagePackages } from '../../support/image-packages.ts';
import { startSshd } from '../../support/sshd.ts';

await requireHostPackages({ '/usr/bin/busybox': 'busybox' });
t.setTimeout(300_000);

const onScreen = { drawn: ['tty1'], plain: [] };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const medium = 'console=ttyS0 console=tty0 loglevel=5 dabei.medium=iso';

const rows: [about: string, wants: boolean, commandLine: string, file?: string, captured?: object][] = [
  ['a medium that is not configured', true, medium],
  ['no medium', false, 'console=tty0'],
  ['another medium', false, 'dabei.medium=cd'],
  ['a key', false, `${medium} dabei.authorized_key=${base64(publicKeyOf('me'))}`],
  ['a configuration', false, medium, '{"mode": "rescue"}'],
  ['an empty configuration configures nothing', true, medium, '{}'],
  ['one that cannot be read', false, medium, '{"mode": '],
  ['a parameter', false, `${medium} dabei.hostname=web`],
  ['a wrong parameter', false, `${medium} dabei.host=web`],
  ['an address', false, `${medium} ip=192.0.2.7::192.0.2.1:255.255.255.0::eth0:off`],
  ['a configuration that is fetched', false, `${medium} dabei.config_url=https://config.example.org/a.json`],
  ['from an old system', false, medium, undefined, { rootAuthorizedKeys: [publicKeyOf('me')] }],
];
for (const [about, wants, commandLine, file, captured] of rows)
  t.test(`who has a password: ${about}`, async t => {
    const resolution = resolveConfiguration({
      commandLine,
      files: file === undefined ? [] : [{ path: '/dabei.json', bytes: Buffer.from(file) }],
      ...(captured === undefined ? {} : { captured: { value: captured, notes: [] } }),
    });
    t.equal(wantsPassword(commandLine, resolution, onScreen), wants);
    t.equal(wantsPassword(commandLine, resolution, { drawn: [], plain: ['ttyS0'] }), wants);
    t.notOk(wantsPassword(commandLine, resolution, { drawn: [], plain: [] }), 'nobody would see it');
  });

const shadow = 'root:*:1:0:99999:7:::\nsshd:!:1::::::\n';
const program = '/usr/lib/dabei/no-password';

t.test('the password is in a file of root and on the screen alone', async t => {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    files: { '/etc/shadow': shadow },
    programs: { [program]: `touch $ROOT/ended` },
    real: ['busybox'],
  });
  await endPassword(doors);
  t.equal(doors.read('/ended'), null, 'there is none');
  await givePassword(doors);
  const password = doors.read('/run/dabei/screen/password') ?? '';
  t.match(
    password,
    /^([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz](-([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz]){3}$/,
  );
  t.equal(statSync(join(doors.root, 'run/dabei/screen/password')).mode & 0o777, 0o600);
  const [, salt = '', hash] = /^root:(\$6\$[^$]+\$)([^:]+):/.exec(doors.read('/etc/shadow') ?? '') ?? [];
  const [, , plainSalt = ''] = salt.split('$');
  const { stdout } = await attempt({
    doing: 'hashing it again',
    argv: ['busybox', 'mkpasswd', '-m', 'sha512', '-P', '0', '-S', plainSalt],
    stdin: password,
    timeoutSeconds: 60,
  });
  t.equal(stdout.trim(), `${salt}${hash}`);
  t.match(doors.read('/etc/shadow'), /^sshd:!/m);
  const told = JSON.stringify([doors.told, doors.ran]);
  t.notOk(told.includes(password), 'in no log and no argument');
  await givePassword(doors);
  t.not(doors.read('/run/dabei/screen/password'), password, 'another one at each start');
  await endPassword(doors);
  t.equal(doors.read('/ended'), '');
});

t.test('a hash that cannot be made leaves no password', async t => {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    files: { '/etc/shadow': shadow },
    programs: { busybox: 'exit 1' },
  });
  await t.rejects(givePassword(doors), { code: 'COMMAND_FAILED' });
  t.equal(doors.read('/etc/ssh/sshd_config.d/password.conf'), null);
  t.equal(doors.read('/etc/shadow'), shadow);
});

/** Runs /usr/lib/dabei/no-password on a directory. */
async function end(directory: string, pid: number | undefined) {
  if (pid !== undefined) writeFileSync(join(directory, 'run/sshd.pid'), `${pid}\n`);
  return attempt({
    doing: 'ending the login by password',
    argv: ['sh', checkout('image/rootfs/root/usr/lib/dabei/no-password')],
    env: { DABEI_ETC: join(directory, 'etc'), DABEI_RUN: join(directory, 'run') },
    timeoutSeconds: 20,
  });
}

t.test('the end of the password', async t => {
  const conf = { ssh: { 'sshd_config.d': { 'password.conf': 'x', 'port.conf': 'Port 22\n' } } };
  const given = {
    etc: { shadow: shadow.replace('*', '$6$a$b'), ...conf },
    run: { dabei: { screen: { password: 'lusab-babad' } } },
  };
  const directory = t.testdir(given);
  const sshd = spawn('sleep', ['60']);
  const ended = new Promise(resolve => sshd.once('exit', (_, signal) => resolve(signal)));
  t.equal((await end(directory, sshd.pid)).exitCode, 0);
  t.equal(await ended, 'SIGHUP', 'sshd reads its configuration again');
  t.equal(readFileSync(join(directory, 'etc/shadow'), 'utf8'), shadow);
  t.throws(() => statSync(join(directory, 'etc/ssh/sshd_config.d/password.conf')));
  t.throws(() => statSync(join(directory, 'run/dabei/screen/password')));
  t.ok(statSync(join(directory, 'etc/ssh/sshd_config.d/port.conf')));
  writeFileSync(join(directory, 'etc/shadow'), shadow.replace('*', '$6$c$d'));
  await end(directory, undefined);
  t.match(
    readFileSync(join(directory, 'etc/shadow'), 'utf8'),
    /\$6\$c\$d/,
    'the password of a configuration stays',
  );
});

t.test('sshd of the image: the password opens a session, until it ends', async t => {
  const packages = await imagePackages();
  const directory = t.testdir({ root: {}, given: {}, machine: {} });
  const doors = doorsTo(join(directory, 'machine'), { files: { '/etc/shadow': shadow }, real: ['busybox'] });
  await givePassword(doors);
  const given = join(directory, 'given');
  const from = (path: string) => join(doors.root, path);
  cpSync(from('etc/shadow'), join(given, 'shadow'));
  cpSync(from('etc/ssh/sshd_config.d/password.conf'), join(given, 'password.conf'));
  cpSync(checkout('image/rootfs/root/usr/lib/dabei/no-password'), join(given, 'no-password'));
  mkdirSync(join(directory, 'root/given'), { recursive: true });
  const script = [
    'mkdir -p /tmp/bin && /usr/bin/busybox --install -s /tmp/bin && export PATH=/tmp/bin:$PATH',
    'cp /given/shadow /etc/shadow && cp /given/password.conf /etc/ssh/sshd_config.d/',
    '/usr/sbin/sshd -D -E /var/log/sshd.log & ',
    'while [ ! -e /given/off ]; do sleep 0.2; done',
    'sh /given/no-password; touch /given/done; wait',
  ];
  const busybox = [
    '/usr/bin/busybox',
    'sh',
    '-c',
    script.join('\n').replace('mkdir', '/usr/bin/busybox mkdir'),
  ];
  const sshd = await startSshd(join(directory, 'root'), packages, busybox, { '/given': given });
  t.teardown(sshd.stop);

  const login = async (password: string) => {
    const answer = join(directory, 'answer');
    writeFileSync(answer, `#!/bin/sh\necho '${password}'\n`);
    chmodSync(answer, 0o700);
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'NumberOfPasswordPrompts=1'];
    return attempt({
      doing: 'logging in',
      argv: [
        ...['ssh', '-F', '/dev/null', ...options.flatMap(option => ['-o', option])],
        ...['-p', String(sshd.port), 'root@127.0.0.1', 'echo in'],
      ],
      env: { SSH_ASKPASS: answer, SSH_ASKPASS_REQUIRE: 'force' },
      timeoutSeconds: 60,
    });
  };
  const password = doors.read('/run/dabei/screen/password')!;
  const right = await login(password);
  t.equal(
    right.stdout,
    'in\n',
    `${right.stderr}\n${readFileSync(join(directory, 'root/var/log/sshd.log'), 'utf8')}`,
  );
  t.match((await login('wrong')).stderr, /Permission denied/);
  const blocked = await login(password);
  t.equal(blocked.stdout, '', 'after a failure, the next attempt has to wait');
  t.notMatch(blocked.stderr, /Permission denied/);
  const allowed = await clock.poll(
    async () => ((await login(password)).stdout === 'in\n' ? true : null),
    60,
    5,
  );
  t.ok(allowed, 'and then it is allowed');
  writeFileSync(join(given, 'off'), '');
  await clock.poll(
    async () => (statSync(join(given, 'done'), { throwIfNoEntry: false }) ? true : null),
    30,
    0.1,
  );
  await clock.sleep(1);
  const after = await login(password);
  t.equal(after.stdout, '');
  t.match(after.stderr, /Permission denied \(publickey\)/, 'a password is not even asked for');
});
