import { existsSync } from 'node:fs';
import t from 'tap';
import { checkout } from '../../../image/lib/host.ts';
import { documents } from '../../support/documents/files.ts';
import { worlds } from '../../vm/worlds/index.ts';

/** docs/nixos-anywhere.md says of each option what happens, and where that was seen. */

/** What nixos-anywhere 1.13.0 takes, deprecated options too (parseArgs in its src/nixos-anywhere.sh), and reads from its environment. */
const options = [
  ...['--target-host', '-i', '-p', '--ssh-port', '--post-kexec-ssh-port', '--ssh-option', '--env-password'],
  ...['-t', '--tty', '--debug', '--help', '-f', '--flake', '-s', '--store-paths', '--build-on'],
  ...['--build-on-remote', '--no-disko-deps', '--generate-hardware-config', '--from', '--ssh-store-setting'],
  ...['--no-substitute-on-destination', '--no-use-machine-substituters', '--option', '-L'],
  ...['--print-build-logs', '--show-trace', '--vm-test', '--kexec', '--kexec-extra-flags', '--phases'],
  ...[
    '--stop-after-disko',
    '--no-reboot',
    '--disko-mode',
    '--disk-encryption-keys',
    '--extra-files',
    '--chown',
  ],
  '--copy-host-keys',
  ...['SSHPASS', 'SSH_PRIVATE_KEY', 'NIX_SSHOPTS', 'NIXOS_NO_CHECK'],
];

const { text } = documents.find(({ path }) => path === 'docs/nixos-anywhere.md')!;
/** Of options and variables; a table's head has no code in its first cell. */
const rows = text.split('\n').flatMap(line => {
  const cells = line.split('|').map(cell => cell.trim());
  return cells[1]?.startsWith('`') ? [{ terms: codes(cells[1]), does: cells[2], seen: cells[3] ?? '' }] : [];
});

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

t.test('a row for each option and variable, and for no other', async t => {
  t.same(rows.flatMap(({ terms }) => terms).toSorted(), options.toSorted());
  for (const { terms, does } of rows) t.not(does, '', terms.join());
});

t.test('each row says where it was seen, in worlds and files that exist', async t => {
  const names = worlds.map(({ name }) => name);
  for (const { terms, seen } of rows) {
    t.match(seen, /^(worlds? `|unit test `|by reading)/, terms.join());
    for (const code of codes(seen))
      t.ok(names.includes(code) || existsSync(checkout(code)), `${terms.join()}: ${code}`);
  }
});
