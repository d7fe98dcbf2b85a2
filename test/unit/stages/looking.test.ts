import { join } from 'node:path';
import t, { type Test } from 'tap';
import { configSchema } from '../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import type { Closure } from '../../../agent/plan/nix/closure.ts';
import { installStateFile, type InstallStateEntry } from '../../../agent/plan/disks/install-state.ts';
import { askedOf, layOut } from '../../../agent/plan/disks/layout.ts';
import { installedGuid } from '../../../agent/plan/disko/mark.ts';
import { hostIdOf } from '../../../agent/plan/host-flake/runtime-info.ts';
import { readInstallState } from '../../../agent/stages/install-state.ts';
import { inspectToplevel } from '../../../agent/stages/toplevel.ts';
import { content, disk, facts } from '../../fixtures/disks.ts';
import { doorsTo, type World } from '../../support/doors.ts';

/** What the plan stage looks at before anything is written: what an earlier start left, and a prebuilt system. */

const doorsFor = (t: Test, world: World) => doorsTo(join(t.testdir({ machine: {} }), 'machine'), world);

const config = configSchema.parse({
  hostName: 'web',
  disks: { devices: ['/dev/vda'], key: 'a passphrase of some length', wipe: true },
});
const layout = layOut(config, [disk()], facts([disk()]));
const [guids] = layout.guids;
const esp = content('/dev/vda2', { partUuid: guids!.esp, signature: 'vfat', label: 'ESP' });
const zfs = content('/dev/vda4', { partUuid: guids!.zfs, signature: 'zfs_member' });
const machine = (...contents: ReturnType<typeof content>[]) => facts([disk({ contents })]);

const asked = askedOf(layout, true);
const entry: InstallStateEntry = {
  version: 1,
  stage: 'install',
  configuration: asked.configuration,
  layout: asked.layout,
  partitions: asked.members.flatMap(({ partitions }) => [...partitions]),
};
const state = { [`/esp/${installStateFile('install')}`]: JSON.stringify(entry) };

const programs = {
  mount: 'mkdir -p $ROOT/run/dabei/esp && cp -r $ROOT/esp/. $ROOT/run/dabei/esp/',
  umount: 'rm -r $ROOT/run/dabei/esp',
  modprobe: 'exit 0',
  blkid: 'exit 2',
  zpool: 'exit 0',
  zfs: `case $1 in get) printf 'install\\n${asked.configuration}\\n';; load-key) exec cat > $ROOT/key;; esac`,
};
const known = { stage: 'install', configuration: asked.configuration };

t.test('what an earlier start left', async t => {
  const rows: [name: string, found: ReturnType<typeof machine>, world: World, pool: object | null, entry: object | null][] = [
    ['an empty disk', machine(), {}, null, null],
    ['a finished stage, and its pool', machine(esp, zfs), { files: state, programs }, known, entry],
    ['an ESP that is mounted', machine({ ...esp, mountPoints: ['/esp'] }, zfs), { files: state, programs }, known, entry],
    ['an ESP that does not mount', machine(esp), { programs: { ...programs, mount: 'exit 32' } }, null, null],
    ['a file that is cut', machine(esp), { files: { [Object.keys(state)[0]!]: '{"version"' }, programs }, null, null],
    ['a file that the disk does not give', machine({ ...esp, mountPoints: ['/esp'] }), { files: state, programs, failing: [['readText', /dabei/, 'EIO']] }, null, null],
    ['a pool that is not imported', machine(esp, zfs), { files: state, programs: { ...programs, zpool: 'echo "cannot import: I/O error" >&2; exit 1' } }, { problem: /cannot be imported \(cannot import: I\/O error\)/ }, entry],
    ['another passphrase', machine(esp, zfs), { files: state, programs: { ...programs, zfs: '[ $1 = get ]' } }, { problem: 'disks.key does not open the pool' }, entry],
    ['a pool without an entry on the ESP', machine(esp, zfs), { files: { '/esp/efi/x': '' }, programs }, known, null],
  ]; // prettier-ignore
  for (const [name, found, world, pool, expected] of rows) {
    const doors = doorsFor(t, world);
    const { traces, pool: answer } = await readInstallState(doors, config, found);
    if (pool === null) t.equal(answer, null, name);
    else t.match(answer, pool, name);
    t.same(traces[0]?.entry ?? null, expected, name);
    if (doors.ran.some(line => line.startsWith('zpool import'))) {
      t.match(doors.ran.join('\n'), /zpool import -f -N -o readonly=on/, `${name}: nothing is written`);
      const isAsked = answer !== null && !JSON.stringify(answer).includes('imported');
      t.equal(doors.ran.at(-1)?.startsWith('zpool export'), isAsked, `${name}: it is let go of`);
    }
    t.equal(doors.read('/run/dabei/esp/dabei'), null, `${name}: nothing stays mounted`);
    t.notMatch(doors.ran.join('\n'), /a passphrase/, `${name}: no secret on a command line`);
  }
  t.same(await readInstallState(doorsFor(t, {}), configSchema.parse({}), machine()), {
    traces: [],
    pool: null,
  });
});

