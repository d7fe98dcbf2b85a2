import t from 'tap';
import { configSchema, type ConfigInput } from '../../../../agent/config/schema.ts';
import { DabeiError, reasonsOf } from '../../../../agent/errors.ts';
import type { Disk, Facts } from '../../../../agent/facts.ts';
import { installedGuid } from '../../../../agent/plan/disko/mark.ts';
import { recheckDisks } from '../../../../agent/plan/disks/recheck.ts';
import { nothingFound, type Found } from '../../../../agent/plan/disks/install-state.ts';
import type { Closure } from '../../../../agent/plan/nix/closure.ts';
import { makePlan, renderPlan, type Plan } from '../../../../agent/plan/plan.ts';
import type { RunStep, Step } from '../../../../agent/plan/step.ts';
import { Secret } from '../../../../agent/secret.ts';
import { content, disk, facts, GiB } from '../../../fixtures/disks.ts';

const flake = 'github:me/infra#web';
const store = (name: string) => `/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-${name}`;
const prebuilt = {
  storePath: store('nixos-system-web'),
  diskoScript: store('disko'),
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: [`cache.example.org-1:${Buffer.alloc(32).toString('base64')}`],
};
const one = disk({ path: '/dev/vda', aliases: ['/dev/disk/by-id/virtio-a'], serial: 'a' });
const other = disk({ path: '/dev/vdb', aliases: ['/dev/disk/by-id/virtio-b'], serial: 'b' });
const keyFiles = [{ path: '/tmp/disk.key', content: 'correct horse battery' }];

function configOf(system: ConfigInput['system'], disks: Partial<NonNullable<ConfigInput['disks']>> = {}) {
  return configSchema.parse({
    disks: { layout: 'disko', devices: ['/dev/vda'], keyFiles, ...disks },
    system,
  });
}

function plan(
  system: ConfigInput['system'] = { flake },
  { disks = [one, other], found = nothingFound, closure, asked = {}, machine = {} }: { disks?: Disk[]; found?: Found; closure?: Closure; asked?: Parameters<typeof configOf>[1]; machine?: Partial<Facts> } = {},
): Plan {
  return makePlan(configOf(system, asked), facts(disks, { memoryBytes: 4 * GiB, ...machine }), new Secret(Buffer.alloc(32)), found, closure);
} // prettier-ignore

const closureOf = (toplevel: string, narBytes: number): Closure => ({
  ...{ toplevel, substituters: ['https://cache.example.org'], paths: 2, narBytes, fileBytes: narBytes },
  ...{ sizes: new Map(), initrd: null },
});
const built = (text: string, scriptBytes = 40_000): Closure => ({
  ...closureOf(prebuilt.storePath, GiB),
  disko: {
    script: closureOf(prebuilt.diskoScript, scriptBytes),
    text,
    fileSystems: [{ mountPoint: '/', device: '/dev/vda2', fsType: 'ext4', options: [] }],
  },
});

const runs = (steps: readonly Step[]) => steps.filter((step): step is RunStep => step.kind === 'run');
const argvs = (steps: readonly Step[]) => runs(steps).map(({ argv }) => argv.join(' '));
const refusals = (work: () => unknown) => {
  try {
    work();
    return [];
  } catch (thrown) {
    return reasonsOf(thrown as DabeiError).map(({ code, message }) => `${code} ${message}`);
  }
};

