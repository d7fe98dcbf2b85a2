import t, { type Test } from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import { readDisks } from '../../../agent/host/machine/disks.ts';
import { readStatus } from '../../../agent/host/status.ts';
import { plannedStages, type Plan, type PlannedStage } from '../../../agent/plan/plan.ts';
import type { Step } from '../../../agent/plan/step.ts';
import { runStages, type Session } from '../../../agent/stages/sequence.ts';
import { carryOut, evaluate, nukeDisk, plan } from '../../../agent/stages/stages.ts';
import { facts } from '../../fixtures/disks.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import type { TestDoors, World } from '../../support/doors.ts';
import { device, lsblkSays, machineWithDisks, part } from '../../support/virtio-disks.ts';

/** The stages after SSH, with a plan of few steps, on a machine with two disks whose lsblk(8) answers from a file. */

const a = device('vda', 'a');
const b = device('vdb', 'b');
const empty = lsblkSays(a, b);
/** What "nuke-disk" made of the machine. */
const laidOut = lsblkSays({ ...a, ...part('vda1', '/mnt') }, b);

/** Programs of the image that the disko script needs. */
const image = ['awk', 'bash', 'dd', 'dirname', 'env', 'jq', 'lsblk', 'mkfs.ext4', 'realpath', 'wipefs'];
const files = {
  '/lsblk': empty,
  '/after': laidOut,
  '/proc/self/mountinfo': '71 20 254:1 / /mnt rw - ext4 /dev/vda1 rw\n',
  '/dev/vda1': '',
  '/run/dabei/disko/script': '#!/usr/bin/env bash\nmkfs.ext4 /dev/vda\n',
  '/run/dabei/disko/layout.json': JSON.stringify({
    fileSystems: [{ mountPoint: '/', device: '/dev/vda1', fsType: 'ext4', options: [] }],
  }),
  ...Object.fromEntries(image.map(name => [`/usr/bin/${name}`, ''])),
};

const doorsFor = (t: Test, world: World = {}) =>
  machineWithDisks(t, {
    ...world,
    files: { ...files, ...world.files },
    programs: { 'lay-out': 'cp $ROOT/after $ROOT/lsblk', ...world.programs },
  });

const own = {};
/** A flake that brings its layout. */
const disko = {
  disks: { layout: 'disko', devices: ['/dev/vda'] },
  system: { flake: 'github:me/infra#web' },
};
const base = {
  mode: 'install',
  hostName: 'web',
  rootAuthorizedKeys: [publicKeyOf('me')],
  disks: { devices: ['/dev/vda'], key: 'a passphrase of some length' },
};
const asked = (changes: object = {}): Session => ({
  resolution: resolveConfiguration({
    commandLine: '',
    files: [{ path: 'dabei.json', bytes: Buffer.from(JSON.stringify({ ...base, ...changes })) }],
  }),
});

const step = (...argv: [string, ...string[]]): Step => ({
  kind: 'run',
  doing: `running ${argv[0]}`,
  argv,
  timeoutSeconds: 10,
});
/** A session after the stage "plan", with these steps. */
async function planned(
  doors: TestDoors,
  changes: object,
  steps: Partial<Record<PlannedStage, Step | Step[]>>,
) {
  const disks = await readDisks(doors);
  doors.ran.length = 0;
  const stages = Object.fromEntries(
    plannedStages.map(name => [name, [steps[name] ?? []].flat()]),
  ) as unknown as Plan['stages'];
  const plan: Plan = {
    ...{ summary: [], warnings: [], beginning: null, stages },
    members: disks.filter(({ path }) => path === '/dev/vda'),
  };
  return { ...asked(changes), facts: facts(disks), plan };
}

const stages = {
  ...{ plan, evaluate, 'nuke-disk': nukeDisk },
  'host-flake': carryOut('host-flake'),
  install: carryOut('install'),
  'boot-loader': carryOut('boot-loader'),
  finish: carryOut('finish'),
};

/** Runs one stage as `dabei install` does. */
async function run(doors: TestDoors, name: keyof typeof stages, session: Session) {
  const error = await runStages(doors, [{ name, run: stages[name] }], session);
  return { error, status: readStatus(doors) };
}

t.test('no stage does anything without a plan, nor with a refused configuration', async t => {
  const refused = { resolution: asked({ wipee: 1 }).resolution };
  const rows: [name: keyof typeof stages, session: Session, problem: RegExp][] = [
    ['plan', refused, /the configuration was refused/],
    ...plannedStages.map((name): [keyof typeof stages, Session, RegExp] => [name, asked(), /there is no plan/]),
  ]; // prettier-ignore
  for (const [name, session, problem] of rows) {
    const doors = doorsFor(t);
    const { error, status } = await run(doors, name, session);
    t.match(error, { code: 'INTERNAL', problem }, name);
    t.match(status, { state: 'failed', stage: name, code: 'INTERNAL' }, name);
    t.same(doors.ran, [], `${name}: nothing is started`);
  }
});