t.test('the serial of a signed configuration, on any disk', async t => {
  const signed = { ...config, isSigned: true } as const;
  const other = { ...content('/dev/vdb1', { signature: 'vfat', label: 'ESP' }), mountPoints: ['/other'] };
  const two = facts([disk({ contents: [esp] }), disk({ path: '/dev/vdb', contents: [other] })]);
  const note = (serial: number) => JSON.stringify({ ...entry, serial });
  const name = installStateFile('install');
  const rows: [string, typeof two, Record<string, string>, number | null][] = [
    ['none', two, state, null],
    ['on its own disk', two, { [`/esp/${name}`]: note(3) }, 3],
    ['on another disk', two, { ...state, [`/other/${name}`]: note(4) }, 4],
    ['on both', two, { [`/esp/${name}`]: note(3), [`/other/${name}`]: note(2) }, 3],
    ['of several stages', two, { [`/esp/${name}`]: note(3), '/esp/dabei/1-x.json': note(5) }, 5],
    ['on an empty disk beside', facts([disk(), disk({ path: '/dev/vdb', contents: [other] })]), { [`/other/${name}`]: note(4) }, 4],
  ]; // prettier-ignore
  for (const [title, found, files, serial] of rows) {
    const doors = doorsFor(t, { files, programs });
    t.equal((await readInstallState(doors, signed, found)).serial, serial, title);
    t.equal((await readInstallState(doors, config, found)).serial, undefined, `${title}, not signed`);
  }
});

t.test('a program that was killed has not answered', async t => {
  const killed = 'kill -9 $$';
  const worlds: [name: string, programs: World['programs']][] = [
    ['mount', { ...programs, mount: killed }],
    ['zpool import', { ...programs, zpool: `[ $1 != import ] || ${killed}` }],
    ['zfs get', { ...programs, zfs: `[ $1 != get ] || ${killed}` }],
    ['zfs load-key', { ...programs, zfs: `[ $1 != load-key ] || ${killed}` }],
  ];
  for (const [name, killing] of worlds) {
    const doors = doorsFor(t, { files: state, programs: killing });
    const looking = readInstallState(doors, config, machine(esp, zfs));
    await t.rejects(looking, { code: 'COMMAND_FAILED', problem: /exit code 137/ }, name);
    t.equal(doors.read('/run/dabei/esp/dabei'), null, `${name}: nothing stays mounted`);
  }
});

