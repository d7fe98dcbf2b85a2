import t from 'tap';
import { join } from 'node:path';
import { attempt } from '../../../../agent/host/exec.ts';
import { makeDirectory, writeAtomic } from '../../../../agent/host/files.ts';
import { checkout } from '../../../../image/lib/host.ts';

/** /usr/lib/dabei/console, with what is typed on its standard input. */
async function enter(directory: string, state: Readonly<Record<string, string>>): Promise<string> {
  makeDirectory(join(directory, 'console'));
  for (const [name, content] of Object.entries(state)) {
    makeDirectory(join(directory, name, '..'));
    writeAtomic(join(directory, name), content, 0o600);
  }
  const script = join(checkout(), 'image/rootfs/root/usr/lib/dabei/console');
  const { stdout } = await attempt({
    doing: 'pressing Enter at a console',
    argv: ['sh', script],
    env: { DABEI_RUN: directory },
    stdin: '\necho $((40 + 2))0001\n',
    timeoutSeconds: 60,
  });
  return stdout;
}

const rows: [name: string, state: Record<string, string>, shell: boolean, says: RegExp][] = [
  ['root', { 'console/shell': 'root\n' }, true, /Press Enter for a shell/],
  [
    'off, with the ways in',
    {
      'console/shell': 'off\n',
      'console/because': 'a passphrase or a private key came in\n',
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
