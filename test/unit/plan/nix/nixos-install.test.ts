import t from 'tap';
import { parseNixosInstall, planNixosInstall } from '../../../../agent/plan/nix/nixos-install.ts';
import { renderStep } from '../../../../agent/plan/step.ts';

const system = '/nix/store/0c0ffee0c0ffee0c0ffee0c0ffee0c0f-nixos-system-web';

t.test('options', async t => {
  const plain = { root: '/mnt', from: { system }, bootLoader: true, settings: [], buildFlags: [] };
  const rows: [string[], object | null][] = [
    [['--help'], null],
    // As nixos-anywhere and disko-install call it.
    [['--no-root-passwd', '--no-channel-copy', '--system', system], plain],
    [['--no-root-password', '--closure', system, '--root', '/target/'], { ...plain, root: '/target' }],
    [['--store-path', system, '--no-bootloader'], { ...plain, bootLoader: false }],
    [
      ['--option', 'substituters', 'http://a http://b', '--system', system, '-j', '2', '--show-trace'],
      { ...plain, settings: ['--option', 'substituters', 'http://a http://b', '-j', '2', '--show-trace'] },
    ],
    [
      ['--flake', 'github:me/infra#web', '--impure', '--override-input', 'nixpkgs', 'path:/n', '-L'],
      {
        ...plain,
        from: { flake: 'github:me/infra#web' },
        buildFlags: ['--impure', '--override-input', 'nixpkgs', 'path:/n', '-L'],
      },
    ],
  ];
  for (const [argv, options] of rows) t.same(parseNixosInstall(argv), options, argv.join(' '));
});

t.test('what it does not do is refused', async t => {
  const rows: [string[], RegExp][] = [
    [[], /no system is given/],
    [['--system', system, '--frobnicate'], /--frobnicate/],
    [['--system', system, 'extra'], /extra/],
    [['--system'], /system/],
    [['--system', system, '--option', 'cores'], /--option needs two values/],
    [['--system', system, '--cores'], /--cores needs a value/],
    [['--system', system, '--flake', 'path:/x#y'], /one system, not several/],
    [['--system', system, '--closure', system], /one system, not several/],
    [['--system', './result'], /not a store path/],
    [['--flake', 'github:me/infra'], /names no configuration/],
    [['--system', system, '--root', '/'], /root of the target/],
    [['--system', system, '--root', 'mnt'], /root of the target/],
    [['-I', 'nixpkgs=/x', '--system', system], /channels/],
    [['--file', 'x.nix', '-A', 'y'], /channels/],
  ];
  for (const [argv, problem] of rows) {
    t.throws(() => parseNixosInstall(argv), { code: 'USAGE', problem, remedy: /--flake/ }, argv.join(' '));
  }
});

const commands = (argv: string[], inherited = {}) =>
  planNixosInstall(parseNixosInstall(argv)!, 2 ** 30, inherited).map(step =>
    renderStep(step).replace(/^#.*\n/, ''),
  );

t.test('the steps for a closure', async t => {
  const steps = commands(['--system', system, '--option', 'cores', '1'], { http_proxy: 'http://p:1' });
  t.equal(steps[0], '/usr/lib/dabei/stay erasing', 'before anything is written');
  const [profile = ''] = steps.filter(step => step.includes('nix-env'));
  t.match(profile, /^http_proxy=http:\/\/p:1 XDG_CACHE_HOME=\/mnt\/.nixos-install\/cache TMPDIR=\/mnt/);
  const nixEnv = `nix-env --store /mnt --extra-substituters 'auto?trusted=1' --profile /mnt/nix/var/nix/profiles/system --option cores 1 --set ${system}`;
  t.ok(steps.join('\n').includes(nixEnv), 'nix-env');
  t.ok(steps.includes('write /mnt/etc/NIXOS mode=0644 0 bytes'));
  t.match(
    steps.at(-2),
    /NIXOS_INSTALL_BOOTLOADER=1 nixos-enter --root \/mnt -- \/run\/current-system\/bin\/switch-to-configuration boot$/,
  );
  t.equal(steps.at(-1), 'rm -rf /mnt/.nixos-install');
  t.notMatch(commands(['--system', system, '--no-bootloader']).join('\n'), /nixos-enter/);
});

t.test('the steps for a flake', async t => {
  const steps = commands(['--flake', 'github:me/infra#web.example', '--root', '/t', '--impure']).join('\n');
  t.match(
    steps,
    '--out-link /t/.nixos-install/system --impure \'github:me/infra#nixosConfigurations."web.example".config',
  );
  t.match(steps, '--set /t/.nixos-install/system');
});
