import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../../../agent/host/exec.ts';
import { remove, writeAtomic } from '../../../../agent/host/files.ts';
import { hostFlake, planHostFlake } from '../../../../agent/plan/host-flake/host-flake.ts';
import { renderStep } from '../../../../agent/plan/step.ts';
import type { TargetStorage, Trial } from '../../../../agent/plan/target.ts';
import { Secret } from '../../../../agent/secret.ts';
import { matchGolden } from '../../../support/golden.ts';
import { requireNix } from '../../../support/nix.ts';
import { config, machines, type ExampleMachine } from '../machines.ts';

const { facts, storage } = machines['bios-dhcp'];
const directory = mkdtempSync(join(tmpdir(), 'dabei-host-flake-'));
t.teardown(() => remove(directory));

// After a change: TAP_SNAPSHOT=1 npx tap test/unit/plan/host-flake/host-flake.test.ts
t.test('the generated directory', async t => {
  const own: Record<string, Record<string, string>> = {};
  const shipped = (name: string) =>
    readFileSync(join(import.meta.dirname, '../../../../nix/host-flake', name), 'utf8');
  for (const [name, machine] of Object.entries<ExampleMachine>(machines)) {
    const files = hostFlake(machine.config, machine.facts, machine.storage);
    const modules = [
      'hardware.nix',
      'dabei.nix',
      'copies.nix',
      'copies-stage1.sh',
      'copies-system.sh',
      'impermanence.nix',
      'rescue.nix',
      'rescue.sh',
      'trial.nix',
      'trial-state.sh',
      'trial-menu.sh',
      'trial-proof.sh',
      'trial-wait.sh',
      'unlock.nix',
      'unlock.sh',
      'network.nix',
      'network-scripted.nix',
      'network-options.nix',
    ];
    t.same(Object.keys(files), ['flake.nix', ...modules, 'runtime-info.json'], name);
    // Every machine has the same modules, so test/golden/ holds what differs.
    own[name] = { 'flake.nix': files['flake.nix']!, 'runtime-info.json': files['runtime-info.json']! };
    for (const module of modules) t.equal(files[module], shipped(module), `${name}: ${module}`);
    for (const [file, text] of Object.entries(files)) {
      t.notMatch(text, /@\w+@/, `${name}: no placeholder is left in ${file}`);
      t.match(text, /[^\n]\n$/, `${name}: ${file} ends with a line feed`);
    }
  }
  matchGolden(t, own);
});

t.test('the documentation shows a generated directory', async t => {
  const { config, facts, storage } = machines['hetzner-cloud'];
  const files = hostFlake(config, facts, storage);
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/system/host-flake.md'), 'utf8');
  const [, json = ''] = /^```json\n([^]*?)^```$/m.exec(text) ?? [];
  t.ok(text.includes(files['flake.nix']!), 'flake.nix');
  t.same(JSON.parse(json), JSON.parse(files['runtime-info.json']!), 'runtime-info.json');
});

t.test('every Nix file parses', async t => {
  const nix = requireNix();
  const odd = { ...machines['bios-dhcp'], config: config({ system: { nixpkgs: 'a"b\\c${d}$${e}' } }) };
  const texts = Object.values<ExampleMachine>({ ...machines, odd }).flatMap(machine =>
    Object.entries(hostFlake(machine.config, machine.facts, machine.storage)).flatMap(([file, text]) =>
      file.endsWith('.nix') ? [text] : [],
    ),
  );
  const files = [...new Set(texts)].map((text, index) => {
    const path = join(directory, `${index}.nix`);
    writeAtomic(path, text, 0o644);
    return path;
  });
  await run({
    doing: 'parsing the generated files',
    argv: [...nix.argv, '--parse', ...files],
    env: nix.env,
    timeoutSeconds: 60,
  });
  t.ok(files.length >= Object.keys(machines).length, `${files.length} files`);
});

