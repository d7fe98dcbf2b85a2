import t from 'tap';
import { quote, renderStep } from '../../../agent/plan/step.ts';
import { Secret } from '../../../agent/secret.ts';

t.test('quoting', async t => {
  const rows: [string, string][] = [
    ['plain', 'plain'],
    ['/dev/disk/by-id/a:b', '/dev/disk/by-id/a:b'],
    ['', "''"],
    ['two words', "'two words'"],
    ["it's", `'it'\\''s'`],
    ['$(reboot)', "'$(reboot)'"],
    [`/mnt/it's\n"rm" /`, `$'/mnt/it\\'s\\n"rm" /'`],
    ['\u001b[2J\u009b\u2028\\', "$'\\u001b[2J\\u009b\\u2028\\\\'"],
  ];
  for (const [word, quoted] of rows) t.equal(quote(word), quoted, encodeURIComponent(word));
});

t.test('a secret on standard input is never printed', async t => {
  const step = renderStep({
    kind: 'run',
    doing: 'creating the pool rpool',
    argv: ['zpool', 'create', 'rpool'],
    stdin: new Secret('correct horse'),
    env: { TMPDIR: '/mnt/var/tmp' },
    timeoutSeconds: 60,
  });
  t.equal(step, '# creating the pool rpool\nTMPDIR=/mnt/var/tmp zpool create rpool <<< [secret]');
});

t.test('a file to be written shows its mode and size', async t => {
  const step = renderStep({
    kind: 'write',
    doing: 'setting the host id',
    path: '/etc/hostid',
    mode: 0o644,
    content: 'abcd',
  });
  t.equal(step, '# setting the host id\nwrite /etc/hostid mode=0644 4 bytes');
});

t.test('a parameter of the kernel', async t => {
  const step = renderStep({
    kind: 'kernel',
    doing: 'stopping the array',
    path: '/sys/block/md0/md/array_state',
    value: 'clear',
  });
  t.equal(step, '# stopping the array\necho clear > /sys/block/md0/md/array_state');
});

t.test('a program that must print nothing', async t => {
  const step = renderStep({
    kind: 'run',
    doing: 'looking',
    argv: ['wipefs', '/dev/vda'],
    timeoutSeconds: 1,
    expect: 'no-output',
  });
  t.equal(step, '# looking (must print nothing)\nwipefs /dev/vda');
});

t.test('a trial by UEFI says that an older default of the firmware goes', async t => {
  const step = { kind: 'trial', doing: 'beginning the trial', esps: ['/mnt/boot'] } as const;
  t.equal(
    renderStep({ ...step, firmware: 'uefi' }),
    '# beginning the trial; an older default in an EFI variable is removed\nstart once /mnt/boot',
  );
  t.equal(renderStep({ ...step, firmware: 'bios' }), '# beginning the trial\nstart once /mnt/boot');
});
