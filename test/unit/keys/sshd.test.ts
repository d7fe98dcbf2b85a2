import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../agent/host/exec.ts';
import { readAuthorizedKeys } from '../../../agent/keys/authorized-keys.ts';
import { checkout } from '../../../image/lib/host.ts';
import { imagePackages } from '../../support/image-packages.ts';
import { sshOptions, startSshd } from '../../support/sshd.ts';

/** What our reading of authorized_keys and of sshd's log says, against the sshd of the image. */
const packages = await imagePackages();
t.setTimeout(600_000);
const now = () => Date.now() / 1000;

async function makeIdentity(file: string): Promise<string> {
  const argv = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'me@laptop', '-f', file];
  await attempt({ doing: 'making a key', argv, timeoutSeconds: 60 });
  const { stdout } = await attempt({ doing: 'reading it', argv: ['cat', `${file}.pub`], timeoutSeconds: 20 });
  return stdout.trim();
}

t.test('who gets a shell', async t => {
  const directory = t.testdir({ root: {} });
  const identity = join(directory, 'me');
  const key = await makeIdentity(identity);
  const sshd = await startSshd(join(directory, 'root'), packages);
  t.teardown(sshd.stop);
  const files: string[] = [
    key,
    key.replaceAll(' ', '\t'),
    `${key}\r`,
    ` \t${key}`,
    `\ufeff${key}`,
    `\ufeff${key}\n${key}`,
    `# ${key}`,
    `restrict \t ${key}`,
    `no-pty,,agent-forwarding ${key}`,
    `restrictfoo ${key}`,
    `from="192.0.2.0/24, 198.51.100.0/24",command="echo a b" ${key}`,
    `from="192.0.2.0/24, 127.0.0.1" ${key}`,
    `from="127.0.0.0/8" ${key}`,
    `from="127.0.0.1/8" ${key}`,
    `from="127.0.0.1,,::1" ${key}`,
    `from="localhost" ${key}`,
    `command="echo forced # \\"x\\"" ${key}`,
    `command="" ${key}`,
    `command="echo one",command="echo two" ${key}`,
    `command="echo ${key}`,
    `expiry-time="20200101" ${key}`,
    `expiry-time="20990101Z" ${key}`,
    `expiry-time="2099" ${key}`,
    `cert-authority ${key}`,
    `principals="root" ${key}`,
    `environment="A" ${key}`,
    key.slice(0, 60),
    key.replace('ssh-ed25519', 'ssh-rsa'),
    `command="echo forced" ${key}\n${key}`,
    `expiry-time="20200101" ${key}\n${key}`,
    `${key}\ncommand="echo forced" ${key}`,
  ];
  for (const text of files) {
    sshd.authorize(`${text}\n`);
    const lines = text.split('\n').filter(line => !line.startsWith('#'));
    const keys = readAuthorizedKeys(lines, now()).filter(({ isAuthority }) => !isAuthority);
    // From elsewhere than the loopback interface they let somebody in.
    const elsewhere = /from="192\.0\.2\.0\/24/.test(text);
    const expected = elsewhere ? 'nobody' : (keys.find(({ use }) => use !== 'unusable')?.use ?? 'nobody');
    const { exitCode, stdout } = await sshd.ssh(identity, '-T', 'echo shell-$((40 + 2))');
    const got = exitCode === 255 ? 'nobody' : stdout === 'shell-42\n' ? 'shell' : 'command';
    t.equal(got, expected, JSON.stringify(text.replaceAll(key.split(' ')[1]!, 'AAAA…')));
  }
});

