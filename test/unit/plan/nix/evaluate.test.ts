import t from 'tap';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { configSchema } from '../../../../agent/config/schema.ts';
import { evaluatesFirst, evaluationWarnings } from '../../../../agent/plan/nix/evaluate.ts';
import { makePlan, type Plan } from '../../../../agent/plan/plan.ts';
import type { RunStep, Step } from '../../../../agent/plan/step.ts';
import { Secret } from '../../../../agent/secret.ts';
import { GiB, disk, facts } from '../../../fixtures/disks.ts';

const key = 'correct horse battery';
const directory = '/run/dabei/evaluation';

function plan(memoryBytes: number, system: ConfigInput['system'] = {}, swap: 0 | 'auto' = 'auto'): Plan {
  const config = configSchema.parse({ disks: { devices: ['/dev/vda'], key, swap }, system });
  return makePlan(config, facts([disk()], { memoryBytes }), new Secret('0123456789abcdef'.repeat(4)));
}

const runs = (steps: readonly Step[]) => steps.filter((step): step is RunStep => step.kind === 'run');
const nixSteps = (steps: readonly Step[]) =>
  runs(steps).filter(({ argv }) => argv[0] === '/usr/lib/dabei/apart');

t.test('what can be evaluated before a disk is touched', async t => {
  const closure = {
    storePath: '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web',
    substituters: ['https://cache.example.org'],
    trustedPublicKeys: [`cache.example.org-1:${Buffer.alloc(32).toString('base64')}`],
  };
  const rows: [string, ConfigInput['system'], number, boolean][] = [
    ['a large machine', {}, 4, true],
    ["an owner's flake", { flake: 'github:me/infra#web' }, 4, true],
    ['too little RAM', {}, 2.9, false],
    ['not wanted', { evaluateFirst: false }, 64, false],
    ['built elsewhere', closure, 64, false],
  ];
  for (const [name, system, memory, expected] of rows) {
    const config = configSchema.parse({ disks: { devices: ['/dev/vda'], key }, system });
    t.equal(evaluatesFirst(config, facts([disk()], { memoryBytes: memory * GiB })), expected, name);
  }
  t.same(plan(2 * GiB).stages.evaluate, []);
});

t.test('too little memory for a NixOS, where a smaller system would do', async t => {
  const config = configSchema.parse({ disks: { devices: ['/dev/vda'], key } });
  const MiB = 2 ** 20;
  const rows: [string, number, number, RegExp | null][] = [
    [
      'swap on a small disk',
      224,
      512,
      /850 MiB of memory, and the machine has 224 MiB of RAM and 512 MiB of swap: .*disks.swap/,
    ],
    ['swap enough', 224, 1024, null],
    ['compressed memory alone', 224, 0, /224 MiB of RAM and 224 MiB of swap/],
    ['compressed memory enough', 480, 0, null],
    ['RAM enough', 970, 0, null],
  ];
  for (const [name, memory, swap, expected] of rows) {
    const warnings = evaluationWarnings(config, { memoryBytes: memory * MiB }, swap * MiB);
    t.equal(warnings.length, expected === null ? 0 : 1, name);
    if (expected !== null) t.match(warnings[0], expected, name);
  }
  t.match(plan(224 * MiB, {}, 0).warnings.join(), /evaluating NixOS/);
  t.same(plan(3 * GiB).warnings, []);
});

t.test('all that is written is in RAM, and nothing is built', async t => {
  const { evaluate } = plan(4 * GiB).stages;
  for (const step of evaluate) {
    if (step.kind === 'write') t.match(step.path, new RegExp(`^${directory}/(flake|check)/`));
  }
  const check = evaluate.find(step => step.kind === 'write' && step.path === `${directory}/check/flake.nix`);
  t.match(check, { content: `inputs.host.url = "path:${directory}/flake";` });
  const [lock, instantiate, ...more] = nixSteps(evaluate);
  t.same(more, []);
  t.ok(lock!.argv.join(' ').endsWith(`nix flake lock --store ${directory}/root path:${directory}/flake`));
  t.match(
    instantiate!.argv.join(' '),
    `nix build --store ${directory}/root --out-link ${directory}/toplevel.drv`,
  );
  t.equal(instantiate!.argv.at(-1), `path:${directory}/check#derivation`);
  t.notOk(instantiate!.argv.includes('--impure'));
  for (const step of [lock!, instantiate!]) {
    t.equal(step.errorCode, 'FLAKE_EVALUATION');
    t.match(step.whenFull, { code: 'MEMORY_TOO_SMALL', remedy: /system\.evaluateFirst/ });
    t.same(step.whenKilled, step.whenFull);
    t.notMatch(JSON.stringify(step), '/mnt');
    t.match(step.argv.join(' '), '--hide /run/dabei/boot --hide /etc/ssh');
  }
  t.same(runs(evaluate).at(-1)!.argv, ['rm', '-rf', `${directory}/root`], 'the memory is free again');
});

t.test('the target is locked to what was evaluated, and nothing is fetched twice', async t => {
  const { stages } = plan(4 * GiB);
  const copies = runs(stages['host-flake']).map(({ argv }) => argv.join(' '));
  t.ok(copies.includes(`cp ${directory}/flake/flake.lock /mnt/etc/nixos`));
  const caches = nixSteps(stages.install).map(({ env }) => env!['XDG_CACHE_HOME']);
  t.same([...new Set(caches)], [`${directory}/cache`]);
  const alone = plan(2 * GiB).stages;
  t.notMatch(JSON.stringify(alone), directory);
});