t.test('with a layout of disko, the disk GUID that a finished installation left', async t => {
  const asked = configSchema.parse({
    hostName: 'web',
    disks: { layout: 'disko', devices: ['/dev/vda', '/dev/vdb'], wipe: true },
    system: { flake: 'github:me/infra#web' },
  });
  const [first, second] = ['/dev/vda', '/dev/vdb'].map(path =>
    disk({ path, aliases: [], contents: [content(`${path}1`)] }),
  ) as [ReturnType<typeof disk>, ReturnType<typeof disk>];
  const other = '00000000-0000-0000-0000-000000000000';
  /** blkid(8) says this of the first and of the second disk; nothing of a disk without a table, and ends with 2. */
  const says = (...guids: [string | null, string | null]) => {
    const [one, two] = guids.map(guid => (guid === null ? 'exit 2' : `echo ${guid}`));
    return { blkid: `case $8 in /dev/vda) ${one};; *) ${two};; esac` };
  };
  const mark = installedGuid(asked, first);
  const rows: [name: string, world: World, isInstalled: boolean | ErrorCode, looks: number][] = [
    ['marked', { programs: says(mark, other) }, true, 1],
    ['in capitals, as some programs write it', { programs: says(mark.toUpperCase(), other) }, true, 1],
    ['the second disk alone', { programs: says(null, installedGuid(asked, second)) }, true, 2],
    ['the mark of the other disk', { programs: says(other, mark) }, false, 2],
    ['another table', { programs: says(other, other) }, false, 2],
    ['no table', { programs: says(null, null) }, false, 2],
    ['blkid is missing', {}, 'COMMAND_MISSING', 1],
    ['blkid cannot tell', { programs: { blkid: 'exit 8' } }, 'COMMAND_FAILED', 1],
    ['blkid is killed', { programs: { blkid: 'kill -9 $$' } }, 'COMMAND_FAILED', 1],
    ['blkid never ends', { programs: { blkid: 'exec sleep 60' }, programSeconds: 0.3 }, 'COMMAND_TIMEOUT', 1],
  ]; // prettier-ignore
  for (const [name, world, expected, looks] of rows) {
    const doors = doorsFor(t, world);
    const looking = readInstallState(doors, asked, facts([first, second]));
    if (typeof expected === 'string') await t.rejects(looking, { code: expected }, name);
    else t.same(await looking, { traces: [], pool: null, isInstalled: expected }, name);
    t.equal(doors.ran.length, looks, `${name}: disks that were looked at`);
    t.same(doors.written, [], `${name}: nothing is written`);
  }
  const numbered = { ...asked, serial: 7, isSigned: true } as const;
  const noted = (serial: number) => installedGuid({ ...numbered, serial }, second);
  const serials: [name: string, world: World, serial: number | null][] = [
    ['on the second disk', { programs: says(other, noted(9)) }, 9],
    ['the highest', { programs: says(noted(12), noted(9)) }, 12],
    ['none', { programs: says(other, mark) }, null],
  ];
  for (const [name, world, serial] of serials) {
    const machine = facts([first, second]);
    t.equal((await readInstallState(doorsFor(t, world), numbered, machine)).serial, serial, name);
  }
  const unread = { programs: { blkid: `[ $8 = /dev/vda ] && echo ${other} || exit 8` } };
  const onFirst = { ...numbered, disks: { ...asked.disks!, devices: asked.disks!.devices.slice(0, 1) } };
  const { serial } = await readInstallState(doorsFor(t, unread), onFirst, facts([first, second]));
  t.equal(serial, null, 'a disk that is not asked for and cannot be read');
  const none = doorsFor(t, {});
  await readInstallState(none, asked, facts([first]));
  await readInstallState(none, asked, facts([disk(), disk({ path: '/dev/vdb', aliases: [] })]));
  t.same(none.ran, [], 'nothing is asked while a disk is missing, nor of empty disks');
});

const toplevel = '/nix/store/00000000000000000000000000000000-nixos-system-web';
const hostId = Buffer.from(hostIdOf(config), 'hex').reverse();
const escape = (bytes: Buffer) => [...bytes].map(byte => `\\0${byte.toString(8).padStart(3, '0')}`).join('');

/** `nix store cat` and `nix store ls`, of a cache that lies in a directory; links are files that end in ".link". */
const nix = `path=$ROOT/cache$6
case $2 in
  cat) path=$ROOT/cache$5; [ -f "$path" ] || exit 1; exec cat "$path";;
  ls) if [ -f "$path.link" ]; then printf '{"type":"symlink","target":"%s"}' "$(cat "$path.link")"
    elif [ -e "$path" ]; then printf '{"type":"regular"}'; else exit 1; fi;;
esac`;

