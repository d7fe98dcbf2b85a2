import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test, type Test } from 'tap';
import { selfExtractingHead } from '../../../../../image/media/kexec-bundle.ts';
import { bundle, shell, underEachShell } from './shells.ts';

/** A bundle of one program and an initrd, with right hashes; `memory` is the file system in RAM. */
function place(t: Test) {
  const directory = t.testdir({ bundle: { ip: 'x', zip: 'x', initrd: 'x' }, memory: {}, bin: {} });
  const here = `${directory}/bundle`;
  execFileSync('sh', ['-c', 'sha256sum ip zip initrd >SHA256SUMS'], { cwd: here });
  return { directory, here, memory: `${directory}/memory` };
}

underEachShell('a bundle that did not arrive whole', (t, argv) => {
  const { directory, here, memory } = place(t);
  /** What is said, how far it came, and the exit code. */
  const verify = (otherProgram = '') => {
    const own = otherProgram === '' ? '' : `PATH=${directory}/bin:$PATH; `;
    writeFileSync(`${directory}/bin/sha256sum`, `#!/bin/sh\n${otherProgram}\n`, { mode: 0o755 });
    const lines = `${own}hash_bundle; printf 'captured ' >&2; verify_bundle; printf 'whole ' >&2`;
    const { stderr, status } = shell(argv, lines, { here, memory });
    const said = stderr
      // Shells tell of some of the processes that were killed, and not of others.
      .replaceAll('Killed\n', '')
      .replace('error PREFLIGHT_IMAGE_HASH: ', '')
      .replace(/\n {2}next: [^\n]*\n/, ' ');
    return `${said}${status}`;
  };
  const damaged = (names: string) => `the bundle is damaged or incomplete: ${names} 10`;
  t.equal(verify(), 'captured whole 0');
  writeFileSync(`${here}/initrd`, 'y');
  t.equal(verify(), `captured ${damaged('initrd')}`);
  writeFileSync(`${here}/ip`, 'y');
  t.equal(verify(), damaged('ip initrd'), 'the capture starts ip; the name of the third ends with it');
  rmSync(`${here}/initrd`);
  writeFileSync(`${here}/ip`, 'x');
  t.equal(verify(), `captured ${damaged('initrd')}`, 'a file is missing');
  // busybox starts its own sha256sum, whatever the PATH.
  if (argv[0] !== 'busybox') {
    const some = 'printf "ip: FAILED\\nzip: OK\\ninitrd: OK\\n"';
    t.equal(verify(some), damaged('ip'), 'FAILED, and exit code 0');
    t.equal(verify(':'), damaged('ip zip initrd'), 'nothing is said');
    t.equal(verify('kill -KILL $$'), damaged('ip zip initrd'), 'it is killed');
  }
  writeFileSync(`${here}/initrd`, 'x');
  execFileSync('sh', ['-c', 'sha256sum ip zip initrd >SHA256SUMS'], { cwd: here });
  t.equal(verify(), 'captured whole 0', 'it is whole again');
  execFileSync('sed', ['-i', '$d', 'SHA256SUMS'], { cwd: here });
  t.equal(verify(), `captured ${damaged('SHA256SUMS')}`, 'the list lost its last line');
  writeFileSync(`${here}/SHA256SUMS`, '');
  t.equal(verify(), damaged('SHA256SUMS'));
  rmSync(`${here}/SHA256SUMS`);
  t.equal(verify(), damaged('SHA256SUMS'));
});

underEachShell('run ends before the bundle is read', (t, argv) => {
  const ways: [what: string, lines: string, status: number][] = [
    ['a failure', 'false', 1],
    ['a refusal', 'refused', 10],
    ['a signal while it captures', 'kill -TERM $$; sleep 20', 143],
    ['a signal while it waits', '(sleep 0.5; kill -TERM $$) & verify_bundle', 143],
    ['Ctrl-C', '(sleep 0.5; kill -INT $$) & verify_bundle', 130],
  ];
  for (const [what, ending, expected] of ways) {
    const { here, memory } = place(t);
    // Nobody writes into it: whoever reads it waits for ever.
    rmSync(`${here}/initrd`);
    execFileSync('mkfifo', [`${here}/initrd`]);
    const traps = "trap stop_hashing EXIT; trap 'exit 143' TERM; trap 'exit 130' INT";
    const lines = `${traps}; hash_bundle; echo "$checking"; ${ending}`;
    const { stdout, stderr, status } = shell(argv, lines, { here, memory });
    const process = Number.parseInt(stdout, 10);
    t.equal(status, expected, what);
    t.ok(process > 1, what);
    t.notOk(existsSync(`/proc/${process}`), `${what}: the process has ended`);
    t.equal(stderr, '', what);
  }
});

test('the self-extracting file', async t => {
  const archive = Buffer.from('the archive');
  const head = selfExtractingHead('#!/bin/sh\nhead=@HEAD_BYTES@\narchive=@ARCHIVE_BYTES@\n', archive.length);
  const value = (name: string) => Number(new RegExp(`^${name}=(\\d+) *$`, 'm').exec(head)?.[1]);
  t.equal(value('head'), Buffer.byteLength(head));
  t.equal(value('archive'), archive.length);
});

underEachShell('the self-extracting file unpacks itself, or says that it is incomplete', (t, argv) => {
  const directory = t.testdir({ kexec: { run: 'echo "run: $*"\n' }, elsewhere: {} });
  execFileSync('tar', ['-cf', 'archive', 'kexec'], { cwd: directory });
  const archive = readFileSync(`${directory}/archive`);
  const head = selfExtractingHead(readFileSync(`${bundle}/unpack`, 'utf8'), archive.length);
  const whole = Buffer.concat([Buffer.from(head), archive]);
  const start = (bytes: Buffer) => {
    writeFileSync(`${directory}/bundle.sh`, bytes);
    const [program = '', ...args] = argv;
    return spawnSync(program, [...args, `${directory}/bundle.sh`, '--dry-run', 'a b'], {
      cwd: `${directory}/elsewhere`,
      encoding: 'utf8',
    });
  };
  const cut = start(whole.subarray(0, -1));
  t.equal(cut.status, 10);
  t.match(cut.stderr, /PREFLIGHT_IMAGE_HASH/);
  t.notOk(existsSync(`${directory}/elsewhere/kexec`));
  const good = start(whole);
  t.equal(good.stdout, 'run: --dry-run a b\n', good.stderr);
});
