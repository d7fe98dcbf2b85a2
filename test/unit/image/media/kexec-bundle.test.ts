import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type Test } from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import { stablePath } from '../../../../agent/plan/disks/describe-disk.ts';
import { selfExtractingHead } from '../../../../image/media/kexec-bundle.ts';
import { disk } from '../../../fixtures/disks.ts';
import { runParts } from '../../../support/run-parts.ts';

/** The shell side of the kexec bundle, under every shell that an old system may have as /bin/sh. */
const bundle = new URL('../../../../image/media/bundle', import.meta.url).pathname;

const shells = [['dash'], ['bash', '--norc', '--posix'], ['busybox', 'ash']];

/** Runs lines in a shell that has read all parts of `run`; standard output and standard error, and the exit code. */
function shell(argv: readonly string[], script: string, variables: Record<string, string> = {}) {
  const [program = '', ...args] = argv;
  const lines = ['set -eu; LC_ALL=C; export LC_ALL; umask 077', ...runParts.map(path => `. ${path}`), script];
  const env = { PATH: process.env['PATH'] ?? '', here: bundle, memory: '/nonexistent', ...variables };
  const { stdout, stderr, status } = spawnSync(program, [...args, '-c', lines.join('\n')], {
    env,
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

function underEachShell(name: string, body: (t: Test, argv: readonly string[]) => void): void {
  for (const argv of shells) test(`${name} (${argv[0]})`, async t => body(t, argv));
}

test('shellcheck', async t => {
  for (const file of ['run', 'unpack']) {
    const { stdout } = spawnSync(
      'shellcheck',
      ['--external-sources', '--check-sourced', '--shell=sh', `--source-path=${bundle}`, join(bundle, file)],
      { encoding: 'utf8' },
    );
    t.equal(stdout, '', file);
  }
});

underEachShell('wrong options end with exit code 2 and say what is wrong', (t, argv) => {
  const rows: [string, RegExp][] = [
    ['--nonsense', /unknown option --nonsense/],
    ['stray', /unknown option stray/],
    ['--disk', /--disk needs a value/],
    ['--hostname ""', /--hostname needs a value/],
    ['--flake=', /--flake needs a value/],
    ['--install --layout raid5', /--layout raid5 is not one of/],
    ['--install --disk sda', /--disk sda is not a path below \/dev/],
    ['--install --disk serial=', /--disk serial= is not a path/],
    ['--delay soon', /--delay soon is not a valid number of seconds/],
    ['--return-after -1', /--return-after -1 is not a valid number/],
    ['--return-after 09', /--return-after 09 is not a valid number/],
    ['--yes=maybe', /--yes takes no value/],
    ['--keep-parameters=yes', /--keep-parameters takes no value/],
    ['--config /does/not/exist', /cannot read the file \/does\/not\/exist/],
    ['--disk /dev/sda', /need --install, --flake or --config/],
    ['--wipe', /need --install, --flake or --config/],
    ['--kexec-extra-flags', /--kexec-extra-flags needs a value/],
  ];
  for (const [args, message] of rows) {
    const { status, stderr } = shell(argv, `read_options ${args}`);
    t.equal(status, 2, args);
    t.match(stderr, message, args);
    t.match(stderr, /^error USAGE: .*\n {2}next: run --help\n$/, args);
  }
});

underEachShell('help tells every option and every exit code', (t, argv) => {
  const { status, stdout } = shell(argv, 'read_options --help');
  t.equal(status, 0);
  const known = readFileSync(`${bundle}/lib/options.sh`, 'utf8');
  for (const [option] of known.matchAll(/--[a-z-]{3,}(?=( \||\)))/g)) t.ok(stdout.includes(option), option);
  for (const code of [0, 1, 2, 10, 11, 12, 130])
    t.match(stdout, new RegExp(`^ +${code}  `, 'm'), String(code));
});

underEachShell('options become a configuration', (t, argv) => {
  const rows: [string, unknown][] = [
    ['', { mode: 'rescue' }],
    ['--hostname web-01', { mode: 'rescue', hostName: 'web-01' }],
    [
      '--install --disk /dev/disk/by-id/a --disk "serial=S 4\\"E" --layout=mirror --wipe',
      {
        mode: 'install',
        disks: { devices: ['/dev/disk/by-id/a', { serial: 'S 4"E' }], layout: 'mirror', wipe: true },
      },
    ],
    [
      "--flake 'github:me/infra?dir=a&b=c#web-01' --disk only",
      {
        mode: 'install',
        system: { flake: 'github:me/infra?dir=a&b=c#web-01' },
        disks: { devices: ['only'] },
      },
    ],
  ];
  for (const [args, expected] of rows) {
    const { stdout, stderr } = shell(argv, `read_options ${args}; options_json`);
    t.strictSame(JSON.parse(stdout || 'null'), expected, args + stderr);
  }
});

underEachShell('the names by which a disk stays the same are those of the planner', (t, argv) => {
  // In the order in which they are preferred, and what is never taken.
  const names = [
    'by-id/ata-WDC_A1',
    'by-id/ieee1394-0090a9',
    'by-id/memstick-MSPRO_0x1',
    'by-id/mmc-SD32G_0x1',
    'by-id/nvme-Samsung_980_S64D',
    'by-id/nvme-eui_is_a_model_1',
    'by-id/nvme-nvme_too_1',
    'by-id/scsi-35000c5',
    'by-id/usb-Stick_1-0:0',
    'by-id/virtio-first',
    'by-id/nvme-eui.002538',
    'by-id/nvme-nvme.1b36-64',
    'by-id/nvme-uuid.4e2a',
    'by-id/wwn-0x5000c5',
    'by-path/pci-0000:00:04.0',
    'by-id/dm-name-x',
    'by-id/google-boot',
    'by-id/lvm-pv-uuid-x',
    'by-diskseq/1',
  ];
  const root = t.testdir();
  for (const [index] of names.entries()) {
    const present = names.slice(index);
    const links = join(root, String(index));
    mkdirSync(links);
    writeFileSync(join(links, 'sda'), '');
    for (const name of present) {
      mkdirSync(dirname(join(links, name)), { recursive: true });
      symlinkSync(join(links, 'sda'), join(links, name));
    }
    const { stdout } = shell(argv, 'disk_links=$links; stable_disk "$disk"', {
      links,
      disk: realpathSync(join(links, 'sda')),
    });
    const aliases = present.map(name => `/dev/disk/${name}`);
    const wanted = stablePath(disk({ path: '/dev/sda', aliases }));
    const got = stdout.startsWith(`${links}/by-`) ? stdout.replace(links, '/dev/disk') : '/dev/sda';
    t.equal(got, wanted, `of ${present[0]} and what follows`);
    t.equal(wanted, index < 15 ? aliases[0] : '/dev/sda', String(present[0]));
  }
});

underEachShell('with a file, the options stand beside it', (t, argv) => {
  const boot = t.testdir({ 'mine.json': '{"hostName": "a"}', dabei: {} });
  const script = `read_options --config ${boot}/mine.json --wipe; write_configuration`;
  t.equal(shell(argv, script, { boot }).stderr, '');
  t.equal(readFileSync(`${boot}/dabei.json`, 'utf8'), '{"hostName": "a"}');
  t.strictSame(JSON.parse(readFileSync(`${boot}/dabei/options.json`, 'utf8')), { disks: { wipe: true } });
});

underEachShell('a whole flake is bundled', (t, argv) => {
  const boot = t.testdir({
    dabei: {},
    infra: { 'flake.nix': '{ }', hosts: { 'web.nix': '{ }' }, '.git': { HEAD: 'ref' } },
    empty: {},
    here: { initrd: '', bzImage: '' },
  });
  const script = `read_options --flake ${boot}/infra#web --disk only; write_configuration`;
  t.equal(shell(argv, script, { boot, here: `${boot}/here` }).stderr, '');
  t.match(JSON.parse(readFileSync(`${boot}/dabei.json`, 'utf8')), {
    system: { flake: 'path:/dabei/flake#web' },
  });
  t.equal(readFileSync(`${boot}/dabei/flake/hosts/web.nix`, 'utf8'), '{ }');
  t.notOk(existsSync(`${boot}/dabei/flake/.git`), 'without its history');
  t.match(shell(argv, `read_options --flake ${boot}/empty#web`), { status: 2, stderr: /has no flake.nix/ });
});

underEachShell('flake references that can only be wrong', (t, argv) => {
  const rows: [string, RegExp | null][] = [
    ['github:me/infra?dir=a#web', null],
    ['gitlab:g%2Fs/x#web', null],
    ['https://example.org/x.tar.gz#web', null],
    ['tarball+https://example.org/x#web', null],
    ['./infar#web-01', /\.\/infar: no such directory/],
    ['path:/srv/infar#web', /no such directory/],
    ['~/infra#web', /no such directory/],
    ['infra', /no such directory/],
    ['GIT+SSH://git@example.org/x#web', /needs git/],
    ['ssh+git://example.org/x#web', /needs git/],
    ['git@example.org:me/infra.git#web', /needs git/],
    ['svn+https://example.org/x#web', /the new system cannot fetch such an address/],
    ['GITHUB:me/x#web', /the new system cannot fetch such an address/],
    ['github:me#web', /is incomplete/],
  ];
  for (const [reference, problem] of rows) {
    const { status, stderr } = shell(argv, `read_options --flake '${reference}'`);
    t.equal(status, problem === null ? 0 : 2, reference);
    if (problem !== null) t.match(stderr, problem, reference);
  }
});

const kernelLine = [
  'BOOT_IMAGE=/vmlinuz-6.1 root=UUID=1 ro quiet net.ifnames=0 console=ttyS0 pcie_aspm=off pci=nommconf,noaer',
  'nvme_core.default_ps_max_latency_us=0 nomodeset mitigations=auto,nosmt pci=nommconf,noaer libata.force=1.00:noncq',
  'efi=noruntime memmap=64M$2G usbcore.autosuspend="-1" * intel_iommu=on -- iommu=pt',
].join(' ');
const kept = [
  'pcie_aspm=off',
  'pci=nommconf,noaer',
  'nvme_core.default_ps_max_latency_us=0',
  'nomodeset',
  'mitigations=auto,nosmt',
  'libata.force=1.00:noncq',
  'intel_iommu=on',
];

underEachShell('kernel parameters that hardware may need', (t, argv) => {
  const directory = t.testdir({
    cmdline: `${kernelLine}\n`,
    'without-end': 'quiet iommu=pt',
    nothing: 'quiet\n',
    empty: '',
    dabei: { capture: { consoles: 'ttyS0\n' } },
  });
  const run = (options: string, file = 'cmdline') =>
    shell(
      argv,
      `read_options ${options}; keep_parameters ${directory}/${file}; write_command_line; options_json`,
      {
        boot: directory,
      },
    ).stdout;
  const list = kept.join(' ');
  t.equal(
    run('--append quiet'),
    `not keeping these kernel parameters, which the hardware may need: ${list}
  next: pass --keep-parameters to keep them in the new kernel and the installed system, or --append '${list}' to keep them in the new kernel only
panic=30 oops=panic console=ttyS0 quiet
{
  "mode": "rescue"
}
`,
  );
  const [told, line, ...json] = run('--keep-parameters --append quiet').split('\n');
  t.equal(told, `keeping these kernel parameters: ${list}`);
  t.equal(line, `panic=30 oops=panic console=ttyS0 ${list} quiet`);
  t.same(JSON.parse(json.join('\n')), { mode: 'rescue', kernelParams: kept });
  t.match(run('', 'without-end'), /not keeping .*: iommu=pt\n/);
  for (const file of ['nothing', 'empty', 'missing'])
    t.match(
      run('--keep-parameters', file),
      /^panic=30 oops=panic console=ttyS0\n\{\n {2}"mode": "rescue"\n\}\n$/,
      file,
    );
  t.doesNotThrow(() => configSchema.parse({ kernelParams: kept }), 'the new system takes them');
});

test('docs/kexec.md names all of them', async t => {
  const [, table = ''] =
    /^ {2}case \$\{1%%=\*\} in\n(.*?)\n {4}\*\) return 1/ms.exec(
      readFileSync(`${bundle}/lib/parameters.sh`, 'utf8'),
    ) ?? [];
  const names = [...table.matchAll(/[\w.*-]+/g)].map(([name]) => name.replace('usb-storage', 'usb_storage'));
  const [, page = ''] =
    /^## Kernel parameters that hardware may need\n(.*?)^## /ms.exec(
      readFileSync(`${bundle}/../../../docs/kexec.md`, 'utf8'),
    ) ?? [];
  const listed = page
    .split('\n')
    .filter(line => /^(- | {2})/.test(line))
    .join('\n');
  const documented = [...listed.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
  t.ok(names.length > 40);
  t.same(documented.toSorted(), [...new Set(names)].toSorted());
});

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

underEachShell('strings in JSON', (t, argv) => {
  for (const text of [
    '',
    'plain',
    'a"b\\c/d',
    'tab\tbell\u0007',
    'größe 密',
    "it's $HOME `id` *",
    '-n',
    '%s\\n',
  ]) {
    const { stdout } = shell(argv, 'json_string "$text"', { text });
    t.equal(JSON.parse(stdout), text, JSON.stringify(text));
  }
});

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

underEachShell('authorized keys come whole, with the names of their files', (t, argv) => {
  const keys =
    '\ufeff# mine\nssh-rsa\tAAAA\tme\r\n\n  from="a b",command="echo \\"\\\\n\\"" ssh-ed25519 AAAA x';
  const directory = t.testdir({ keys, more: 'one\n', directory: {} });
  const names = ['keys', 'none', 'directory', 'more'].map(name => `${directory}/${name}`);
  const { stdout, status } = shell(argv, names.map(name => `authorized_lines ${name}`).join('\n'));
  t.equal(status, 0);
  t.equal(stdout, `#from ${directory}/keys\n${keys}\n#from ${directory}/more\none\n\n`);
});

underEachShell('the server that is really asked', (t, argv) => {
  const rows: [string, boolean][] = [
    ['nameserver 192.0.2.53\n', true],
    ['# comment\nnameserver 127.0.0.53\noptions edns0\nnameserver ::1', false],
    ['nameserver 127.0.0.1\nnameserver 2001:db8::53\n', true],
    ['search example\n', false],
  ];
  for (const [text, expected] of rows) {
    const directory = t.testdir({ 'resolv.conf': text });
    t.equal(shell(argv, `names_servers ${directory}/resolv.conf`).status === 0, expected, text);
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
    'drwx------ 0 0 0 dabei',
    'drwx------ 0 0 0 dabei/capture',
    '-rw------- 0 0 3 dabei/capture/a',
    'drwx------ 0 0 0 dabei/capture/empty',
    '-rw------- 0 0 5 dabei/capture/.hidden',
    '-rw------- 0 0 2 dabei.json',
    'drwx------ 0 0 0 ssh',
    '-rw------- 0 0 0 ssh/authorized_keys',
    '-rw------- 0 0 3 ssh/ssh_host_rsa_key',
    '-rw-r--r-- 0 0 6 ssh/ssh_host_rsa_key.pub',
  ]);
  t.equal(readFileSync(`${directory}/out/dabei/capture/a b`, 'utf8'), 'xyz');
  t.equal(readFileSync(`${directory}/out/dabei/capture/.hidden`, 'utf8'), '12345');
  t.equal(readFileSync(`${directory}/out/ssh/ssh_host_rsa_key.pub`, 'utf8'), 'public');
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

underEachShell('for which interfaces udhcpc is at work', (t, argv) => {
  const rows: [argv: string, found: string[]][] = [
    ['udhcpc -b -R -p /var/run/udhcpc.eth1.pid -i eth1 -x hostname:a', ['eth1']],
    ['udhcpc --interface=wan0.5 -q', ['wan0.5']],
    ['udhcpc -ieth2', ['eth2']],
    ['udhcpc -b', ['eth0']],
    ['udhcpc -i ../../secret', []],
    ['sleep -i eth1', []],
  ];
  for (const [line, found] of rows) {
    const words = line.split(' ');
    const process = (net: string) => ({
      comm: `${words[0]}\n`,
      cmdline: `${words.join('\0')}\0`,
      ns: { net: t.fixture('symlink', net) },
    });
    const proc = (net: string) => ({
      self: { ns: { net: t.fixture('symlink', 'net:[1]') } },
      '12': process(net),
    });
    const directory = t.testdir({ own: proc('net:[1]'), container: proc('net:[2]'), leases: {} });
    const leases = (kind: string) => {
      const { stderr } = shell(argv, `udhcpc_leases ${directory}/leases/${kind} ${directory}/${kind}`);
      t.equal(stderr, '');
      return existsSync(`${directory}/leases/${kind}`) ? readdirSync(`${directory}/leases/${kind}`) : [];
    };
    t.same(leases('own'), found, line);
    t.same(leases('container'), [], `${line}, in a container`);
  }
});

underEachShell("kexec's flags: what nixos-anywhere gives, but never without checks", (t, argv) => {
  const directory = t.testdir({ kexec: '#!/bin/sh\necho "$*"\n' });
  execFileSync('chmod', ['+x', `${directory}/kexec`]);
  const { stdout } = shell(
    argv,
    'read_options --kexec-extra-flags "--no-checks --mem-max=0x40000000"; line="a b"; try_load -c || :',
    { here: '/bundle', memory: directory },
  );
  t.equal(
    stdout,
    `-c --mem-max=0x40000000 --load /bundle/bzImage --initrd=${directory}/initrd --command-line=a b\n`,
  );
});

underEachShell(
  'a kernel that cannot be loaded is reported, with the reason where the kernel names it',
  (t, argv) => {
    const directory = t.testdir({
      kexec: '#!/bin/sh\necho "kexec failed: $1" >&2\nexit 1\n',
      'command-line': '',
    });
    execFileSync('chmod', ['+x', `${directory}/kexec`]);
    const load = (says: string, secureBoot: boolean) =>
      shell(argv, `dmesg() { echo "${says}"; }; secure_boot() { ${secureBoot}; }; load`, {
        memory: directory,
        here: '/bundle',
      });
    const appraised =
      'ima: impossible to appraise a kernel image without a file descriptor; try another syscall.';
    const rows: [says: string, secureBoot: boolean, status: number, error: RegExp][] = [
      [
        'kexec: out of luck',
        false,
        12,
        /^error KEXEC_LOAD: .*-c\nkexec failed: -s\n {2}next: .*\nkexec: out of luck\n$/,
      ],
      [appraised, false, 10, /^error PREFLIGHT_IMA: .*\n {2}next: remove ima_policy= .*\n$/],
      [appraised, true, 10, /^error PREFLIGHT_SECURE_BOOT: .*\n {2}next: switch Secure Boot off .*\n$/],
    ];
    for (const [says, secureBoot, status, error] of rows) {
      const result = load(says, secureBoot);
      t.equal(result.status, status, says);
      t.match(result.stderr, error, says);
    }
  },
);

underEachShell('without the image, a shell still finds reasons to refuse', (t, argv) => {
  const ip = (output: string) => `#!/bin/sh\necho "${output}"\n`;
  const directory = t.testdir({
    bundle: { initrd: 'x'.repeat(4096), bzImage: 'x' },
    routed: { ip: ip('default via 192.0.2.1 dev eth0'), 'command-line': `${'x'.repeat(2047)}\n` },
    cut: { ip: ip(''), 'command-line': `${'x'.repeat(2048)}\n` },
  });
  execFileSync('chmod', ['+x', `${directory}/routed/ip`, `${directory}/cut/ip`]);
  const check = (memory: string) =>
    shell(argv, 'check_kexec() { :; }; shell_checks; stop_if_refused', {
      here: `${directory}/bundle`,
      memory: `${directory}/${memory}`,
    });
  const good = check('routed');
  t.equal(good.status, 0, good.stderr);
  const bad = check('cut');
  t.equal(bad.status, 10);
  t.match(bad.stderr, /^error PREFLIGHT_COMMAND_LINE: [^]*^error PREFLIGHT_NO_DEFAULT_ROUTE: /m);
  t.equal(bad.stdout, 'refused; nothing was changed\n');
});

underEachShell('memory, by figures', (t, argv) => {
  const { status, stderr } = shell(argv, 'wc() { echo 8796093022208; }; check_memory; stop_if_refused', {
    here: t.testdir({ initrd: '', bzImage: '' }),
  });
  t.equal(status, 10);
  t.match(stderr, /^error PREFLIGHT_MEMORY: \d+ MiB of RAM are available, loading takes 25165836 MiB$/m);
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

underEachShell('who logged in, when no variable says so', (t, argv) => {
  const rows: [string, string][] = [
    ['0', ''],
    ['', ''],
    ['4294967295', ''],
    ['1', 'daemon'],
  ];
  for (const [uid, name] of rows) {
    const { status, stdout } = shell(argv, `false || user=$(name_of "${uid}")\nprintf '%s' "$user"`);
    t.equal(status, 0, `user id ${uid}`);
    t.equal(stdout, name, `user id ${uid}`);
  }
});

/** A directory with an sshd that says where its keys are, and those keys. */
function sshdWorld(t: Test) {
  const directory = t.testdir({
    bin: {},
    out: {},
    persist: {
      key: 'private',
      'key.pub': 'ssh-ed25519 AAAA root@old\n',
      other: 'second',
      'key-cert.pub': 'ssh-ed25519-cert-v01@openssh.com AAAA root@old\n',
    },
    home: { me: { '.ssh': { 'authorized keys': '' } } },
    'ca.pub': '# ours\nssh-ed25519 AAAA ca\n',
    keys: { me: 'ssh-ed25519 AAAA me' },
  });
  const text = [
    'port 2222',
    `hostkey ${directory}/persist/key`,
    `hostkey ${directory}/persist/other`,
    `hostkey ${directory}/persist/none`,
    `hostcertificate ${directory}/persist/key-cert.pub`,
    'authorizedkeysfile .ssh/authorized_keys %h/.ssh/more%% /etc/ssh/authorized_keys/%u none',
    `trustedusercakeys ${directory}/ca.pub`,
    'authorizedprincipalsfile none',
  ].join('\n');
  writeFileSync(`${directory}/asked`, '');
  const program = `#!/bin/sh\necho "$*" >>${directory}/asked\ncat <<'END'\n${text}\nEND\n`;
  writeFileSync(`${directory}/bin/sshd`, program, { mode: 0o755 });
  return { directory, env: { PATH: `${directory}/bin:${process.env['PATH']}` } };
}

underEachShell('sshd is asked for host keys, certificates and the port', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const script = `sshd_program=${directory}/bin/sshd; find_sshd() { :; }
capture_sshd ${directory}/out; capture_host_keys ${directory}/out`;
  const { stderr, status } = shell(argv, script, env);
  t.equal(status, 0, stderr);
  const found = readdirSync(`${directory}/out`);
  const [unnamed = ''] = found.filter(name => name.includes('persist'));
  t.strictSame(
    found.filter(name => name !== unnamed),
    ['ssh-port', 'ssh_host_ed25519_key', 'ssh_host_ed25519_key-cert.pub', 'ssh_host_ed25519_key.pub', 'sshd'],
  );
  t.match(unnamed, /^ssh_host_\w+_persist_other_key$/, 'a key without its public half has another name');
  t.equal(readFileSync(`${directory}/out/ssh_host_ed25519_key`, 'utf8'), 'private');
  t.equal(readFileSync(`${directory}/out/ssh-port`, 'utf8'), '2222\n');
  t.match(readFileSync(`${directory}/asked`, 'utf8'), /^-T -C user=root,host=127.0.0.1,addr=127.0.0.1$/m);
});

underEachShell('who is connected says more than the configuration', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const script = `sshd_program=${directory}/bin/sshd; find_sshd() { :; }; capture_sshd ${directory}/out`;
  shell(argv, script, { ...env, SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 2022' });
  t.equal(readFileSync(`${directory}/out/ssh-port`, 'utf8'), '2022\n');
  t.match(
    readFileSync(`${directory}/asked`, 'utf8'),
    /-C user=root,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.7,lport=2022/,
  );
});

underEachShell('where sshd looks for the keys of a user, and its authorities', (t, argv) => {
  const { directory, env } = sshdWorld(t);
  const ask = `sshd_program=${directory}/bin/sshd`;
  const { stdout } = shell(argv, `${ask}; user_key_files me '/home/me'; authority_lines`, env);
  t.strictSame(stdout.split('\n'), [
    '/home/me/.ssh/authorized_keys',
    '/home/me/.ssh/more%',
    '/etc/ssh/authorized_keys/me',
    `#from ${directory}/ca.pub`,
    '# ours',
    'cert-authority ssh-ed25519 AAAA ca',
    '',
  ]);
  const without = shell(argv, "sshd_program=''; user_key_files me /home/me; authority_lines", env);
  t.strictSame(without.stdout.split('\n'), [
    '/home/me/.ssh/authorized_keys',
    '/home/me/.ssh/authorized_keys2',
    '/etc/ssh/authorized_keys.d/me',
    '',
  ]);
});

underEachShell('how the running sshd was started', (t, argv) => {
  const rows: [string, string][] = [
    ['sshd\0-D\0-f\0/etc/other\0-p\x002222\0', ' -f /etc/other -p 2222'],
    ['sshd: /usr/sbin/sshd -D -f/x -o Port=1 [listener] 0 of 10-100 startups', ' -f/x -o Port=1'],
    ['sshd: root@pts/0', ''],
    ['', ''],
  ];
  for (const [text, options] of rows) {
    const directory = t.testdir({ cmdline: text });
    const { stdout } = shell(argv, `sshd_arguments ${directory}/cmdline; printf %s "$sshd_options"`);
    t.equal(stdout, options, text);
  }
});