t.test('a prebuilt system', async t => {
  const linked = '/nix/store/11111111111111111111111111111111-initrd-linux';
  const etc = '/nix/store/22222222222222222222222222222222-etc/etc';
  const closure = (bytes = 1000): Closure => ({
    ...{ toplevel, substituters: ['https://empty', 'https://cache'], paths: 1, narBytes: 1, fileBytes: 1 },
    ...{ sizes: new Map([[toplevel, bytes]]), initrd: null },
  });
  const at = (path: string) => `/cache${toplevel}/${path}`;
  const system = { [at('system')]: 'x86_64-linux', [at('initrd.link')]: `${linked}/initrd` };
  const withId = (id: Buffer) =>
    nix.replace('cat) ', `cat) case $5 in */etc/hostid) printf '%b' '${escape(id)}'; exit 0;; esac; `);
  const rows: [name: string, world: World, code: ErrorCode | null, problem: RegExp, bytes?: number][] = [
    ['as wanted', { files: system, programs: { nix: withId(hostId) } }, null, /./],
    ['without a host id', { files: system, programs: { nix } }, null, /./],
    ['another host id', { files: system, programs: { nix: withId(Buffer.from('00bab10c', 'hex').reverse()) } }, 'CLOSURE_SYSTEM', /networking\.hostId is 00bab10c/],
    ['an SSH server', { files: { ...system, [at('etc.link')]: etc, [`/cache${etc}/os-release`]: '', [`/cache${etc}/ssh/sshd_config`]: '' }, programs: { nix: withId(hostId) } }, null, /./],
    ['no SSH server', { files: { ...system, [at('etc.link')]: etc, [`/cache${etc}/os-release`]: '' }, programs: { nix: withId(hostId) } }, 'NO_LOGIN', /has no SSH server/],
    ['another processor', { files: { ...system, [at('system')]: 'aarch64-linux' }, programs: { nix } }, 'CLOSURE_SYSTEM', /system for aarch64-linux/],
    ['something else', { files: { [at('bin/hello')]: '' }, programs: { nix } }, 'CLOSURE_SYSTEM', /it has no file "system"/],
    ['too large', { programs: { nix } }, 'CLOSURE_SYSTEM', /too large/, 2 ** 30],
    ['nix is missing', {}, 'COMMAND_MISSING', /nix/],
    ['nix is killed', { programs: { nix: 'kill -9 $$' } }, 'COMMAND_FAILED', /exit code 137/],
    ['nix never ends', { programs: { nix: 'exec sleep 60' }, programSeconds: 0.3 }, 'COMMAND_TIMEOUT', /did not end/],
    ['system is a link', { files: { [at('system.link')]: 'other', [at('other')]: 'i686-linux' }, programs: { nix } }, 'CLOSURE_SYSTEM', /system for i686-linux/],
    ['a link to itself', { files: { [at('system.link')]: 'system' }, programs: { nix } }, 'CLOSURE_SYSTEM', /it has no file "system"/],
  ]; // prettier-ignore
  for (const [name, world, code, problem, bytes] of rows) {
    const doors = doorsFor(t, world);
    const looking = inspectToplevel(doors, closure(bytes), config, facts([disk()]));
    if (code !== null) await t.rejects(looking, { code, problem }, name);
    else t.equal(await looking, linked, name);
    const warned = doors.told.some(each => 'text' in each && each.text.includes('networking.hostId'));
    t.equal(warned, name === 'without a host id', `${name}: warning`);
    t.same(doors.written, [], `${name}: nothing is written`);
    const isUnsure = doors.told.some(each => 'text' in each && each.text.includes('SSH server'));
    if (code === null) t.equal(isUnsure, name !== 'an SSH server', `${name}: warning of an unknown /etc`);
  }
  const allowed = { ...config, system: { ...config.system, allowDisabledSsh: true } };
  const files = { ...system, [at('etc.link')]: etc, [`/cache${etc}/os-release`]: '' };
  const doors = doorsFor(t, { files, programs: { nix: withId(hostId) } });
  t.equal(
    await inspectToplevel(doors, closure(), allowed, facts([disk()])),
    linked,
    'no SSH server, and that is wanted',
  );
});
