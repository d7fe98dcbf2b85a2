import t from 'tap';
import { confirmation, confirms } from '../../../agent/setup/confirm.ts';
import { describeFound } from '../../../agent/setup/disk-contents.ts';
import { openQuestion } from '../../../agent/setup/machine.ts';
import { showPrompt, showRemark } from '../../../agent/setup/show.ts';
import { strengthOf } from '../../../agent/setup/strength.ts';
import { baseOf } from '../../../agent/setup/base.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { content, disk, facts } from '../../fixtures/disks.ts';
import { key, medium, second, talk, target, used, world } from '../../support/guided/world.ts';

t.test('the table of disks', async t => {
  const here = world({ facts: facts([target, used, medium]) });
  t.equal(
    showPrompt(openQuestion(talk(here, []).state)!.prompt, 80),
    `
Which disk is erased and gets the system? For a mirror or RAID-Z, name several.
Enter alone looks again.
  1  /dev/vda  20 GiB, virtio, serial "target"
               empty
  2  /dev/sda  3.9 TiB, sata, "WDC WD40", serial "A1"
               sda1 ext4 "photos" 3.9 TiB
  -  /dev/sdz  20 GiB, usb, serial "stick", removable
               empty
               cannot be used: this system was booted from it, or has mounted
               it
disk: `,
  );
});

t.test('nothing but printable characters, whatever a disk says of itself', async t => {
  const evil = disk({
    model: '\u001b[2Jnew',
    serial: 'a\nb',
    contents: [content('/dev/vda1', { label: '\u001b]0;x\u0007y', signature: 'ext4' })],
  });
  const prompts = ['', '1', '1 \u001b'].map(line =>
    openQuestion(talk(world({ facts: facts([evil]) }), [line]).state),
  );
  for (const open of prompts) {
    const shown = showPrompt(open!.prompt, 80);
    t.notMatch(shown, /[^\n -~]/, 'ASCII');
    for (const line of shown.split('\n')) t.ok(line.length < 80, line);
  }
});

t.test('remarks', async t => {
  t.equal(showRemark({ kind: 'ok', text: 'a' }, 80), '  ok: a\n');
  t.equal(showRemark({ kind: 'problem', text: 'one two three' }, 20), '  problem: one two\n  three\n');
});

t.test('what lies on a disk', async t => {
  t.same(describeFound(disk()), ['empty']);
  const swap = content('/dev/vda2', { signature: 'swap', mountPoints: ['[SWAP]'] });
  const pool = content('tank', { deviceType: 'zpool', sizeBytes: 0 });
  t.same(describeFound(disk({ contents: [content('/dev/vda1'), swap, pool] })), [
    'vda1 unknown 4 GiB',
    'vda2 swap 4 GiB in use at [SWAP]',
    'tank imported pool',
  ]);
  const many = Array.from({ length: 12 }, (_, index) => content(`/dev/vda${index + 1}`));
  t.equal(describeFound(disk({ contents: many })).at(-1), 'and 4 more');
  const bare = content('/dev/vda', { deviceType: 'disk', signature: 'gpt', sizeBytes: 0 });
  t.same(
    describeFound(disk({ contents: [bare] })),
    ['vda gpt'],
    'a partition table without partitions is said',
  );
});

t.test('who has read the name', async t => {
  const one: [string, boolean][] = [
    ['/dev/vda', true],
    ['vda', true],
    [' target ', true],
    ['', false],
    ['y', false],
    ['yes', false],
    ['/dev/vdb', false],
    ['/dev/vda /dev/vda', false],
    ['TARGET', false],
    ['1', false],
  ];
  for (const [line, right] of one) t.equal(confirms(line, [target]), right, JSON.stringify(line));
  t.notOk(confirms('', [disk({ serial: '' })]), 'a disk with an empty serial number');
  t.notOk(confirms('null', [disk()]), 'a disk without one');
  const two: [string, boolean][] = [
    ['/dev/vda /dev/vdb', true],
    ['second,target', true],
    ['/dev/vda', false],
    ['/dev/vda /dev/vda', false],
    ['/dev/vda /dev/vdb /dev/vdc', false],
  ];
  for (const [line, right] of two) t.equal(confirms(line, [target, second]), right, line);
  t.notOk(confirms('', []));
  t.match(confirmation([target]).text, /Type the name of the disk or its serial number .*: \/dev\/vda$/);
  t.match(confirmation([target, second]).text, /names of the disks, .*: \/dev\/vda \/dev\/vdb$/);
});

t.test('passphrases, roughly', async t => {
  const rows: [passphrase: string, least: number, most: number][] = [
    ['password', 0, 10],
    ['Password1', 0, 20],
    ['aaaaaaaaaaaaaaaa', 0, 25],
    ['12345678', 0, 25],
    ['qwertyuiop', 0, 20],
    ['sunshine2024', 0, 40],
    ['correct horse battery staple', 50, 60],
    ['abbey rivet mumble ocean plaza tonic', 75, 95],
    ['xkqzvbwplmnt', 40, 60],
    ['G7#kq!x2Zp9&wR4t', 60, 110],
    ['word word word word word word', 0, 40],
  ];
  for (const [passphrase, least, most] of rows) {
    const { bits, sentence, isStrong } = strengthOf(passphrase);
    t.ok(bits >= least && bits <= most, `${passphrase}: ${bits} bits`);
    t.match(sentence, bits < 40 ? /^weak/ : bits < 60 ? /^fair/ : /^strong/);
    t.equal(isStrong, bits >= 60);
    t.notOk(sentence.includes(passphrase));
  }
});

t.test('what the guided installation starts from', async t => {
  const file = (value: object) => ({ path: 'a.json', bytes: Buffer.from(JSON.stringify(value)) });
  const base = (...values: object[]) =>
    baseOf(resolveConfiguration({ commandLine: '', files: values.map(file) }));
  t.same(base(), {});
  t.same(base({ hostNme: 'x' }), {}, 'problems');
  t.same(base({ hostName: 'web', rootAuthorizedKeys: [key], console: { shell: 'off' } }), {
    hostName: 'web',
    rootAuthorizedKeys: [key],
  });
  const disks = { devices: ['/dev/vda'], key: 'a secret passphrase', wipe: true, swap: '1GiB' };
  t.same(base({ disks }), { disks: { devices: ['/dev/vda'], swap: '1GiB' } }, 'neither secrets nor wipe');
});