t.test('plan', async t => {
  const doors = doorsFor(t);
  const session = asked({ system: { stateVersion: '24.05' } });
  const { error } = await run(doors, 'plan', session);
  t.equal(error, null);
  t.match(session.plan, { beginning: null, members: [{ path: '/dev/vda' }] });
  t.match(session.facts?.disks, { length: 2 });
  const told = doors.told.flatMap(entry => ('text' in entry ? [`${entry.event}: ${entry.text}`] : []));
  for (const text of session.plan!.summary) t.ok(told.includes(`note: ${text}`), text);
  for (const text of session.plan!.warnings) t.ok(told.includes(`warning: ${text}`), text);
  t.match(told.join('\n'), /^note: .*\/dev\/vda/m, 'the disk that will be erased is told');

  const routes = [{ destination: 'default', gateway: '192.0.2.1' }];
  const network = { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'], routes }] };
  const absent = { interfaces: [{ mac: '52:54:00:00:00:99', dhcp: true }] };
  const silent = { addresses: {}, via: 'dhcp' as const, unreachable: ['192.0.2.1'], warnings: [] };
  const rows: [name: string, changes: object, world: World, more: Partial<Session>, codes: ErrorCode[]][] = [
    ['nobody could log in', { rootAuthorizedKeys: [] }, {}, {}, ['NO_LOGIN']],
    ['its gateway is silent', { network }, {}, { network: silent }, ['NETWORK_SILENT_GATEWAY']],
    ['none of its interfaces is here', { network: absent }, {}, {}, ['NETWORK_INTERFACE_ABSENT']],
    ['none is here, and DHCP answers', { network: absent }, {}, { network: silent }, ['NETWORK_INTERFACE_ABSENT', 'NETWORK_SILENT_GATEWAY']],
    ['none is here, and that is known', { network: { ...absent, allowUnreachableGateways: true }, rootAuthorizedKeys: [] }, {}, { network: silent }, ['NO_LOGIN']],
    ['both at once', { network, rootAuthorizedKeys: [] }, {}, { network: silent }, ['NETWORK_SILENT_GATEWAY', 'NO_LOGIN']],
    ['the disk is not there', {}, { files: { '/lsblk': lsblkSays(b) } }, {}, ['DISK_NOT_FOUND']],
    ['the disk holds data', {}, { files: { '/lsblk': laidOut.replace('"/mnt"', 'null') } }, {}, ['DISK_FOREIGN_DATA']],
    ['lsblk is missing', {}, { programs: { lsblk: 'exit 127' } }, {}, ['COMMAND_FAILED']],
    ['lsblk never ends', {}, { programs: { lsblk: 'exec sleep 60' }, programSeconds: 2 }, {}, ['COMMAND_TIMEOUT']],
    ['lsblk is cut off', {}, { files: { '/lsblk': empty.slice(0, -9) } }, {}, ['INTERNAL']],
  ]; // prettier-ignore
  for (const [name, changes, world, more, codes] of rows) {
    const failing = doorsFor(t, world);
    const { status } = await run(failing, 'plan', { ...asked(changes), ...more });
    t.match(status, { state: 'failed', stage: 'plan', code: codes[0] }, name);
    t.same([...new Set(status?.reasons.map(({ code }) => code))], codes, name);
  }
});

t.test('evaluate, and what the disko script says', async t => {
  const script = (text: string) => ({
    files: { '/run/dabei/disko/script': `#!/usr/bin/env bash\n${text}\n` },
  });
  const reads = script('mkfs.ext4 /dev/vda --key-file /tmp/disk.key');
  const given = { ...disko.disks, keyFiles: [{ path: '/tmp/disk.key', content: 'correct horse' }] };
  const rows: [name: string, changes: object, world: World, code: ErrorCode | null][] = [
    ['own layout', own, {}, null],
    ['own layout, whose script nobody looks at', own, script('mkfs.ext4 /dev/vdb'), null],
    ['a flake that brings disko', disko, {}, null],
    ['its script names another disk', disko, script('mkfs.ext4 /dev/vdb'), 'DISKO_DISKS'],
    ['its script reads a key', disko, reads, 'DISKO_KEY'],
    ['a key that the configuration gives', { ...disko, disks: given }, reads, null],
    ['its script needs a program', disko, script('mkfs.xfs /dev/vda'), 'DISKO_PROGRAM'],
    ['the evaluation fails', disko, { programs: { nix: 'exit 1' } }, 'COMMAND_FAILED'],
    ['Nix is killed', own, { programs: { nix: 'kill -9 $$' } }, 'COMMAND_FAILED'],
    ['the evaluation never ends', own, { programs: { nix: 'exec sleep 60' }, programSeconds: 2 }, 'COMMAND_TIMEOUT'],
  ]; // prettier-ignore
  for (const [name, changes, world, code] of rows) {
    const doors = doorsFor(t, { ...world, programs: { nix: 'exit 0', ...world.programs } });
    const session = await planned(doors, changes, { evaluate: step('nix', 'eval') });
    const { error, status } = await run(doors, 'evaluate', session);
    t.equal(error?.code ?? null, code, `${name}: ${error?.message}`);
    if (code !== null) t.match(status, { stage: 'evaluate', code }, name);
    t.same(doors.ran, ['nix eval'], name);
  }
});

t.test('nuke-disk looks at the disks before, and at a disko layout after', async t => {
  const mounted = (path: string) => ({ '/proc/self/mountinfo': `71 20 254:1 / /mnt rw - ext4 ${path} rw\n` });
  const also = (after: string) => ({ '/after': after });
  const failing = { programs: { 'lay-out': 'echo broken pipe >&2; exit 1' } };
  /** `present` is what the machine shows after planning. */
  const rows: [name: string, changes: object, world: World, present: string | null, code: ErrorCode | null, problem: RegExp][] = [
    ['own layout', own, {}, null, null, /./],
    ['a flake that brings disko', disko, {}, null, null, /./],
    ['the disk is gone', own, {}, lsblkSays(b), 'DISK_CHANGED', /\/dev\/vda is gone/],
    ['another disk has its name', own, {}, lsblkSays(device('vda', 'c'), b), 'DISK_CHANGED', /it was .* and is now /],
    ['somebody made partitions on it', own, {}, laidOut, 'DISK_CHANGED', /and is now /],
    ['a disk came', disko, {}, lsblkSays(a, b, device('vdc', 'c')), 'DISK_CHANGED', /\/dev\/vdc .* appeared in the meantime/],
    ['lsblk does not answer', own, {}, '', 'INTERNAL', /./],
    ['the first step fails', own, failing, null, 'COMMAND_FAILED', /broken pipe/],
    ['the script fails', disko, failing, null, 'COMMAND_FAILED', /broken pipe/],
    ['the script did nothing', disko, { files: also(empty) }, null, 'DISKO_DISKS', /still empty: \/dev\/vda /],
    ['the script mounted another disk', disko, { files: also(lsblkSays({ ...a, ...part('vda1', '/mnt') }, { ...b, ...part('vdb1', '/mnt/data') })) }, null, 'DISKO_DISKS', /mounted below \/mnt: \/dev\/vdb /],
    ['the script mounted something else', disko, { files: { ...mounted('/dev/vda2'), '/dev/vda2': '' } }, null, 'DISKO_MOUNTS', /\/ is to be \/dev\/vda1/],
    ['of its own layout, nobody compares mounts', own, { files: mounted('/dev/vda2') }, null, null, /./],
  ]; // prettier-ignore
  for (const [name, changes, world, present, code, problem] of rows) {
    const doors = doorsFor(t, world);
    const session = await planned(doors, changes, { 'nuke-disk': step('lay-out') });
    if (present !== null) doors.files.writeAtomic('/lsblk', present, 0o644);
    const { error, status } = await run(doors, 'nuke-disk', session);
    t.equal(error?.code ?? null, code, `${name}: ${error?.message}`);
    if (code !== null) {
      t.match(status, { stage: 'nuke-disk', code }, name);
      t.match(error?.problem, problem, name);
    }
    const isRefused = code === 'DISK_CHANGED' || code === 'INTERNAL';
    t.equal(doors.ran.includes('lay-out'), !isRefused, `${name}: written or not`);
  }
});

t.test('the other stages run their steps, and stop at the first that fails', async t => {
  for (const name of ['host-flake', 'install', 'boot-loader', 'finish'] as const) {
    const doors = doorsFor(t, { programs: { works: 'exit 0', fails: 'exit 3' } });
    const session = await planned(doors, {}, { [name]: step('works') });
    t.equal((await run(doors, name, session)).error, null, name);
    const broken = await planned(doors, {}, { [name]: [step('fails'), step('works')] });
    const { error, status } = await run(doors, name, broken);
    t.match(error, { code: 'COMMAND_FAILED', problem: /exit code 3/ }, name);
    t.match(status, { stage: name, code: 'COMMAND_FAILED' }, name);
    t.same(doors.ran, ['fails'], name);
  }
});
