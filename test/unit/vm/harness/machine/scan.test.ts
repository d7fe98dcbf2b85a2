import t from 'tap';
import {
  failureIn,
  isBad,
  scan,
  signs,
  splitIncomplete,
  stagesIn,
  stripTerminal,
} from '../../../../vm/harness/machine/scan.ts';

t.test('signs of trouble are found and named', async t => {
  const rows: [line: string, means: string][] = [
    ['[    1.4] Kernel panic - not syncing: VFS: Unable to mount root fs', 'the kernel gave up'],
    ['Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100', 'the kernel gave up'],
    ['Oops: 0000 [#1] PREEMPT SMP', 'a kernel bug was hit'],
    ['BUG: kernel NULL pointer dereference, address: 0000000000000008', 'a kernel bug was hit'],
    ['watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [nix:412]', 'a processor was stuck in the kernel'],
    ['WARNING: CPU: 0 PID: 1 at kernel/foo.c:12 bar+0x1/0x2', 'a kernel consistency check failed'],
    ['INFO: task txg_sync:301 blocked for more than 120 seconds.', 'a program hangs in the kernel'],
    ['Out of memory: Killed process 77 (nix) total-vm:1kB', 'the kernel ended a program for lack of memory'],
    ['nix invoked oom-killer: gfp_mask=0x140cca', 'memory ran out'],
    [
      'Initramfs unpacking failed: write error',
      'the initrd is broken or does not fit, the kernel boots on with a part',
    ],
    ['invalid magic at start of compressed archive', 'an initrd member starts at an odd offset'],
    ['I/O error, dev vda, sector 2048 op 0x0:(READ)', 'a disk failed to read or write'],
    ['Buffer I/O error on dev vda, logical block 0', 'a disk failed to read or write'],
    ['SQUASHFS error: xz decompression failed, data probably corrupt', 'a file system found damage'],
    ['VERIFY3(0 == error) failed (0 == 5)', 'an assertion of ZFS failed'],
    [
      "WARNING: Pool 'rpool' has encountered an uncorrectable I/O failure and has been suspended.",
      'ZFS suspended a pool',
    ],
    ['dabei[88]: segfault at 0 ip 00007f', 'a program crashed'],
    ['modprobe: FATAL: Module zfs not found in directory /lib/modules/6.12', 'a kernel module is missing'],
  ];
  for (const [line, means] of rows) t.match(scan(`fine\n${line}\nfine`), [`${means}: ${line}`], line);
});

t.test('ordinary lines are no signs', async t => {
  const lines = [
    'stage 5/9 nuke-disk: done (3.2 s)',
    'Run /init as init process',
    'ZFS: Loaded module v2.3.9-1, ZFS pool version 5000, ZFS filesystem version 5',
    'zfs: module license taints kernel.',
    'random: crng init done',
    'EXT4-fs (vda1): mounted filesystem with ordered data mode. Opts: errors=remount-ro',
    'Freeing unused kernel image (initmem) memory: 1200K',
    'print_req_error: 0 errors',
  ];
  t.same(scan(lines.join('\n')), []);
});

t.test('a world may expect a sign', async t => {
  const text = 'I/O error, dev vdb, sector 8\nI/O error, dev vda, sector 8';
  t.same(scan(text, [/dev vdb/]), ['a disk failed to read or write: I/O error, dev vda, sector 8']);
});

t.test('an emulated processor is as slow as its host', async t => {
  const late = [
    'rcu: INFO: rcu_sched detected stalls on CPUs/tasks:',
    'watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [nix:412]',
    'INFO: task txg_sync:301 blocked for more than 120 seconds.',
  ];
  const wrong = 'BUG: kernel NULL pointer dereference, address: 0000000000000008';
  const text = [...late, wrong].join('\n');
  t.same(scan(text, [], true), [`a kernel bug was hit: ${wrong}`]);
  t.equal(scan(text).length, 4);
});