t.test('the test system, which knows no option that is not real, takes every one', async t => {
  const names = Object.keys(machines);
  for (const [name, { config, facts, storage }] of Object.entries<ExampleMachine>(machines))
    writeAll(name, hostFlake(config, facts, storage));
  const evaluated = await evaluate(names);
  Object.values<ExampleMachine>(machines).forEach(({ config, storage }, index) =>
    t.match(
      evaluated[index],
      { failed: [], hostName: config.hostName.split('.')[0]!, hostId: storage.hostId },
      names[index] ?? '',
    ),
  );
});

t.test('without rescue entry and trial, the system is that without their modules', async t => {
  const trial: Trial = { minutes: 30, confirm: 'login', asks: true };
  for (const name of ['bios-static', 'uefi-static'] as const) {
    const { config, facts, storage } = machines[name];
    const off: TargetStorage = { ...storage };
    delete off.rescue;
    delete off.trial;
    writeAll('on', hostFlake(config, facts, { ...off, rescue: true, trial }));
    writeAll('off', hostFlake(config, facts, off));
    writeAll('absent', {
      ...hostFlake(config, facts, off),
      ...Object.fromEntries(
        ['rescue', 'trial'].map(module => [
          `${module}.nix`,
          `{ lib, ... }: { options.dabei.${module} = lib.mkOption { type = lib.types.anything; default = { }; }; }\n`,
        ]),
      ),
    });
    const [onTrial, without, absent] = await evaluate(['on', 'off', 'absent']);
    t.equal(without?.toplevel, absent?.toplevel, name);
    t.not(onTrial?.toplevel, absent?.toplevel, name);
  }
});

function writeAll(name: string, files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) writeAtomic(join(directory, name, file), text, 0o644);
}

/** By the modules of the test system; nothing is built. */
async function evaluate(
  names: readonly string[],
): Promise<{ toplevel: string; failed: string[]; hostName: string; hostId: string }[]> {
  const nix = requireNix();
  const { stdout } = await run({
    doing: 'evaluating the generated flakes',
    argv: [
      ...nix.argv,
      ...['--eval', '--strict', '--json', '--store', 'dummy://', '--readonly-mode'],
      join(import.meta.dirname, '../../../fixtures/tiny-nixos/evaluate.nix'),
      ...['--arg', 'directories', `[ ${names.map(name => join(directory, name)).join(' ')} ]`],
    ],
    env: nix.env,
    timeoutSeconds: 60,
  });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof evaluate>>;
}

async function makeKey(name: string, type: string): Promise<Secret> {
  const path = join(directory, name);
  await run({
    doing: 'making a key',
    argv: ['ssh-keygen', '-q', '-t', type, '-N', '', '-f', path],
    timeoutSeconds: 60,
  });
  const { stdout } = await run({ doing: 'reading the key', argv: ['cat', path], timeoutSeconds: 10 });
  return new Secret(stdout.trimEnd());
}

t.test('steps', async t => {
  const steps = planHostFlake(config({ hostName: 'web-01' }), facts, storage);
  t.same(
    steps.map(step =>
      step.kind === 'write'
        ? `${step.mode.toString(8)} ${step.path}`
        : step.kind === 'run'
          ? step.argv.join(' ')
          : '',
    ),
    [
      '644 /mnt/etc/nixos/flake.nix',
      '644 /mnt/etc/nixos/hardware.nix',
      '644 /mnt/etc/nixos/dabei.nix',
      '644 /mnt/etc/nixos/copies.nix',
      '644 /mnt/etc/nixos/copies-stage1.sh',
      '644 /mnt/etc/nixos/copies-system.sh',
      '644 /mnt/etc/nixos/impermanence.nix',
      '644 /mnt/etc/nixos/rescue.nix',
      '644 /mnt/etc/nixos/rescue.sh',
      '644 /mnt/etc/nixos/trial.nix',
      '644 /mnt/etc/nixos/trial-state.sh',
      '644 /mnt/etc/nixos/trial-menu.sh',
      '644 /mnt/etc/nixos/trial-proof.sh',
      '644 /mnt/etc/nixos/trial-wait.sh',
      '644 /mnt/etc/nixos/unlock.nix',
      '644 /mnt/etc/nixos/unlock.sh',
      '644 /mnt/etc/nixos/network.nix',
      '644 /mnt/etc/nixos/network-scripted.nix',
      '644 /mnt/etc/nixos/network-options.nix',
      '644 /mnt/etc/nixos/runtime-info.json',
      'mkdir -p -m 0755 /mnt/etc/ssh',
      'cp -p /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub /mnt/etc/ssh/',
      'rm -f /mnt/etc/ssh/initrd_ssh_host_ed25519_key /mnt/etc/ssh/initrd_ssh_host_ed25519_key.pub',
      'ssh-keygen -q -t ed25519 -N  -C stage 1 of web-01 -f /mnt/etc/ssh/initrd_ssh_host_ed25519_key',
    ],
  );
});

