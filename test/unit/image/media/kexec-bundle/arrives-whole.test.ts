import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'tap';
import { selfExtractingHead } from '../../../../../image/media/kexec-bundle.ts';
import { bundle, shell, underEachShell } from './shells.ts';

underEachShell('a bundle that did not arrive whole', (t, argv) => {
  const here = t.testdir({ a: 'x', ba: 'x' });
  execFileSync('sh', ['-c', 'sha256sum a ba >SHA256SUMS'], { cwd: here });
  const verify = (before = '') => {
    const { stderr } = shell(argv, `${before}\nverify_bundle; printf %s "$refusals" >&2`, { here });
    return stderr.replace(/^error PREFLIGHT_IMAGE_HASH: /, '').replace(/\n {2}next: [^\n]*\n/, ' ');
  };
  const damaged = (names: string) => `the bundle is damaged or incomplete: ${names} 1`;
  t.equal(verify(), '0');
  writeFileSync(`${here}/a`, 'y');
  t.equal(verify(), damaged('a'), 'the name of the other ends with it');
  t.equal(verify('sha256sum() { printf "a: FAILED\\nba: OK\\n"; }'), damaged('a'), 'FAILED, and exit code 0');
  t.equal(verify('sha256sum() { :; }'), damaged('a ba'), 'nothing is said');
  writeFileSync(`${here}/SHA256SUMS`, '');
  t.equal(verify(), damaged('SHA256SUMS'));
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
