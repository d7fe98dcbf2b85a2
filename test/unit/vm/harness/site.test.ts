import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openSite } from '../../../vm/harness/site.ts';
import { makeDisk } from '../../../vm/harness/disk.ts';

process.env['DABEI_ACCELERATOR'] = 'tcg';

const machine = { memoryMiB: 64, boot: { from: 'disk' }, limitSeconds: 60 } as const;

t.test('two runs with one cache', async t => {
  const directory = join(t.testdir(), 'power-cut');
  const first = await openSite(directory);
  const disk = first.disk('tank', 1);
  await t.rejects(openSite(directory, 1), { code: 'LOCK_WAIT' });
  t.ok(existsSync(disk.file), 'the disk of the first is still there');

  const second = openSite(directory, 60);
  await first.close(() => t.ok(existsSync(disk.file), 'nobody else has the directory yet'));
  const { sshPort, unlockPort, close } = await second;
  t.notOk(existsSync(disk.file));
  t.equal(new Set([sshPort, unlockPort, first.sshPort, first.unlockPort]).size, 4);
  await close();
});

t.test('a site that cannot be made gives its directory back', async t => {
  const directory = join(t.testdir({ file: '' }), 'file', 'below');
  for (const time of ['first', 'second']) await t.rejects(openSite(directory, 1), /ENOTDIR|EEXIST/, time);
});

t.test('a machine that cannot start says why, whichever of its sockets ends first', async t => {
  const site = await openSite(join(t.testdir(), 'site'));
  t.teardown(() => site.close());
  const missing = { file: join(site.directory, 'none.raw'), serial: 'none' };
  await t.rejects(site.start({ ...machine, name: 'missing', disks: [missing] }), /No such file or directory/);

  // What two runs do that have one directory.
  const disk = site.disk('tank', 1);
  await site.start({ ...machine, name: 'holder', disks: [disk] });
  const network = { forward: [] };
  await t.rejects(
    site.start({ ...machine, name: 'late', disks: [disk], network }),
    /Failed to get "write" lock/,
  );
  await t.rejects(site.start({ ...machine, name: 'port' }), /Could not set up host forwarding rule/);
});

t.test('nothing is started in a site that is closed', async t => {
  const directory = join(t.testdir(), 'site');
  const site = await openSite(directory);
  makeDisk(join(directory, 'tank.raw'), 1);
  await site.close();
  await t.rejects(site.start({ ...machine, name: 'late' }), /late is not started: its site is closed/);
  t.notOk(readdirSync(directory).includes('late.console'));
});