t.test('a flake that was sent along', async t => {
  const wanted = config({ system: { flake: 'path:/dabei/flake#web' } });
  const here = { ...facts, sentFlake: ['flake.nix', 'hosts/web/default.nix'] };
  const steps = planHostFlake(wanted, here, storage).slice(0, 3);
  t.same(
    steps.map(step => (step.kind === 'run' ? step.argv.join(' ') : step.kind)),
    [
      'mkdir -p /mnt/etc/nixos',
      'cp -RP /run/dabei/boot/dabei/flake/. /mnt/etc/nixos',
      'chmod -R u+rwX,go+rX /mnt/etc/nixos',
    ],
  );
  for (const sentFlake of [undefined, [], ['web/flake.nix']]) {
    const without = { ...facts, ...(sentFlake && { sentFlake }) };
    t.throws(() => planHostFlake(wanted, without, storage), { code: 'CONFIG_SCHEMA', problem: /bundled/ });
  }
});

t.test('given host keys', async t => {
  const first = await makeKey('first', 'ed25519');
  const keys = [first, await makeKey('ecdsa', 'ecdsa'), await makeKey('second', 'ed25519')];
  const given = { ...config({}), ssh: { hostKeys: keys, port: 22 } };
  const writes = planHostFlake(given, facts, storage)
    .filter(step => step.kind === 'write')
    .filter(step => step.path.startsWith('/mnt/etc/ssh/'));
  t.same(
    writes.map(step => `${step.mode.toString(8)} ${step.path}`),
    [
      '600 /mnt/etc/ssh/ssh_host_ed25519_key',
      '644 /mnt/etc/ssh/ssh_host_ed25519_key.pub',
      '600 /mnt/etc/ssh/ssh_host_ecdsa_key',
      '644 /mnt/etc/ssh/ssh_host_ecdsa_key.pub',
    ],
  );
  const [privateKey, publicHalf] = writes;
  t.ok(privateKey?.content instanceof Secret);
  t.equal(
    (privateKey?.content as Secret).reveal().toString(),
    `${first.reveal().toString()}\n`,
    'the first one of its type',
  );
  t.match(publicHalf?.content, /^ssh-ed25519 \S+ root@nixos\n$/);
  const files = hostFlake(given, facts, storage);
  t.match(JSON.parse(files['runtime-info.json']!), { sshHostKeys: ['ed25519', 'ecdsa'] });

  const everything = [...Object.values(files), ...planHostFlake(given, facts, storage).map(renderStep)].join(
    '\n',
  );
  const secret = first.reveal().toString().split('\n')[3]!;
  t.notMatch(everything, secret, 'no private key in the flake or in the printed plan');
});

t.test('what cannot be carried out', async t => {
  const rows: [string, object, string][] = [
    ['a flake by git', { system: { flake: 'git+https://example.org/x#y' } }, 'CONFIG_SCHEMA'],
    ['no key', {}, 'SSH_HOST_KEY'],
  ];
  for (const [name, input, code] of rows) {
    const bad = config(input);
    if (name === 'no key') bad.ssh.hostKeys = [new Secret('nonsense')];
    t.throws(() => planHostFlake(bad, facts, storage), { code }, name);
  }
});
