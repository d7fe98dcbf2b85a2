import t from 'tap';
import { planInstall } from '../../../../agent/plan/nix/install.ts';
import { apart, installerSecrets } from '../../../../agent/plan/nix/apart.ts';
import type { RunStep } from '../../../../agent/plan/step.ts';
import { config, machines } from '../machines.ts';

const program = '/usr/lib/dabei/apart';
const { facts } = machines['bios-dhcp'];
const steps = planInstall(config({ hostName: 'web-01.example.org' }), facts);
const nixSteps = steps.filter((step): step is RunStep => step.kind === 'run' && step.argv[0] === program);
const inNamespaces = apart(installerSecrets('/mnt'), []);

t.test('the sequence', async t => {
  t.same(
    steps.map(step =>
      step.kind === 'run'
        ? step.argv.slice(step.argv[0] === program ? inNamespaces.length : 0)
        : step.kind === 'write' && [step.path],
    ),
    [
      ['mkdir', '-p', '/mnt/.dabei/home', '/mnt/.dabei/cache', '/mnt/.dabei/tmp', '/mnt/var/log'],
      ['nix', 'flake', 'lock', '--store', '/mnt', 'path:/mnt/etc/nixos'],
      ['/mnt/.dabei/check/flake.nix'],
      [
        ...[
          'nix',
          'build',
          '--store',
          '/mnt',
          '--out-link',
          '/mnt/.dabei/toplevel.drv',
          '--no-write-lock-file',
        ],
        'path:/mnt/.dabei/check#derivation',
      ],
      [
        'nix-store',
        '--store',
        '/mnt',
        '--realise',
        '/mnt/.dabei/toplevel.drv',
        '--add-root',
        '/mnt/.dabei/toplevel',
      ],
      [
        'nix-env',
        '--store',
        '/mnt',
        '--profile',
        '/mnt/nix/var/nix/profiles/system',
        '--set',
        '/mnt/.dabei/toplevel',
      ],
      ['ln', '-sfn', '/nix/var/nix/profiles', '/mnt/nix/var/nix/gcroots/profiles'],
      ['rm', '-rf', '/mnt/.dabei'],
      ['/mnt/etc/NIXOS'],
      ['ln', '-sfn', '/proc/mounts', '/mnt/etc/mtab'],
    ],
  );
});

t.test(
  'Nix runs in namespaces of its own, with its files on the target, and errors can be told apart',
  async t => {
    t.same(
      nixSteps.map(step => step.errorCode),
      ['FLAKE_EVALUATION', 'FLAKE_EVALUATION', 'FLAKE_BUILD', 'FLAKE_BUILD'],
    );
    for (const step of nixSteps) {
      t.same(step.argv.slice(0, inNamespaces.length), inNamespaces);
      t.match(step.env, {
        HOME: '/mnt/.dabei/home',
        XDG_CACHE_HOME: '/mnt/.dabei/cache',
        TMPDIR: '/mnt/.dabei/tmp',
      });
      t.ok(step.timeoutSeconds <= 6 * 3600);
      t.ok(step.remedy);
    }
  },
);

t.test('settings', async t => {
  const settings = (memoryBytes: number) => {
    const step = planInstall(config({}), { ...facts, memoryBytes }).find(
      (step): step is RunStep => step.kind === 'run' && step.errorCode === 'FLAKE_BUILD',
    );
    return Object.fromEntries(
      step!.env!['NIX_CONFIG']!.split('\n').map(line => line.split('=').map(word => word.trim())),
    ) as Record<string, string>;
  };
  t.match(settings(512 * 2 ** 20), {
    'experimental-features': 'nix-command flakes',
    'flake-registry': '',
    'use-registries': 'false',
    'build-users-group': '',
    sandbox: 'true',
    'sandbox-fallback': 'false',
    'max-jobs': '1',
    'max-substitution-jobs': '4',
  });
  t.match(settings(8 * 2 ** 30), { 'max-jobs': 'auto', 'max-substitution-jobs': '16' });
});

t.test('the heap of the evaluator is large where RAM and swap hold it', async t => {
  const MiB = 2 ** 20;
  const rows: [number, number, string | undefined][] = [
    [488 * MiB, 0, undefined],
    [488 * MiB, 512 * MiB, undefined],
    [488 * MiB, 1024 * MiB, String(1024 * MiB)],
    [3900 * MiB, 0, String(1024 * MiB)],
  ];
  for (const [memoryBytes, swapBytes, heap] of rows) {
    const steps = planInstall(config({}), { ...facts, memoryBytes }, { swapBytes });
    const heaps = steps.flatMap(step => (step.kind === 'run' ? [step.env?.['GC_INITIAL_HEAP_SIZE']] : []));
    t.same(
      heaps.filter(Boolean),
      heap === undefined ? [] : [heap],
      `${memoryBytes} and ${swapBytes}: the evaluator's alone`,
    );
  }
});

t.test('a prebuilt system is copied, not evaluated', async t => {
  const toplevel = '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web';
  const key = `cache.example.org-1:${Buffer.alloc(32).toString('base64')}`;
  const system = { storePath: toplevel, substituters: ['https://a', 'https://b'], trustedPublicKeys: [key] };
  const substituters = ['https://b'];
  const closure = {
    ...{ toplevel, substituters, paths: 4, narBytes: 1000, fileBytes: 500 },
    ...{ sizes: new Map<string, number>(), initrd: null },
  };
  const steps = planInstall(config({ system }), facts, { closure });
  const [copy, profile, ...more] = steps.filter(
    (step): step is RunStep => step.kind === 'run' && step.argv[0] === program,
  );
  t.same(more, []);
  t.same(copy!.argv.slice(inNamespaces.length), [
    ...['nix-store', '--store', '/mnt', '--log-format', 'internal-json'],
    ...['--realise', toplevel, '--add-root', '/mnt/.dabei/toplevel'],
  ]);
  t.match(copy, { copies: { paths: 4, bytes: 1000 }, attempts: 5, errorCode: 'CLOSURE_COPY' });
  t.equal(profile!.argv[inNamespaces.length], 'nix-env');
  const settings = copy!.env!['NIX_CONFIG']!.split('\n');
  t.ok(settings.includes('substituters = https://b'), 'only those that answer');
  t.ok(settings.includes(`trusted-public-keys = ${key}`));
});
