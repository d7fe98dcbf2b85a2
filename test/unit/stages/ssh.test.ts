import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { sshSchema } from '../../../agent/config/schema.ts';
import { asDabeiError, type ErrorCode } from '../../../agent/errors.ts';
import { startSsh, type SshOptions, type SshResult } from '../../../agent/stages/ssh.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import { doorsTo, type TestDoors, type World } from '../../support/doors.ts';

/** A private key as ssh-keygen(1) writes it. */
function hostKey(t: Test, type: string, passphrase = ''): string {
  const file = join(t.testdir(), type);
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', '', '-f', file]);
  return readFileSync(file, 'utf8');
}

const answering = async () => 'SSH-2.0-OpenSSH_10.0';

async function start(
  t: Test,
  name: string,
  world: World,
  hostKeys: readonly string[] = [],
  options: SshOptions = {},
  keys: readonly string[] = [publicKeyOf('me')],
) {
  const doors = doorsTo(join(t.testdir({ [name]: {} }), name), {
    real: ['ssh-keygen'],
    network: { readBanner: answering },
    ...world,
  });
  const ssh = sshSchema.parse({ hostKeys });
  const starting = startSsh(doors, ssh, keys, { root: doors.root, ...options });
  const [result, error] = await starting.then(
    (made): [SshResult, null] => [made, null],
    (thrown: unknown): [null, ReturnType<typeof asDabeiError>] => [null, asDabeiError(thrown, 'starting')],
  );
  return { doors, result, error };
}

const port = '/etc/ssh/sshd_config.d/port.conf';
const logins = '/root/.ssh/authorized_keys';
const wrote = ({ written, root }: TestDoors, path: string) => written.includes(`${root}${path}`);

t.test('without a host key, one is made', async t => {
  const { doors, result } = await start(t, 'machine', {});
  t.match(result, { hostKeys: [{ type: 'ed25519', generated: true }], authorizedKeys: 1, warnings: [] });
  t.match(result?.fingerprints[0], /^ed25519 SHA256:/);
  t.equal(doors.read(port), 'Port 22\n');
  t.equal(doors.read(logins), `${publicKeyOf('me')}\n`);
  t.equal(doors.read('/run/dabei/ssh-ready'), '');
});

t.test('given host keys, each type once, with its certificate', async t => {
  const [ed25519, ecdsa, second] = [hostKey(t, 'ed25519'), hostKey(t, 'ecdsa'), hostKey(t, 'ed25519')];
  const hostCertificates = new Map([
    ['ssh_host_ed25519_key-cert.pub', 'certificate\n'],
    ['ssh_host_rsa_key-cert.pub', 'of a key that is not given\n'],
  ]);
  const options = { otherPort: 2222, hostCertificates };
  const { doors, result } = await start(t, 'machine', {}, [ed25519, ecdsa, second], options);
  t.match(result, { hostKeys: [{ type: 'ed25519', generated: false }, { type: 'ecdsa' }] });
  t.equal(doors.read('/etc/ssh/ssh_host_ed25519_key'), ed25519);
  t.match(result?.warnings, [/host key 3 of 3 is a second key of the type ed25519/]);
  t.match(doors.told, [{ event: 'warning', text: /second key/ }]);
  t.equal(doors.read(port), 'Port 22\nPort 2222\nHostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub\n');
  t.equal(doors.read('/etc/ssh/ssh_host_rsa_key-cert.pub'), null);
  for (const number of [1, 2, 3])
    t.equal(doors.read(`/run/dabei/host-key-${number}`), null, 'no key is left in a scratch file');
});

t.test('an sshd that runs already reads its keys again', async t => {
  const files = { '/run/sshd.pid': '4711\n', '/proc/4711/stat': '' };
  const { doors } = await start(t, 'machine', { files, programs: { busybox: 'exit 1' } });
  t.ok(doors.ran.includes('busybox kill -HUP 4711'));
});

