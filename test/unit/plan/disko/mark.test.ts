import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { configSchema, type Config } from '../../../../agent/config/schema.ts';
import { deriveGuid } from '../../../../agent/plan/disks/partitions.ts';
import { installedGuid, isInstalledBy, readMark } from '../../../../agent/plan/disko/mark.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { disk } from '../../../fixtures/disks.ts';

const configOf = (serial?: number, isSigned = true, hostName = 'web'): Config => ({
  ...configSchema.parse({
    ...{
      hostName,
      disks: { layout: 'disko', devices: ['/dev/vda'] },
      system: { flake: 'github:me/infra#web' },
    },
    ...(serial === undefined ? {} : { serial }),
  }),
  // Of the file without its number, as resolve.ts gives it.
  given: hostName,
  ...(isSigned ? ({ isSigned: true } as const) : {}),
});
const one = disk();

t.test('the number of a signed configuration', async t => {
  const largest = Number.MAX_SAFE_INTEGER;
  for (const serial of [1, 2, 7, 2 ** 32, 2 ** 52 + 1, largest]) {
    const guid = installedGuid(configOf(serial), one);
    t.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, `${serial}`);
    t.equal(readMark(guid)?.serial, serial);
    t.equal(readMark(` ${guid.toUpperCase()}\n`)?.serial, serial, 'as some programs write it');
  }
  const guid = installedGuid(configOf(7), one);
  const rows: [name: string, guid: string][] = [
    ['not signed', installedGuid(configOf(7, false), one)],
    ['without a number', installedGuid(configOf(), one)],
    ['nothing', ''],
    ['zeros', '00000000-0000-0000-0000-000000000000'],
    ['no hexadecimal digits', guid.replace(/^./, 'x')],
    ['a digit too many', `${guid}0`],
    ['another digit', guid.replace(/.$/, last => (last === '0' ? '1' : '0'))],
    ['another version', guid.replace(/-8/, '-4')],
    ['another variant', guid.replace(/-[89ab](...)-/, '-c$1-')],
  ];
  for (const [name, text] of rows) t.equal(readMark(text), null, name);
  for (let number = 0; number < 2000; number++)
    if (readMark(deriveGuid('0badcafe', '/dev/vda', number, 0)) !== null) t.fail(`GUID ${number} has a number`);
}); // prettier-ignore

t.test('the same configuration', async t => {
  const rows: [name: string, noted: Config, asked: Config, isSame: boolean][] = [
    ['the same number', configOf(7), configOf(7), true],
    ['a higher number', configOf(7), configOf(8), true],
    ['numbers are new', configOf(), configOf(8), true],
    ['no longer signed', configOf(7), configOf(undefined, false), true],
    ['another configuration', configOf(7), configOf(8, true, 'other'), false],
    ['another configuration, not numbered', configOf(), configOf(undefined, true, 'other'), false],
  ];
  for (const [name, noted, asked, isSame] of rows)
    t.equal(isInstalledBy(installedGuid(noted, one), asked, one), isSame, name);
  const elsewhere = disk({ path: '/dev/vdb', aliases: [] });
  t.notOk(isInstalledBy(installedGuid(configOf(7), one), configOf(7), elsewhere), 'another disk');
});

t.test('sgdisk writes it, and blkid reads it', async t => {
  await requireHostPackages({ '/usr/sbin/sgdisk': 'gdisk', '/usr/sbin/blkid': 'util-linux' });
  const file = join(t.testdir({}), 'disk');
  writeFileSync(file, '');
  truncateSync(file, 8 * 2 ** 20);
  const guid = installedGuid(configOf(7), one);
  execFileSync('/usr/sbin/sgdisk', ['--new=1:0:0', file], { stdio: 'ignore' });
  execFileSync('/usr/sbin/sgdisk', [`--disk-guid=${guid}`, file], { stdio: 'ignore' });
  const argv = ['-p', '-n', 'minix', '-s', 'PTUUID', '-o', 'value', file];
  t.same(readMark(execFileSync('/usr/sbin/blkid', argv, { encoding: 'utf8' })), readMark(guid));
  t.equal(readMark(guid)?.serial, 7);
});
