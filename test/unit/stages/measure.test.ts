import t, { type Test } from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import { readStatus } from '../../../agent/host/status.ts';
import { runStages, type Session } from '../../../agent/stages/sequence.ts';
import { plan } from '../../../agent/stages/stages.ts';
import { archiveDirectory } from '../../../agent/stages/toplevel.ts';
import type { World } from '../../support/doors.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import { cache, key, pathOf, type Graph } from '../../support/signed-cache.ts';
import { device, lsblkSays, machineWithDisks } from '../../support/virtio-disks.ts';

/** What the stage "plan" waits for and reads before it decides: disks that come late, and a prebuilt system with its layout. */

const a = device('vda', 'a');
const b = device('vdb', 'b');
const c = device('vdc', 'c');

async function planOn(t: Test, config: object, world: World) {
  const doors = machineWithDisks(t, world);
  const text = JSON.stringify({
    ...{ mode: 'install', hostName: 'web', rootAuthorizedKeys: [publicKeyOf('me')], ...config },
  });
  const session: Session = {
    resolution: resolveConfiguration({
      commandLine: '',
      files: [{ path: 'dabei.json', bytes: Buffer.from(text) }],
    }),
  };
  const error = await runStages(doors, [{ name: 'plan', run: plan }], session);
  const told = doors.told.flatMap(entry => ('text' in entry ? [entry.text] : []));
  return { doors, session, error, told, status: readStatus(doors) };
}

/** `lsblk` lists one more disk each time, as far as there are any. */
const coming = (...lists: object[][]): World => ({
  files: Object.fromEntries([
    ...lists.map((list, index) => [`/lists/${index}`, lsblkSays(...list)]),
    ['/lists/at', '0'],
  ]) as Record<string, string>,
  programs: {
    lsblk: `at=$(cat $ROOT/lists/at); cat $ROOT/lists/$at
[ ! -e $ROOT/lists/$((at + 1)) ] || echo $((at + 1)) > $ROOT/lists/at`,
  },
});

t.test('which disks are waited for', async t => {
  const passphrase = 'a passphrase of some length';
  const named = (...devices: unknown[]) => ({ disks: { devices, key: passphrase } });
  const rows: [name: string, config: object, world: World, uptime: number, found: { member: string } | { code: ErrorCode }, leastSeconds: number][] = [
    ['a path that is there', named('/dev/vda'), coming([a]), 1, { member: '/dev/vda' }, 0],
    ['a path that comes', named('/dev/vdb'), coming([a], [a], [a, b]), 1, { member: '/dev/vdb' }, 4],
    ['a serial number that is there', named({ serial: 'b' }), coming([a, b], [a, b, c]), 1, { member: '/dev/vdb' }, 0],
    ['a serial number that comes', named({ serial: 'b' }), coming([a], [a, b]), 1, { member: '/dev/vdb' }, 2],
    ['the only one, once nothing new comes', named('only'), coming([a]), 1, { member: '/dev/vda' }, 5],
    ['the only one, and a second comes', named('only'), coming([a], [a, b]), 1, { code: 'DISK_AMBIGUOUS' }, 5],
    ['one by its bus, and a second comes', named({ transport: 'virtio' }), coming([a], [a], [a, b]), 1, { code: 'DISK_AMBIGUOUS' }, 5],
    ['a path that never comes', named('/dev/vdb'), coming([a]), 1, { code: 'DISK_NOT_FOUND' }, 59],
    ['long after the start of the machine', named('/dev/vdb'), coming([a]), 300, { code: 'DISK_NOT_FOUND' }, 5],
  ]; // prettier-ignore
  for (const [name, config, world, uptime, found, leastSeconds] of rows) {
    const { session, told, status, doors } = await planOn(t, config, { ...world, uptime });
    if ('member' in found) t.match(session.plan?.members, [{ path: found.member }], name);
    else t.match(status, { stage: 'plan', code: found.code }, name);
    t.ok(doors.clock.uptimeSeconds() - uptime >= leastSeconds, `${name}: waited`);
    const looks = doors.ran.filter(line => line.startsWith('lsblk')).length;
    t.equal(looks > 1, leastSeconds > 0, `${name}: looked again`);
    const times = told.filter(text => text.includes('waiting for missing disks')).length;
    t.ok(times <= 1, `${name}: said once`);
  }
});