t.test('keys that nobody can log in with are told', async t => {
  const me = publicKeyOf('me');
  const rows: [name: string, given: string[], kept: string, usable: number, warnings: RegExp[]][] = [
    ['none', [], '', 0, [/^there is no authorized key: nobody can log in over SSH$/]],
    ['blank', ['', '# a comment'], '', 0, [/^there is no authorized key/]],
    ['damaged', [me.slice(0, 40)], '', 0, [/^authorized key 1 .*: it /, /nobody can log in|no authorized key permits a login/]],
    ['expired', [`expiry-time="20200101" ${me}`], '', 0, [/^authorized key 1 permits no login: it /, /^no authorized key permits a login over SSH$/]],
    ['expired-beside', [`expiry-time="20200101" ${me}`, publicKeyOf('host')], '', 1, [/^authorized key 1 permits no login: it /]],
    ['already', [], `${me}\n`, 1, []],
  ]; // prettier-ignore
  for (const [name, given, kept, usable, warnings] of rows) {
    const files: Record<string, string> = kept === '' ? {} : { [logins]: kept };
    const { result, error } = await start(t, name, { files }, [], {}, given);
    t.equal(error, null, name);
    t.equal(result?.authorizedKeys, usable, name);
    t.equal(result?.warnings.length, warnings.length, `${name}: ${result?.warnings.join('; ')}`);
    t.match(result?.warnings, warnings, name);
  }
});

t.test('doors that fail', async t => {
  const damaged = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';
  const locked = hostKey(t, 'ed25519', 'a passphrase');
  const nobody = { network: { readBanner: async () => null } };
  const rows: [
    name: string,
    world: World,
    keys: string[],
    code: ErrorCode,
    problem: RegExp,
    isWritten: { logins: boolean; port: boolean },
  ][] = [
    ['damaged', {}, [damaged], 'SSH_HOST_KEY', /host key 1 of 1: it is damaged/, { logins: true, port: true }],
    ['locked', {}, [locked], 'SSH_HOST_KEY', /protected by a passphrase/, { logins: true, port: true }],
    ['no-sshd', nobody, [], 'SSH_START', /nothing answers on port 22 after 60 s$/, { logins: true, port: true }],
    ['sshd-log', { ...nobody, files: { '/var/log/sshd.log': 'a\nBad configuration\n' } }, [], 'SSH_START', /: a; Bad configuration$/, { logins: true, port: true }],
    ['sshd-start', { ...nobody, files: { '/run/dabei/sshd-start.log': 'ln: File exists\n' } }, [], 'SSH_START', /: ln: File exists$/, { logins: true, port: true }],
    ['other', { network: { readBanner: async () => '220 ftp' } }, [], 'SSH_START', /something other than sshd/, { logins: true, port: true }],
    ['missing', { real: [] }, [], 'COMMAND_MISSING', /ssh-keygen/, { logins: false, port: false }],
    ['exit', { real: [], programs: { 'ssh-keygen': 'echo no entropy >&2; exit 3' } }, [], 'COMMAND_FAILED', /exit code 3: no entropy/, { logins: false, port: false }],
    ['no-key', { real: [], programs: { 'ssh-keygen': 'exit 0' } }, [], 'FILE', /ssh-keygen made none/, { logins: false, port: false }],
    ['killed', { real: [], programs: { 'ssh-keygen': 'kill -9 $$' } }, [], 'COMMAND_FAILED', /exit code 137/, { logins: false, port: false }],
    ['slow', { real: [], programs: { 'ssh-keygen': 'exec sleep 60' }, programSeconds: 0.3 }, [], 'COMMAND_TIMEOUT', /did not end/, { logins: false, port: false }],
    ['full', { failing: [['writeAtomic', /authorized_keys$/, 'ENOSPC']] }, [], 'FILE', /ENOSPC/, { logins: true, port: false }],
    ['denied', { failing: [['writeAtomic', /port\.conf$/, 'EACCES']] }, [], 'FILE', /EACCES/, { logins: true, port: true }],
    ['read-only', { failing: [['makeDirectory', /etc\/ssh$/, 'EROFS']] }, [], 'FILE', /EROFS/, { logins: false, port: false }],
  ]; // prettier-ignore
  for (const [name, world, keys, code, problem, isWritten] of rows) {
    const { doors, error } = await start(t, name, world, keys);
    t.match(error, { code, problem }, name);
    t.same({ logins: wrote(doors, logins), port: wrote(doors, port) }, isWritten, `${name}: what was tried`);
    t.equal(doors.read('/run/dabei/ssh-ready') !== null, code.startsWith('SSH'), `${name}: sshd may start`);
    if (code === 'SSH_HOST_KEY')
      t.match(error?.cause, { hostKeys: [{ generated: true }] }, `${name}: sshd runs with another key`);
  }
});
