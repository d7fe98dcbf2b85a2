import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { newc, readNewc } from '../../../../image/media/cpio.ts';

await requireHostPackages({ '/usr/bin/cpio': 'cpio' });

const members = [
  { path: 'dabei.json', content: Buffer.from('{"hostName": "ä"}'), mode: 0o600 },
  { path: 'dabei/options.json', content: Buffer.from(''), mode: 0o600 },
  { path: 'dabei/run', content: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
];

t.test('cpio reads what newc wrote, and so does readNewc', async t => {
  const archive = newc(members);
  const directory = t.testdir({});
  const argv = ['--extract', '--make-directories', '--quiet'];
  execFileSync('cpio', argv, { cwd: directory, input: archive });
  for (const { path, content, mode } of members) {
    t.ok(readFileSync(join(directory, path)).equals(content), path);
    t.equal(statSync(join(directory, path)).mode & 0o777, mode, path);
  }
  t.equal(statSync(join(directory, 'dabei')).mode & 0o777, 0o700);
  t.strictSame(readNewc(archive), { members, length: archive.length });
  t.strictSame(readNewc(Buffer.concat([archive, Buffer.alloc(9)])), { members, length: archive.length });
});

t.test('an archive that is cut off, or none', async t => {
  const archive = newc(members);
  for (let length = 0; length < archive.length; length += 3)
    t.equal(readNewc(archive.subarray(0, length)), null, `${length} bytes`);
  t.equal(readNewc(Buffer.alloc(512)), null);
  t.equal(readNewc(Buffer.from('070701zz')), null);
});