t.test('only what nothing good can follow ends a wait', async t => {
  t.equal(isBad('Out of memory: Killed process 77 (nix)'), null);
  t.match(
    isBad('x\nKernel panic - not syncing: Fatal exception\ny'),
    /the kernel gave up: .*Fatal exception$/,
  );
  t.ok(signs.filter(sign => sign.fatal).length > 0);
});

t.test('control sequences of terminals', async t => {
  const rows: [string, string][] = [
    ['plain\r\n', 'plain\n'],
    ['\u001b[2J\u001b[01;01H\u001b[=3hBdsDxe: starting', 'BdsDxe: starting'],
    ['\u001b]0;title\u0007root@tiny', 'root@tiny'],
    ['\u001b[0;32mgreen\u001b[0m', 'green'],
    ['\u001b[?25hcursor', 'cursor'],
    ['\u001b(Bcharset', 'charset'],
  ];
  for (const [raw, text] of rows) t.equal(stripTerminal(raw), text);
});

t.test('a control sequence in pieces waits for its end', async t => {
  const rows: [text: string, whole: string, rest: string][] = [
    ['plain', 'plain', ''],
    ['a\u001b', 'a', '\u001b'],
    ['a\u001b[', 'a', '\u001b['],
    ['a\u001b[01;3', 'a', '\u001b[01;3'],
    ['a\u001b[36m', 'a\u001b[36m', ''],
    ['a\u001b(', 'a', '\u001b('],
    ['\u001b[36mb\u001b]0;ti', '\u001b[36mb', '\u001b]0;ti'],
  ];
  for (const [text, whole, rest] of rows) t.same(splitIncomplete(text), [whole, rest]);
});

t.test('stages and errors', async t => {
  const text = [
    'stage 1/9 config: started',
    'stage 1/9 config: failed (0.1 s)',
    'error CONFIG_SCHEMA: reading the configuration: disks.wipee is unknown',
    '  next: did you mean wipe?',
    'stage 2/9 network: started',
    'stage 2/9 network: done (12.0 s)',
    'a stage 3/9 ssh: done (1.0 s) in the middle of a line',
  ].join('\n');
  t.same(stagesIn(text), [
    { index: 1, of: 9, name: 'config', state: 'started', seconds: null },
    { index: 1, of: 9, name: 'config', state: 'failed', seconds: 0.1 },
    { index: 2, of: 9, name: 'network', state: 'started', seconds: null },
    { index: 2, of: 9, name: 'network', state: 'done', seconds: 12 },
  ]);
  t.same(failureIn(text), { stage: 'config', code: 'CONFIG_SCHEMA' });
  t.equal(failureIn('stage 1/9 config: done (0.1 s)\n'), null);
  t.same(failureIn('stage 4/9 plan: failed (0.3 s)\n'), { stage: 'plan', code: null });
});

t.test('disks of an old system that kexec leaves fail, and those of the next one do not', async t => {
  const failing = '[  133.9] I/O error, dev vda, sector 8';
  const damage = '[  133.9] EXT4-fs error (device vda): __ext4_find_entry:1647: comm sshd';
  const remount = 'old login: [  132.7] sysrq: Emergency Remount R/O';
  const found = ['a disk failed to read or write: [  133.9] I/O error, dev vda, sector 8'];
  const rows: [about: string, lines: string[], found: string[]][] = [
    ['while it is left', [remount, failing, damage, 'stage 1/4 config: started'], []],
    ['before', [failing, remount], found],
    ['in the next one', [remount, damage, 'stage 1/4 config: started', failing], found],
    ['another sign', [remount, '[  133.9] Kernel panic - not syncing'], ['the kernel gave up: [  133.9] Kernel panic - not syncing']],
  ]; // prettier-ignore
  for (const [about, lines, expected] of rows) t.same(scan(lines.join('\n')), expected, about);
});