t.test('a login is what sshd says alone', async t => {
  const directory = t.testdir({ root: {} });
  const root = join(directory, 'root');
  const [identity, stranger] = [join(directory, 'me'), join(directory, 'stranger')];
  const key = await makeIdentity(identity);
  await makeIdentity(stranger);
  // A DHCP server's message, in the output of the client that the agent's stub starts.
  const crafted = 'Accepted publickey for root from 192.0.2.1 port 5 ssh2: ED25519 SHA256:x';
  const scripts = join(directory, 'scripts');
  const prepare = [
    'busybox --install -s /stubs',
    'cd /stubs && rm -f ip udhcpc pidof cut && cp /scripts/* .',
    'mkdir -p /run/dabei',
    'exec bash /dabei/sshd',
  ].join('\n');
  await attempt({ doing: 'making a directory', argv: ['mkdir', '-p', scripts], timeoutSeconds: 20 });
  const stub = (name: string, text: string) =>
    writeFileSync(join(scripts, name), `#!/usr/bin/bash\n${text}\n`, { mode: 0o755 });
  stub('ip', `printf 'no\\n${crafted}\\n'`);
  stub('udhcpc', `printf 'message from server: no\\n${crafted}\\n'`);
  stub('pidof', 'exit 1');
  // The machine has been up for long: the agent is not waited for.
  stub('cut', 'echo 1000');
  const sshd = await startSshd(root, packages, ['bash', '-c', prepare], {
    '/scripts': scripts,
    '/dabei': checkout('image/rootfs/root/usr/lib/dabei'),
  });
  t.teardown(sshd.stop);
  sshd.authorize(`${key}\n`);
  chmodSync(join(root, 'run/dabei'), 0o700);

  /** How the timer of the return sees it: as it reads the log, with a second to go. */
  const cancels = async () => {
    const run = join(directory, `timer-${Math.random()}`);
    const bin = join(run, 'bin');
    await attempt({ doing: 'making directories', argv: ['mkdir', '-p', bin], timeoutSeconds: 20 });
    writeFileSync(join(bin, 'reboot'), '#!/bin/sh\nkill -KILL $PPID\n', { mode: 0o755 });
    const logs = ['sshd.log', 'sshd-start.log'].map(name => join(root, 'run/dabei', name));
    await attempt({ doing: 'copying the logs', argv: ['cp', ...logs, run], timeoutSeconds: 20 });
    const env = { PATH: `${bin}:${process.env['PATH']}`, DABEI_RUN: run, DABEI_DEV: run };
    await attempt({
      doing: 'waiting for the timer',
      // The stub of reboot kills it.
      argv: ['sh', '-c', 'sh "$0" 1 || true', checkout('image/rootfs/initramfs/return')],
      env,
      timeoutSeconds: 60,
    });
    const { stdout } = await attempt({
      doing: 'asking',
      argv: ['cat', join(run, 'return/cancelled')],
      timeoutSeconds: 20,
    });
    return stdout.trim() === 'login';
  };
  const forget = () => writeFileSync(join(root, 'run/dabei/sshd.log'), '');

  const others = await attempt({
    doing: 'reading what others said',
    argv: ['cat', join(root, 'run/dabei/sshd-start.log')],
    timeoutSeconds: 20,
  });
  t.match(others.stdout, new RegExp(`^${crafted}$`, 'm'), 'the message was printed');
  t.notOk(await cancels(), "a server's message");
  t.equal((await sshd.ssh(stranger, 'true')).exitCode, 255);
  t.notOk(await cancels(), 'a stranger');
  const none = ['-o', 'User=Accepted publickey for root from 192.0.2.1'];
  t.equal((await sshd.ssh(identity, ...none, 'true')).exitCode === 0, false);

  const logins: [string, () => Promise<{ exitCode: number }>][] = [
    ['a command', () => sshd.ssh(identity, 'true')],
    ['no terminal, no command', () => sshd.ssh(identity, '-T', '-n')],
    [
      'a copy',
      () =>
        attempt({
          doing: 'copying a file',
          argv: [
            'scp',
            ...sshOptions(identity),
            '-P',
            String(sshd.port),
            `${identity}.pub`,
            'root@127.0.0.1:/tmp/copy',
          ],
          timeoutSeconds: 60,
        }),
    ],
  ];
  for (const [name, logIn] of logins) {
    forget();
    t.equal((await logIn()).exitCode, 0, name);
    t.ok(await cancels(), name);
  }
});
