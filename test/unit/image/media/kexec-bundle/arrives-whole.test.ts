import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'tap';
import { selfExtractingHead } from '../../../../../image/media/kexec-bundle.ts';
import { bundle, shell, underEachShell } from './shells.ts';

underEachShell('a bundle that did not arrive whole', (t, argv) => {
  const directory = t.testdir({ bundle: { a: 'x', ba: 'x' }, memory: {}, bin: {} });
  const [here, memory] = [`${directory}/bundle`, `${directory}/memory`];
  execFileSync('sh', ['-c', 'sha256sum a ba >SHA256SUMS'], { cwd: here });
  const verify = (otherProgram = '') => {
    const own = otherProgram === '' ? '' : `PATH=${directory}/bin:$PATH; `;
    writeFileSync(`${directory}/bin/sha256sum`, `#!/bin/sh\n${otherProgram}\n`, { mode: 0o755 });
    const lines = `${own}hash_bundle; verify_bundle; printf whole >&2`;
    const { stderr, status } = shell(argv, lines, { here, memory });
    const said = stderr.replace(/^error PREFLIGHT_IMAGE_HASH: /, '').replace(/\n {2}next: [^\n]*\n/, ' ');
    return `${said}${status}`;
  };
  const damaged = (names: string) => `the bundle is damaged or incomplete: ${names} 10`;
  t.equal(verify(), 'whole0');
  writeFileSync(`${here}/a`, 'y');
  t.equal(verify(), damaged('a'), 'the name of the other ends with it');
  // busybox starts its own sha256sum, whatever the PATH.
  if (argv[0] !== 'busybox') {
    t.equal(verify('printf "a: FAILED\\nba: OK\\n"'), damaged('a'), 'FAILED, and exit code 0');
    t.equal(verify(':'), damaged('a ba'), 'nothing is said');
  }
  writeFileSync(`${here}/SHA256SUMS`, '');
  t.equal(verify(), damaged('SHA256SUMS'));
});

underEachShell('run ends before the bundle is read', (t, argv) => {
  if (argv[0] === 'busybox') return void t.pass('its sha256sum cannot be made to take long');
  const directory = t.testdir({ memory: {}, bin: {} });
  writeFileSync(`${directory}/bin/sha256sum`, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
  const lines = `PATH=${directory}/bin:$PATH; hash_bundle; stop_hashing; wait "$checking" || printf "ended with %s" $?`;
  const { stdout, status } = shell(argv, lines, { here: directory, memory: `${directory}/memory` });
  t.equal(`${stdout} ${status}`, 'ended with 143 0');
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
