import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { test, type Test } from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { run } from '../../../../agent/host/exec.ts';
import { tree } from '../../../../agent/host/files.ts';
import { commitAll } from '../../../../agent/host/repository.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { imageNix } from '../../../support/image-nix.ts';
import { runParts } from '../../../support/run-parts.ts';

/** A flake on its way from the old system's directory to /etc/nixos: what Nix makes of it is the same at both ends. */

t.setTimeout(300_000);
await requireHostPackages({
  '/usr/bin/cpio': 'cpio',
  '/usr/bin/busybox': 'busybox',
  '/usr/bin/dash': 'dash',
  '/usr/bin/git': 'git',
});
const nix = await imageNix();
const shells = [['dash'], ['busybox', 'ash']] as const;

function shell(argv: readonly string[], script: string, variables: Record<string, string>) {
  const [program = '', ...args] = argv;
  const lines = ['set -eu; LC_ALL=C; export LC_ALL; umask 077', ...runParts.map(path => `. ${path}`), script];
  const env = { PATH: process.env['PATH'] ?? '', memory: '/nonexistent', ...variables };
  const { stdout, stderr, status } = spawnSync(program, [...args, '-c', lines.join('\n')], {
    env,
    encoding: 'utf8',
    timeout: 50_000,
  });
  return { stdout, stderr, status };
}

/** What public reports had in their flakes. */
function makeFlake(directory: string): string {
  const flake = join(directory, 'infra');
  mkdirSync(join(flake, 'hosts/empty'), { recursive: true });
  mkdirSync(join(flake, '.git'));
  mkdirSync(join(flake, 'modules/sub module/.git'), { recursive: true });
  const files: Record<string, string> = {
    'flake.nix': '{ outputs = _: { }; }\n',
    'hook.sh': '#!/bin/sh\n',
    '..hidden': 'two dots',
    '.one': 'one dot',
    'a b\nc': 'blanks and a line break',
    '-rf': 'an option',
    '*': 'a pattern',
    'hosts/ümlaut.nix': '1',
    'hosts/empty.nix': '',
    '.git/HEAD': 'ref: refs/heads/main\n',
    'modules/sub module/.git/HEAD': 'ref: refs/heads/main\n',
    'modules/sub module/x.nix': '2',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(flake, path), text);
  chmodSync(join(flake, 'hook.sh'), 0o755);
  // Only others may execute it: for Nix and git it is none that is executed.
  chmodSync(join(flake, '.one'), 0o645);
  const links: [string, string][] = [
    ['result', '/nix/store/00000000000000000000000000000000-nixos-system-x'],
    ['leak', '/etc/shadow'],
    ['out', '../../../../etc'],
    ['self', '.'],
    ['self-2', '.'],
    ['loop', 'loop'],
    ['hosts/up', '../flake.nix'],
    ['line', 'a\nb\n'],
  ];
  for (const [path, target] of links) symlinkSync(target, join(flake, path));
  return flake;
}

async function narHash(t: Test, directory: string): Promise<string> {
  const argv = nix.argv('nix', 'hash', 'path', directory);
  const env = nix.env(join(t.testdirName, 'nix'));
  return (await run({ doing: 'hashing', argv, env, timeoutSeconds: 60 })).stdout.trim();
}

/** A bundle's directory whose kernel and initrd are small, and the directory of what is appended. */
function prepare(t: Test): { here: string; boot: string; flake: string; memory: string } {
  const directory = t.testdir({
    here: { initrd: 'i'.repeat(4096), kernel: 'bzImage\n', bzImage: 'k' },
    memory: { boot: { dabei: { capture: {} } } },
  });
  const memory = join(directory, 'memory');
  return { here: join(directory, 'here'), boot: join(memory, 'boot'), memory, flake: makeFlake(directory) };
}