const toplevel = pathOf('a');
const script = pathOf('b');

/** `nix store cat` and `nix store ls` of files below /cache. */
const nix = `path=$ROOT/cache$6
case $2 in
  cat) path=$ROOT/cache$5; [ -f "$path" ] || exit 1; exec cat "$path";;
  ls) if [ -e "$path" ]; then printf '{"type":"regular"}'; else exit 1; fi;;
esac`;
const held = {
  '/lsblk': lsblkSays(a, b),
  [`/cache${toplevel}/system`]: 'x86_64-linux\n',
  [`/cache${toplevel}/etc/ssh/sshd_config`]: '',
  [`/cache${toplevel}/etc/fstab`]: '/dev/vda1 / ext4 defaults 0 1\n',
  [`/cache${script}`]: '#!/usr/bin/env bash\nmkfs.ext4 /dev/vda\n',
};

t.test('a prebuilt system that brings its layout', async t => {
  const graph: Graph = { a: [], b: [] };
  const text = (line: string) => ({ [`/cache${script}`]: `#!/usr/bin/env bash\n${line}\n` });
  const rows: [name: string, graph: Graph, files: World['files'], code: ErrorCode | null, problem: RegExp][] = [
    ['as wanted', graph, {}, null, /./],
    ['the cache has no script', { a: [] }, {}, 'CLOSURE_PATH_MISSING', /-b: /],
    ['the cache has no system', { b: [] }, {}, 'CLOSURE_PATH_MISSING', /-a: /],
    ['what the script needs is missing', { a: [], b: ['c'] }, {}, 'CLOSURE_PATH_MISSING', /-c: /],
    ['it is not a script', graph, { [`/cache${script}`]: 'ELF' }, 'CLOSURE_SYSTEM', /it is not a script/],
    ['a system for another processor', graph, { [`/cache${toplevel}/system`]: 'riscv64-linux' }, 'CLOSURE_SYSTEM', /system for riscv64-linux/],
    ['the script names another disk', graph, text('mkfs.ext4 /dev/vdb'), 'DISKO_DISKS', /"\/dev\/vdb"/],
    ['the script reads a key', graph, text('mkfs.ext4 /dev/vda --key-file /tmp/disk.key'), 'DISKO_KEY', /"\/tmp\/disk\.key"/],
  ]; // prettier-ignore
  for (const [name, paths, files, code, problem] of rows) {
    const { url } = await cache(t, paths);
    const config = {
      disks: { layout: 'disko', devices: ['/dev/vda'] },
      system: { storePath: toplevel, diskoScript: script, substituters: [url], trustedPublicKeys: [key] },
    };
    const world = { files: { ...held, ...files }, programs: { nix } };
    const { session, error, status, doors } = await planOn(t, config, world);
    t.equal(error?.code ?? null, code, `${name}: ${error?.message}`);
    if (code === null) {
      t.match(session.plan?.members, [{ path: '/dev/vda' }], name);
      t.match(session.plan?.summary.join('\n'), `layout: by the disko script ${script}`, name);
    } else {
      t.match(status, { stage: 'plan', code }, name);
      t.match(error?.message, problem, name);
    }
    t.same(
      doors.written.filter(path => !path.endsWith('status.json') && path !== archiveDirectory),
      [],
      `${name}: nothing is written`,
    );
  }
  const { url } = await cache(t, { a: [] });
  const config = {
    disks: { devices: ['/dev/vda'], key: 'a passphrase of some length' },
    system: { storePath: toplevel, substituters: [url], trustedPublicKeys: [key] },
  };
  const { error, session } = await planOn(t, config, { files: held, programs: { nix } });
  t.equal(error, null, 'with a layout of dabei');
  t.match(session.plan?.members, [{ path: '/dev/vda' }]);
});
