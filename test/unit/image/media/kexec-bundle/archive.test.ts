import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shell, underEachShell } from './shells.ts';

underEachShell('marks for the new system', (t, argv) => {
  const rows: [string, string | null, boolean][] = [
    ['', '900\n', false],
    ['--return-after 0', null, false],
    ['--return-after 60 --kexec-extra-flags ""', '60\n', true],
  ];
  for (const [args, returnAfter, marked] of rows) {
    const boot = join(t.testdir({}), String(rows.findIndex(([other]) => other === args)));
    mkdirSync(`${boot}/dabei`, { recursive: true });
    shell(argv, `read_options ${args}; write_marks`, { boot });
    const file = `${boot}/dabei/return-after`;
    t.equal(existsSync(file) ? readFileSync(file, 'utf8') : null, returnAfter, args);
    t.equal(existsSync(`${boot}/dabei/nixos-anywhere`), marked, args);
  }
});

/** Files of an archive by name: mode in octal and content. */
function unpackCpio(archive: string, into: string): string[] {
  mkdirSync(into, { recursive: true });
  const input = readFileSync(archive);
  execFileSync('cpio', ['--extract', '--make-directories', '--quiet'], { cwd: into, input });
  const listing = execFileSync('cpio', ['--list', '--verbose', '--numeric-uid-gid', '--quiet'], {
    input,
    encoding: 'utf8',
  });
  return listing
    .trim()
    .split('\n')
    .map(line => line.split(/\s+/))
    .map(([mode, , user, group, size, , , , name]) => `${mode} ${user} ${group} ${size} ${name}`);
}

underEachShell('an archive that cpio understands', (t, argv) => {
  const directory = t.testdir({
    boot: {
      'dabei.json': '{}',
      ssh: { ssh_host_rsa_key: 'key', 'ssh_host_rsa_key.pub': 'public', authorized_keys: '' },
      dabei: { capture: { 'a b': 'xyz', empty: {}, '.hidden': '12345' } },
    },
  });
  const { stderr } = shell(argv, `cpio_archive ${directory}/boot >${directory}/archive`);
  t.equal(stderr, '');
  t.equal(statSync(`${directory}/archive`).size % 4, 0);
  t.strictSame(unpackCpio(`${directory}/archive`, `${directory}/out`), [
    '-rw------- 0 0 2 dabei.json',
    'drwx------ 0 0 0 dabei',
    'drwx------ 0 0 0 dabei/capture',
    '-rw------- 0 0 3 dabei/capture/a',
    '-rw------- 0 0 5 dabei/capture/.hidden',
    'drwx------ 0 0 0 dabei/capture/empty',
    'drwx------ 0 0 0 ssh',
    '-rw------- 0 0 0 ssh/authorized_keys',
    '-rw------- 0 0 3 ssh/ssh_host_rsa_key',
    '-rw-r--r-- 0 0 6 ssh/ssh_host_rsa_key.pub',
  ]);
  t.equal(readFileSync(`${directory}/out/dabei/capture/a b`, 'utf8'), 'xyz');
  t.equal(readFileSync(`${directory}/out/dabei/capture/.hidden`, 'utf8'), '12345');
  t.equal(readFileSync(`${directory}/out/ssh/ssh_host_rsa_key.pub`, 'utf8'), 'public');
});

underEachShell('more files than one command line holds', (t, argv) => {
  const long = 'x'.repeat(240);
  const names = [...Array(250).keys()].map(number => `${number}${number % 2 ? '' : long}`);
  const files = Object.fromEntries(names.map(name => [name, name]));
  const directory = t.testdir({
    boot: { dabei: files, second: { 'line\nbreak': 'one', other: 'two' } },
    bin: {},
  });
  const own = `#!/bin/sh\n[ $# -le 101 ] || exit 126\necho >>${directory}/calls\nexec /bin/ls "$@"\n`;
  writeFileSync(`${directory}/bin/ls`, own, { mode: 0o755 });
  const lines = `PATH=${directory}/bin:$PATH; cpio_archive ${directory}/boot >${directory}/archive`;
  const { stderr, status } = shell(argv, lines);
  t.same({ stderr, status }, { stderr: '', status: 0 });
  unpackCpio(`${directory}/archive`, `${directory}/out`);
  for (const name of names) t.equal(readFileSync(`${directory}/out/dabei/${name}`, 'utf8'), name);
  t.equal(readFileSync(`${directory}/out/second/line\nbreak`, 'utf8'), 'one');
  t.equal(readFileSync(`${directory}/out/second/other`, 'utf8'), 'two');
  // busybox starts its own ls, whatever the PATH.
  if (argv[0] !== 'busybox') t.equal(readFileSync(`${directory}/calls`, 'utf8').length, 3 + 2);
});

underEachShell('links on every level are packed as links', (t, argv) => {
  const link = (to: string) => t.fixture('symlink', to);
  const directory = t.testdir({
    boot: { dabei: { a: 'x', b: link('a') }, to: link('dabei'), gone: link('none') },
  });
  const { stderr } = shell(argv, `cpio_archive ${directory}/boot >${directory}/archive`);
  t.equal(stderr, '');
  unpackCpio(`${directory}/archive`, `${directory}/out`);
  for (const [path, to] of Object.entries({ 'dabei/b': 'a', to: 'dabei', gone: 'none' }))
    t.equal(readlinkSync(`${directory}/out/${path}`), to);
});

const tastes: Record<string, string>[] = [
  { BLOCK_SIZE: '1K' },
  { LS_BLOCK_SIZE: '1M' },
  { BLOCK_SIZE: 'human-readable' },
  { TIME_STYLE: 'none' },
  { QUOTING_STYLE: 'shell-always' },
];