for (const argv of shells) {
  test(`links, modes and names arrive (${argv[0]})`, { timeout: 120_000 }, async t => {
    const { flake, ...variables } = prepare(t);
    const script = `read_options --flake ${flake}#web; write_configuration; write_configuration; assemble_initrd`;
    const { stderr, status } = shell(argv, script, variables);
    t.equal(stderr, '');
    t.equal(status, 0);
    const out = join(t.testdirName, 'out');
    mkdirSync(out);
    const archive = readFileSync(join(variables.memory, 'initrd')).subarray(4096);
    execFileSync('cpio', ['--extract', '--make-directories', '--quiet'], { cwd: out, input: archive });
    const arrived = join(out, 'dabei/flake');
    t.equal(readlinkSync(join(arrived, 'leak')), '/etc/shadow');
    t.equal(readlinkSync(join(arrived, 'line')), 'a\nb\n');
    t.ok(lstatSync(join(arrived, 'self')).isSymbolicLink());
    t.equal(lstatSync(join(arrived, 'hook.sh')).mode & 0o777, 0o700);
    t.notOk(
      tree(arrived).some(({ path }) => /(^|\/)\.git(\/|$)/.test(path)),
      'without its history',
    );
    const shadow = readFileSync('/etc/shadow', 'utf8').split('\n')[0]!;
    t.notOk(archive.includes(shadow), 'what a link leads to is not in the archive');

    // As the host flake stage does it (agent/plan/host-flake/host-flake.ts).
    const target = join(t.testdirName, 'nixos');
    mkdirSync(target);
    execFileSync('busybox', ['cp', '-RP', `${arrived}/.`, target]);
    execFileSync('busybox', ['chmod', '-R', 'u+rwX,go+rX', target]);
    const sent = join(t.testdirName, 'sent');
    cpSync(flake, sent, {
      recursive: true,
      verbatimSymlinks: true,
      filter: path => !path.endsWith('/.git'),
    });
    const expected = await narHash(t, sent);
    t.equal(await narHash(t, arrived), expected, 'the same NAR once unpacked');
    t.equal(await narHash(t, target), expected, 'and on the target');

    commitAll(realDoors, { directory: target, message: 'as installed', author: 'dabei <root@localhost>' });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'safe.directory=*', '-C', target, ...args], { encoding: 'utf8' });
    t.equal(git('status', '--porcelain'), '');
    t.equal(git('fsck', '--strict', '--full'), '');
    const modes = git('ls-files', '--stage', '-z').split('\0').filter(Boolean);
    const modeOf = (name: string) => modes.find(line => line.endsWith(`\t${name}`))?.split(' ')[0];
    t.equal(modeOf('hook.sh'), '100755');
    t.equal(modeOf('leak'), '120000');
    t.equal(modeOf('.one'), '100644');
    t.equal(modeOf('..hidden'), '100644');
    t.equal(statSync(join(target, 'hook.sh')).mode & 0o111, 0o111);
  });

  test(`what cannot be taken along is refused by name (${argv[0]})`, async t => {
    const { flake, ...variables } = prepare(t);
    execFileSync('mkfifo', [join(flake, 'hosts/pipe')]);
    const { status, stderr } = shell(
      argv,
      `read_options --flake ${flake}#web; write_configuration`,
      variables,
    );
    t.equal(status, 2);
    t.match(stderr, /^error USAGE: --flake: .*hosts\/pipe is a device, a socket or a pipe/);
  });

  test(`a large file is refused before it is copied (${argv[0]})`, async t => {
    const { flake, ...variables } = prepare(t);
    execFileSync('truncate', ['--size', '1T', join(flake, 'result.img')]);
    const script = `read_options --flake ${flake}#web; write_configuration`;
    const { status, stderr } = shell(argv, script, variables);
    t.equal(status, 10, stderr);
    t.match(stderr, /error PREFLIGHT_MEMORY: .*has 1048576 MiB: bundling it needs \d+ MiB of RAM/);
    t.match(stderr, /remove large files from the directory/);
    t.same(tree(join(variables.boot, 'dabei/flake')), []);
  });
}

test('its bytes count in what loading takes', async t => {
  const { flake, ...variables } = prepare(t);
  const amounts = (size: string) => {
    execFileSync('truncate', ['--size', size, join(flake, 'large')]);
    const script = `read_options --flake ${flake}#web; measure_flake "$sent_flake"; loading_kib`;
    return Number(shell(['dash'], script, variables).stdout);
  };
  t.equal(amounts('400M') - amounts('0'), 2 * 400 * 1024, 'one copy as a file, one in the kernel');
});
