import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../agent/host/exec.ts';

const dabei = async (...argv: string[]) => {
  const loaders = ['--import=tsx', '--import=./test/support/nix-text.mjs'];
  const { exitCode, stderr } = await attempt({
    doing: 'running dabei',
    argv: [process.execPath, ...loaders, 'agent/main.ts', ...argv],
    cwd: new URL('../../..', import.meta.url).pathname,
    timeoutSeconds: 120,
  });
  return { exitCode, stderr };
};

t.test('dabei plan says where each problem is, and what to do', { timeout: 120_000 }, async t => {
  const file = join(t.testdir(), 'bad.json');
  writeFileSync(
    file,
    '{\n  "disks": {\n    "devices": ["/dev/vda"], "wipee": true\n  }, "hostId": 12345678\n}\n',
  );
  const stderr = `error CONFIG_SCHEMA: reading the configuration: ${file}:2:12 disks.key: is missing, and an installation needs it
  next: give the passphrase as disks.key, or dabei.disk_key in base64
error CONFIG_SCHEMA: reading the configuration: ${file}:3:30 disks.wipee: unknown key
  next: did you mean "wipe"?
error CONFIG_SCHEMA: reading the configuration: ${file}:4:16 hostId: expected string, got number
  next: correct ${file} and try again; nothing was changed
`;
  t.same(await dabei('plan', '--config', file), { exitCode: 1, stderr });
});

t.test('a wrong command line', { timeout: 120_000 }, async t => {
  const next = '\n  next: dabei --help\n';
  t.same(await dabei('instal'), {
    exitCode: 2,
    stderr: `error USAGE: reading the command line: there is no command instal${next}`,
  });
});

t.test('dabei setup without a terminal would show the passphrase', { timeout: 120_000 }, async t => {
  t.same(await dabei('setup'), {
    exitCode: 2,
    stderr:
      'error USAGE: starting the guided installation: standard input and output are not a terminal\n' +
      '  next: run it on a console, or with "ssh -t root@ADDRESS dabei setup"\n',
  });
});