for (const taste of tastes)
  underEachShell(`whatever root likes to see: ${JSON.stringify(taste)}`, (t, argv) => {
    const directory = t.testdir({ boot: { 'dabei.json': 'x'.repeat(3000), dabei: { 'a b': 'y' } } });
    const packed = shell(argv, `cpio_archive ${directory}/boot >${directory}/archive`, taste);
    t.same(packed, { stdout: '', stderr: '', status: 0 });
    unpackCpio(`${directory}/archive`, `${directory}/out`);
    t.equal(readFileSync(`${directory}/out/dabei.json`, 'utf8'), 'x'.repeat(3000));
    t.equal(readFileSync(`${directory}/out/dabei/a b`, 'utf8'), 'y');
  });

underEachShell('hashes of everything that is appended, and of nothing twice', (t, argv) => {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const directory = t.testdir({
    boot: {
      'dabei.json': '{}',
      ssh: { ssh_host_rsa_key: 'key' },
      dabei: {
        flake: { 'a b': 'x', '.hidden': 'y', 'back\\slash': 'z', 'to a': t.fixture('symlink', 'a b') },
      },
    },
    memory: {},
  });
  const variables = { boot: `${directory}/boot`, memory: `${directory}/memory` };
  for (const time of ['first', 'again']) {
    const { stderr } = shell(argv, 'write_sums', variables);
    t.equal(stderr, '', time);
    t.strictSame(
      readFileSync(`${directory}/boot/dabei/sums`, 'utf8').trimEnd().split('\n').toSorted(),
      [
        `${sum('x')}  ./dabei/flake/a b`,
        `${sum('y')}  ./dabei/flake/.hidden`,
        `${sum('key')}  ./ssh/ssh_host_rsa_key`,
        `${sum('{}')}  ./dabei.json`,
      ].toSorted(),
    );
  }
});

underEachShell('appended at a multiple of 4, and never twice', (t, argv) => {
  for (const length of [4096, 4097, 4098, 4099]) {
    const here = join(t.testdir({}), String(length));
    mkdirSync(`${here}/memory/boot/dabei/capture`, { recursive: true });
    writeFileSync(`${here}/initrd`, Buffer.alloc(length, 'x'));
    const variables = { here, memory: `${here}/memory`, boot: `${here}/memory/boot` };
    shell(argv, 'assemble_initrd', variables);
    const first = readFileSync(`${here}/memory/initrd`);
    const at = first.indexOf('070701');
    t.equal(at, Math.ceil(length / 4) * 4, `${length}`);
    t.ok(first.subarray(length, at).every(byte => byte === 0));
    shell(argv, 'assemble_initrd', variables);
    t.equal(readFileSync(`${here}/memory/initrd`).length, first.length, 'again');
    t.equal(statSync(`${here}/initrd`).size, length, 'as delivered');
    t.match(readFileSync(`${here}/memory/boot/dabei/capture/epoch`, 'utf8'), /^\d{10}\n$/);
  }
});

underEachShell(
  'the second initrd, for nixos-anywhere and for layouts of disko, at a multiple of 4',
  (t, argv) => {
    const directory = t.testdir({
      'disko.json': '{\n  "disks": {\n    "layout" :\n "disko", "devices": ["only"] } }',
      'own.json': '{ "disks": { "layout": "single" }, "hostName": "disko" }',
      here: { initrd: 'initrd', tools: 'second' },
      older: { initrd: 'initrd' },
      boot: { dabei: { capture: {} } },
    });
    const initrd = (options: string, here: string) => {
      const memory = mkdtempSync(`${directory}/memory-`);
      const variables = { here: `${directory}/${here}`, memory, boot: `${directory}/boot` };
      const { stderr } = shell(argv, `read_options ${options}; assemble_initrd`, variables);
      t.equal(stderr, '');
      return readFileSync(`${memory}/initrd`, 'latin1');
    };
    const anywhere = initrd('--kexec-extra-flags ""', 'here');
    t.equal(anywhere.slice(0, 16), 'initrd\0\0second\0\0');
    t.equal(anywhere.slice(16, 22), '070701', 'then what run appends');
    t.match(initrd('', 'here'), /^initrd\x00{2}070701/);
    for (const options of [
      '--install --layout disko',
      `--config ${directory}/disko.json`,
      '--append dabei.disks=disko:/dev/vda',
    ])
      t.match(initrd(options, 'here'), /^initrd\x00{2}second\x00{2}070701/, options);
    t.match(initrd(`--config ${directory}/own.json`, 'here'), /^initrd\x00{2}070701/, 'another layout');
    t.match(initrd('--kexec-extra-flags ""', 'older'), /^initrd\x00{2}070701/, 'a bundle without it');
  },
);

underEachShell('the kernel once more, where the configuration wants it, and its hash', (t, argv) => {
  const directory = t.testdir({
    here: { initrd: 'init', kernel: 'vmlinuz.efi\n', 'vmlinuz.efi': 'MZ' },
    memory: {},
    boot: { dabei: { capture: {} } },
  });
  const [here, memory, boot] = ['here', 'memory', 'boot'].map(name => `${directory}/${name}`);
  for (const [result, carries] of [
    ['erases=yes', false],
    ['erases=yes\nkernel=wanted', true],
  ] as const) {
    writeFileSync(`${memory}/result`, `${result}\n`);
    const { stderr } = shell(argv, 'read_result; assemble_initrd', {
      here: here!,
      memory: memory!,
      boot: boot!,
    });
    t.equal(stderr, '');
    t.equal(readFileSync(`${memory}/initrd`, 'latin1').includes('kernel\0'), carries, result);
    const sum = `${createHash('sha256').update('MZ').digest('hex')}  ./kernel\n`;
    t.equal(readFileSync(`${boot}/dabei/sums`, 'utf8').includes(sum), carries);
  }
});
