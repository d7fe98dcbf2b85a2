import t from 'tap';
import { scriptFaults } from '../../../../agent/plan/disko/faults.ts';
import { hiddenDirectories } from '../../../../agent/plan/disko/hidden.ts';
import { disk } from '../../../fixtures/disks.ts';

const a = disk({ path: '/dev/vda' });
const b = disk({ path: '/dev/vdb' });

t.test('what a script may not do', async t => {
  const reads = (path: string) => `sgdisk /dev/vda\ncryptsetup open x y --key-file ${path}\n`;
  const keep = "(\n  destroy=''\n  device=/dev/vdb\n  sgdisk /dev/vda\n)\n";
  const rows: [name: string, text: string, keyFiles: string[], expected: RegExp[]][] = [
    ['all is well', reads('/tmp/k'), ['/tmp/k'], []],
    ['another disk', 'sgdisk /dev/vda /dev/vdb', [], [/^DISKO_DISKS .*"\/dev\/vdb", which is not in/]],
    ['a disk that it keeps', keep, [], [/^DISKO_DISKS .*"\/dev\/vdb", which is not in/, /^DISKO_DISKS .*keeps what "\/dev\/vdb"/]],
    ['disks that it does not keep', "destroy=1\ndevice=/dev/vda\ndiscard=''\ndevice=/dev/vda", [], []],
    ['a key that is not given', reads('/tmp/k'), [], [/^DISKO_KEY .*"\/tmp\/k"/]],
    ['another key is given', reads('/tmp/k'), ['/tmp/other'], [/^DISKO_KEY .*"\/tmp\/k"/]],
    ['a file of this machine that it will not see', reads('/root/present'), [], [/^DISKO_KEY .*"\/root\/present"/]],
    ['beside a key that is given', reads('/run/k/present'), ['/run/k/a'], [/^DISKO_KEY .*"\/run\/k\/present"/]],
    ['a file that it will see', reads('/sys/present'), [], []],
    ['a file that is not here', reads('/etc/secrets/k'), [], [/^DISKO_KEY .*"\/etc\/secrets\/k"/]],
    ['it asks', 'sgdisk /dev/vda\nread -s password', [], [/^DISKO_KEY .*asks/]],
  ]; // prettier-ignore
  for (const [name, text, keyFiles, expected] of rows) {
    const place = { members: [a], disks: [a, b], keyFiles, isFile: (path: string) => /present/.test(path) };
    const found = scriptFaults(text, place).map(({ code, message }) => `${code} ${message}`);
    t.equal(found.length, expected.length, `${name}: ${found.join('; ')}`);
    t.match(found, expected, name);
  }
});

t.test('directories of which a script sees its key files alone', async t => {
  const always = [
    '/run/dabei/boot',
    '/run/dabei/console',
    '/etc/ssh',
    '/var/log',
    '/var/lib/iwd',
    '/run/dbus',
    '/run/dabei/wifi',
    '/root',
    '/tmp',
    '/run/keys',
    '/run/secrets',
  ];
  const rows: [string[], string[]][] = [
    [[], []],
    [['/tmp/a', '/root/b'], []],
    [['/run/keys/a'], []],
    [['/run/mine/a/b', '/run/mine/c'], ['/run/mine']],
    [['/run/a'], []],
  ];
  for (const [keyFiles, more] of rows)
    t.same(hiddenDirectories(keyFiles), [...always, ...more], keyFiles.join());
});