t.test('the flake is evaluated before a disk is touched, with any amount of memory', async t => {
  for (const memoryBytes of [GiB, 4 * GiB]) {
    const evaluate = argvs(plan(undefined, { machine: { memoryBytes } }).stages.evaluate);
    const at = (pattern: RegExp) => evaluate.findIndex(argv => pattern.test(argv));
    t.equal(at(/swapon .*zram0/) >= 0, memoryBytes < 3 * GiB, 'compressed memory');
    const order = [/nix flake lock/, /#derivation/, /nix eval --json .*#disko\.layout/, /nix build .*#disko\.script/, /nix copy/, /rm -rf/].map(at); // prettier-ignore
    t.ok(order.every((place, index) => place >= 0 && (index === 5 || index === 0 || place > order[index - 1]!)), order.join()); // prettier-ignore
  }
  const { evaluate } = plan().stages;
  const check = evaluate.find(step => step.kind === 'write' && step.path.endsWith('/check/flake.nix'));
  t.match(check, { content: /inherit disko;/ });
  const saving = runs(evaluate).find(({ saves }) => saves !== undefined)!;
  t.equal(saving.saves, '/run/dabei/disko/layout.json');
  t.equal(saving.whenKilled!.code, 'MEMORY_TOO_SMALL');
  t.match(saving.whenKilled!.remedy, /diskoScript/);
});

t.test('wiped as ever, the others protected, then the script with its keys', async t => {
  const { stages, summary } = plan(undefined, { disks: [disk({ ...one, contents: [content('/dev/vda1', { signature: 'ext4' })] }), other], asked: { wipe: true } }); // prettier-ignore
  const steps = runs(stages['nuke-disk']);
  const at = (pattern: RegExp) => steps.findIndex(({ argv }) => pattern.test(argv.join(' ')));
  const script = at(/lay-out/);
  t.ok(at(/wipefs --no-act/) < script && at(/wipefs --no-act/) > 0, 'checked to be empty');
  t.equal(
    steps[script - 2]!.argv.join(' '),
    'blockdev --setro /dev/vdb',
    'after everything else, before the script',
  );
  t.notMatch(argvs(steps).join('\n'), /setro \/dev\/vda/);
  t.same(steps[script]!.argv.slice(-2), ['--', '/run/dabei/disko/script']);
  t.same(
    steps[script]!.keyFiles?.map(({ path }) => path),
    ['/tmp/disk.key'],
  );
  t.match(steps[script], { errorCode: 'DISKO_SCRIPT', env: { LVM_SYSTEM_DIR: '/run/dabei/disko/lvm' } });
  t.equal(steps[script + 1]!.argv.join(' '), '/usr/lib/dabei/swapoff-disks');
  t.match(summary.join('\n'), /everything on this disk will be destroyed: \/dev\/vda .*ext4/);
  t.match(summary.join('\n'), /disko script of github:me\/infra#web/);
  t.match(summary.join('\n'), /key file \/tmp\/disk\.key/);
  const text = renderPlan(plan());
  t.notMatch(text, /correct horse/);
  t.match(text, /# beside the key file \/tmp\/disk\.key, in RAM, removed afterwards/);
});

t.test('the script sees the key files alone', async t => {
  const argv = (...names: string[]) => argvs(plan(undefined, { asked: { keyFiles: names.map(path => ({ path, content: 'x' })) } }).stages['nuke-disk']).find(argv => argv.includes('lay-out'))!; // prettier-ignore
  t.match(
    argv('/tmp/k', '/run/mine/k'),
    /--hide \/run\/dabei\/boot .*--hide \/root --hide \/tmp .*--hide \/run\/mine --key \/tmp\/k --key \/run\/mine\/k -- \//,
  );
  t.notMatch(argv(), /--key/);
});

t.test('nothing of a pool of ours', async t => {
  const { stages } = plan();
  const all = argvs(Object.values(stages).flat()).join('\n');
  t.notMatch(all, /zpool create|zfs set|rpool/);
  const written = Object.values(stages).flat().find(step => step.kind === 'write' && step.path === '/mnt/etc/nixos/runtime-info.json'); // prettier-ignore
  const info = JSON.parse((written as { content: string }).content) as { pool: null; disks: []; modules: { disks: string[] } }; // prettier-ignore
  t.same([info.pool, info.disks], [null, []]);
  t.ok(info.modules.disks.includes('virtio_blk'), 'drivers of the chosen disk');
  t.match(argvs(stages.finish).join('\n'), /umount --recursive \/mnt\nzpool export -a\nzpool list/);
});

t.test('a prebuilt system with its script', async t => {
  const { stages, summary } = plan(prebuilt, {
    closure: built('#!/usr/bin/env bash\nsgdisk /dev/disk/by-id/virtio-a'),
  });
  t.match(
    argvs(stages.evaluate).join('\n'),
    new RegExp(`nix-store --realise ${prebuilt.diskoScript} --add-root /run/dabei/disko/script`),
  );
  t.notMatch(argvs(stages.evaluate).join('\n'), /nix eval|flake lock/);
  t.match(summary.join('\n'), /-disko, which names exactly these disks/);
  const rows: [string, Closure, RegExp][] = [
    [
      'another disk',
      built('#!/bin/sh\nsgdisk /dev/vda /dev/vdb'),
      /^DISKO_DISKS .*"\/dev\/vdb", which is not in disks\.devices/,
    ],
    [
      'a key',
      built('#!/bin/sh\nsgdisk /dev/vda\ncryptsetup open x y --key-file /tmp/other'),
      /^DISKO_KEY .*"\/tmp\/other"/,
    ],
    ['no disk', built('#!/bin/sh\ntrue'), /^DISKO_DISKS .*disks\.devices names \/dev\/vda/],
    ['too large for RAM', built('#!/bin/sh\nsgdisk /dev/vda', 2 * GiB), /^MEMORY_TOO_SMALL .*2 GiB of RAM/],
  ];
  for (const [name, closure, says] of rows) {
    const found = refusals(() => plan(prebuilt, { closure }));
    t.equal(found.length, 1, name);
    t.match(found[0], says, name);
  }
});

t.test('data on the disks, and an installation that was finished', async t => {
  const full = disk({ ...one, contents: [content('/dev/vda', { deviceType: 'disk', signature: 'gpt' })] });
  t.match(
    refusals(() => plan(undefined, { disks: [full, other] })),
    [/^DISK_FOREIGN_DATA/],
  );
  t.same(
    refusals(() => plan(undefined, { disks: [full, other], asked: { wipe: true } })),
    [],
  );
  const found = { ...nothingFound, isInstalled: true };
  const again = refusals(() => plan(undefined, { disks: [full, other], found, asked: { wipe: true } }));
  t.match(again, [/^DISK_INSTALLED/], 'even with disks.wipe');
  t.same(
    refusals(() => plan(undefined, { found })),
    [],
    'an empty disk holds no installation',
  );
  const guid = installedGuid(configOf({ flake }), one);
  t.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.equal(installedGuid(configOf({ flake }, { wipe: true }), one), guid, 'disks.wipe is not a part of it');
  t.not(installedGuid(configOf({ flake }, { generation: 2 }), one), guid);
  t.ok(argvs(plan().stages['boot-loader']).at(-1)!.startsWith(`/usr/lib/dabei/mark-disk ${guid} /dev/disk/by-id/virtio-a`)); // prettier-ignore
});

t.test('right before the script', async t => {
  const config = configOf({ flake });
  const known = facts([one, other]);
  t.same(
    refusals(() => recheckDisks(config, known, [one], [one, other])),
    [],
  );
  const late = disk({ path: '/dev/vdc' });
  t.match(
    refusals(() => recheckDisks(config, known, [one], [one, other, late])),
    [/^DISK_CHANGED .*vdc .* appeared/],
  );
});
