import { existsSync, readFileSync } from 'node:fs';
import { bundle, shell, underEachShell } from './shells.ts';

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
    here: { initrd: '', kernel: 'bzImage\n', bzImage: '' },
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
