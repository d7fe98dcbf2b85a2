import { readFileSync } from 'node:fs';
import t from 'tap';
import { join } from 'node:path';
import { attempt } from '../../../../agent/host/exec.ts';
import { list, makeDirectory, writeAtomic } from '../../../../agent/host/files.ts';
import { checkout } from '../../../../image/lib/host.ts';

/** /usr/lib/dabei/console, with what is typed on its standard input. */
async function enter(
  directory: string,
  state: Readonly<Record<string, string>>,
  typed = '',
): Promise<string> {
  makeDirectory(join(directory, 'console'));
  for (const [name, content] of Object.entries(state)) {
    makeDirectory(join(directory, name, '..'));
    writeAtomic(join(directory, name), content, 0o600);
  }
  const script = join(checkout(), 'image/rootfs/root/usr/lib/dabei/console');
  const { stdout } = await attempt({
    doing: 'pressing Enter at a console',
    argv: ['sh', script],
    env: { DABEI_RUN: directory, DABEI: '/bin/echo' },
    stdin: `${typed}\necho $((40 + 2))0001\n`,
    timeoutSeconds: 60,
  });
  return stdout;
}

t.test('while a shell is open, the status screen leaves its console alone', async t => {
  const directory = t.testdir({ screen: {} });
  const first = await enter(directory, { 'console/shell': 'root\n' });
  t.notMatch(first, '\x1b', 'a console without a screen gets no control sequence');
  const marks = list(join(directory, 'console')).filter(name => name.startsWith('in-use.'));
  t.equal(marks.length, 1, 'until the script starts again');
  const tty = marks[0]!.slice('in-use.'.length);
  writeAtomic(join(directory, `screen/${tty}.json`), '{}', 0o600);
  const off = await enter(directory, { 'console/shell': 'off\n', 'console/because': 'x\n' });
  t.notMatch(off, '\x1b');
});

t.test('the word setup', async t => {
  const root = await enter(t.testdir(), { 'console/shell': 'root\n' }, 'setup');
  t.match(root, /or type "setup" and Enter for the guided installation\.\nsetup\n$/);
  t.notMatch(root, '420001', 'no shell');
  const off = await enter(t.testdir(), { 'console/shell': 'off\n' }, 'setup');
  t.match(off, /No shell on this console/);
  t.notMatch(off, /^setup$/m);
});

t.test('without the agent, what the menu of a medium gives counts as no secret', async t => {
  const rows: [commandLine: string, shell: boolean][] = [
    ['quiet', true],
    ['dabei.medium=[redacted] dabei.screen=[redacted]', true],
    ['dabei.medium=[redacted] dabei.config=[redacted]', false],
  ];
  for (const [commandLine, shell] of rows) {
    const script = readFileSync(checkout('image/rootfs/root/usr/lib/dabei/console'), 'utf8');
    const [decide = ''] = /^without_agent\(\) \{\n[^]*?^\}\n/m.exec(script) ?? [];
    const { exitCode } = await attempt({
      doing: 'deciding without the agent',
      argv: [
        'sh',
        '-c',
        `${decide}run=$1; without_agent`,
        'sh',
        t.testdir({ cmdline: `${commandLine}\n`, boot: {} }),
      ],
      timeoutSeconds: 20,
    });
    t.equal(exitCode === 0, shell, commandLine);
  }
});

const rows: [name: string, state: Record<string, string>, shell: boolean, says: RegExp][] = [
  ['root', { 'console/shell': 'root\n' }, true, /Press Enter for a shell/],
  [
    'off, with the ways in',
    {
      'console/shell': 'off\n',
      'console/because': 'a passphrase, a private key or a token came in\n',
      'console/message': 'ssh root@192.0.2.7\n',
    },
    false,
    /came in\.\nssh root@192\.0\.2\.7\nLog in by SSH\. dabei\.console=root /,
  ],
  ['a word that nobody wrote', { 'console/shell': 'yes\n' }, false, /No shell on this console/],
  ['an empty file', { 'console/shell': '' }, false, /No shell on this console/],
];
for (const [name, state, shell, says] of rows) {
  t.test(name, async t => {
    const said = await enter(t.testdir(), state);
    t.match(said, says);
    t.equal(said.includes('420001'), shell, said);
  });
}
