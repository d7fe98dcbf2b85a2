import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { checkout } from '../../../../image/lib/host.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';

/**
 * /usr/lib/dabei/sshd where the agent did not prepare SSH in time, in dash and in busybox's shell, below a directory of the test's own.
 */

const hostKey = '/etc/ssh/ssh_host_ed25519_key';
const logins = '/root/.ssh/authorized_keys';
const port = '/etc/ssh/sshd_config.d/port.conf';

interface World {
  name: string;
  files: Readonly<Record<string, string>>;
  /** What the agent writes when this program starts, as an agent does that is late. */
  meanwhile?: { at: 'ssh-keygen' | 'grep'; files: Readonly<Record<string, string>> };
  then: Readonly<Record<string, string | RegExp>>;
}

const json = JSON.stringify({
  rootAuthorizedKeys: [publicKeyOf('me'), `from="10.0.0.1" ${publicKeyOf('other')}`],
});
const given = { '/run/dabei/boot/dabei.json': json, '/run/dabei/boot/dabei/capture/ssh-port': '2222\n' };
const worlds: World[] = [
  {
    name: 'nothing is given',
    files: {},
    then: { [hostKey]: /^-----BEGIN OPENSSH PRIVATE KEY-----/, [`${hostKey}.pub`]: /^ssh-ed25519 / },
  },
  {
    name: 'keys and a port',
    files: { ...given, '/run/dabei/boot/ssh/ssh_host_ed25519_key': 'of the old system' },
    then: { [hostKey]: 'of the old system', [logins]: `${publicKeyOf('me')}\n`, [port]: 'Port 22\nPort 2222\n' },
  },
  {
    name: 'the agent has written before',
    files: { ...given, [hostKey]: 'its key', [logins]: 'its logins', [port]: 'its port' },
    then: { [hostKey]: 'its key', [logins]: 'its logins', [port]: 'its port' },
  },
  {
    name: 'the agent writes a host key while one is made',
    files: {},
    meanwhile: { at: 'ssh-keygen', files: { [hostKey]: 'its key', [`${hostKey}.pub`]: 'its public key' } },
    then: { [hostKey]: 'its key', [`${hostKey}.pub`]: 'its public key' },
  },
  {
    name: 'the agent writes logins while others are looked for',
    files: given,
    meanwhile: { at: 'grep', files: { [logins]: 'its logins' } },
    then: { [logins]: 'its logins' },
  },
]; // prettier-ignore

function put(root: string, contents: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

function program(root: string, path: string, text: string): void {
  put(root, { [path]: `#!/bin/sh\n${text}\n` });
  chmodSync(join(root, path), 0o755);
}

/** Standard input is a console: it has no end, and nobody types. */
const console = 'mkfifo "$1"; exec 3<>"$1"; shift; exec "$@" <&3';
const script = readFileSync(checkout('image/rootfs/root/usr/lib/dabei/sshd'), 'utf8').replace(
  '-lt 131',
  '-lt 0',
);

/** In a network of its own, which has no card: Debian's busybox takes its own programs, such as udhcpc, not those of PATH. */
const apart = ['unshare', '--user', '--map-root-user', '--net'];

for (const shell of [['dash'], ['busybox', 'sh']]) {
  for (const { name, files, meanwhile, then } of worlds) {
    // The same holds for grep.
    if (shell.length === 2 && meanwhile?.at === 'grep') continue;
    t.test(`${shell.join(' ')}: ${name}`, async t => {
      const root = t.testdir();
      put(root, {
        ...{ '/run/dabei/empty': '', '/etc/ssh/moduli': '', '/root/empty': '', '/var/log/empty': '' },
        ...files,
      });
      put(join(root, 'meanwhile'), meanwhile?.files ?? {});
      if (meanwhile !== undefined)
        program(
          root,
          `/bin/${meanwhile.at}`,
          `cp -r ${root}/meanwhile/. ${root}/\nPATH=/usr/bin:/bin exec ${meanwhile.at} "$@"`,
        );
      program(root, '/bin/pidof', 'exit 0');
      program(root, '/usr/sbin/sshd', `echo "$*" >${root}/started`);
      writeFileSync(
        join(root, 'script'),
        script.replaceAll(/(?<![\w.$}/-])\/(run|etc|root|sys|var|usr\/sbin)\//g, `${root}/$1/`),
      );
      const { exitCode, stderr } = await attempt({
        doing: name,
        argv: [...apart, 'sh', '-c', console, 'sh', join(root, 'console'), ...shell, join(root, 'script')],
        env: { PATH: `${root}/bin:/usr/bin:/bin` },
        timeoutSeconds: 60,
      });
      t.equal(exitCode, 0, stderr);
      t.ok(existsSync(join(root, 'started')), 'sshd starts');
      for (const [path, expected] of Object.entries(then)) {
        const text = readFileSync(join(root, path), 'utf8');
        if (typeof expected === 'string') t.equal(text, expected, path);
        else t.match(text, expected, path);
      }
      t.notOk(existsSync(join(root, `${logins}.found`)));
      t.notOk(existsSync(join(root, '/run/dabei/made')), 'no key is left elsewhere');
    });
  }
}
