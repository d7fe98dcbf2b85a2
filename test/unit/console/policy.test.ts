import t from 'tap';
import { consolePolicy, type ConsoleQuestion } from '../../../agent/console/policy.ts';
import { withoutSecrets } from '../../../agent/console/without-secrets.ts';
import { isParameter, parameterKinds } from '../../../agent/config/sources/parameters.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { resolveWithoutFail } from '../../../agent/config/without-fail.ts';

const hash = `$6$abcdefgh$${'a'.repeat(86)}`;
const key = 'a passphrase of some length';
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

void t.test('the decision table', t => {
  const row = (
    shell: ConsoleQuestion['shell'],
    hasPassword: boolean,
    askedByParameter: boolean,
    secrets: ConsoleQuestion['secrets'],
  ) => consolePolicy({ shell, hasPassword, askedByParameter, secrets }).shell;
  for (const secrets of ['none', 'parameters', 'elsewhere'] as const) {
    t.equal(row('off', true, true, secrets), 'off');
    t.equal(row('root', false, false, secrets), 'root', 'the owner of the configuration decides');
    t.equal(row('password', true, false, secrets), 'password');
    t.equal(row('password', false, true, secrets), 'off', 'no hash is no password');
    t.equal(row(undefined, true, false, secrets), 'password', 'the default with a hash');
    t.equal(row(undefined, false, false, secrets), secrets === 'none' ? 'root' : 'off');
    const asked = secrets === 'elsewhere' ? 'off' : 'root';
    t.equal(
      row('root', false, true, secrets),
      asked,
      'an edited command line opens nothing to others’ secrets',
    );
    t.equal(row(undefined, true, true, secrets), secrets === 'elsewhere' ? 'off' : 'password');
  }
  t.end();
});

void t.test('what came in, from the sources as they are', t => {
  const file = (value: unknown) => ({ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(value)) });
  const decide = (commandLine: string, files: ReturnType<typeof file>[] = [], captured?: object) =>
    consolePolicy(
      resolveConfiguration({
        commandLine,
        files,
        ...(captured ? { captured: { value: captured, notes: [] } } : {}),
      }).consoleQuestion,
    ).shell;
  const rescue = { mode: 'rescue' };
  t.equal(decide(''), 'root');
  t.equal(decide('', [file(rescue)]), 'root');
  t.equal(decide('', [file({ ...rescue, disks: { devices: ['only'], key } })]), 'off');
  t.equal(decide(`dabei.mode=rescue dabei.disk_key=${Buffer.from(key).toString('base64')}`), 'off');
  t.equal(decide('', [], { ssh: { hostKeys: ['x'] } }), 'off', 'a captured key');
  t.equal(decide('', [file({ ...rescue, disc: { key } })]), 'off', 'a misspelt key may hold a secret');
  t.equal(decide('', [{ path: '/dabei.json', bytes: Buffer.from('{"disks": {"key":') }]), 'off', 'cut off');
  t.equal(decide('dabei.config=!!!'), 'off', 'unreadable');
  t.equal(decide('', [file({ ...rescue, console: { passwordHash: hash } })]), 'password');
  t.equal(
    decide('', [file({ nonsense: 1, console: { passwordHash: hash } })]),
    'password',
    'broken elsewhere',
  );
  t.equal(decide('', [file({ nonsense: 1, console: { shell: 'root' } })]), 'root', 'broken elsewhere');
  t.equal(decide('dabei.console=off', [file({ console: { shell: 'root' } })]), 'off');
  const secret = file({ ...rescue, disks: { devices: ['only'], key } });
  t.equal(decide(`dabei.config=${base64({ console: { shell: 'root' } })}`, [secret]), 'off');
  t.equal(decide(`dabei.config=${base64({ console: { passwordHash: hash } })}`, [secret]), 'off');
  t.equal(decide('dabei.console=root', [secret]), 'off', '/init dropped nothing: then no shell');
  t.end();
});

void t.test('every name of a secret parameter is a parameter, and no file is one by its name', t => {
  const secret = Buffer.from(key).toString('base64');
  const secretsOf = (commandLine: string, files: { path: string; bytes: Buffer }[] = []) =>
    resolveConfiguration({ commandLine, files }).consoleQuestion.secrets;
  const named = parameterKinds.filter(({ path }) => path === 'disks.key' || path === 'ssh.hostKeys');
  t.equal(named.length, 2);
  for (const name of named.flatMap(({ names }) => names))
    for (const written of [name, name.replaceAll('_', '-')])
      // The host key is none that can be read, so only the question whose it is counts.
      if (name.includes('disk_key'))
        t.equal(
          secretsOf(`dabei.mode=rescue disks=single:/dev/vda ${written}=${secret}`),
          'parameters',
          written,
        );
      else t.ok(isParameter(written), written);
  const bytes = Buffer.from(JSON.stringify({ mode: 'rescue', disks: { devices: ['only'], key } }));
  for (const path of ['dabei.json', 'disk_key.json', 'ssh_host_keys.json', 'runtime_info.json'])
    t.equal(secretsOf('', [{ path, bytes }]), 'elsewhere', path);
  t.end();
});

void t.test('nothing that throws opens a shell', t => {
  const fail = () => {
    throw new Error('a bug');
  };
  t.equal(consolePolicy(resolveWithoutFail([fail]).consoleQuestion).shell, 'off');
  t.end();
});

void t.test('dabei.console=root: nothing is installed, and the code says why', t => {
  const resolution = withoutSecrets(resolveConfiguration({ commandLine: 'dabei.console=root', files: [] }));
  t.equal(resolution.config, null);
  t.equal(resolution.mode, 'rescue');
  t.same(
    resolution.problems.map(({ code }) => code),
    ['CONSOLE_WITHOUT_SECRETS'],
  );
  t.equal(consolePolicy(resolution.consoleQuestion).shell, 'root');
  t.end();
});

void t.test('a hash that busybox cannot verify is refused, and not shown', t => {
  for (const wrong of [
    '$y$j9T$abcdefghijklmnop$3dL1Lk',
    '$1$abcdefgh$cHJi5PXp/ki/ktXzqlabc1',
    'plain',
    `$6$salt$${'a'.repeat(43)}`,
    `$5$salt$${'a'.repeat(86)}`,
    `$6$${'s'.repeat(17)}$${'a'.repeat(86)}`,
    `root:x\n$6$salt$${'a'.repeat(86)}`,
  ]) {
    const { config, problems } = resolveConfiguration({
      commandLine: '',
      files: [
        { path: '/dabei.json', bytes: Buffer.from(JSON.stringify({ console: { passwordHash: wrong } })) },
      ],
    });
    t.equal(config, null, wrong);
    t.equal(problems[0]?.path, 'console.passwordHash');
    t.notMatch(JSON.stringify(problems), wrong.slice(0, 12));
  }
  t.end();
});
