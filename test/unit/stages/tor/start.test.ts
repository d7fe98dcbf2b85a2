import { join } from 'node:path';
import t, { type Test } from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { readStatus } from '../../../../agent/host/status.ts';
import type { Session } from '../../../../agent/stages/sequence.ts';
import { observeOnion } from '../../../../agent/stages/tor/observe.ts';
import { startTor } from '../../../../agent/stages/tor/start.ts';
import { newOnionKey, onionAddressOfKey, onionKey } from '../../../fixtures/onion-key.ts';
import { doorsTo, type World } from '../../../support/doors.ts';

/** The onion service on a machine that is a directory; Tor is a script that writes what Tor writes. */

const drawn = 'sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd.onion';
const key = onionKey.toString('base64');
const epoch = 1_790_000_000;

const line = (text: string) => `Nov 30 12:00:00.000 ${text}\n`;
const programs = {
  mkdir: 'for each; do case $each in /*) mkdir -p "$ROOT$each";; esac; done',
  mount: 'exit 0',
  umount: 'rm -rf "$ROOT/var/lib/tor"',
  busybox: 'case "$1" in kill) rm -rf "$ROOT/proc/$3";; esac',
};

interface Tor {
  /** What it writes into the file hostname; null: nothing. */
  hostname?: string | null;
  ends?: boolean;
  log?: string;
}

/** Everything that Tor does, it does at once. */
function machine(t: Test, tor: Tor = {}, world: World = {}) {
  const asked: string[] = [];
  const plain = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    epoch,
    network: {
      dateOf: async origin => {
        asked.push(origin);
        return epoch;
      },
    },
    ...world,
    programs: { ...programs, ...world.programs },
  });
  const { files } = plain;
  let pid = 4000;
  const startDaemon: typeof plain.exec.startDaemon = async ({ argv, logFile }) => {
    const { hostname = drawn, ends = false, log = line('[notice] Bootstrapped 45% (x): y') } = tor;
    plain.ran.push(argv.join(' '));
    files.writeAtomic(logFile, log, 0o600);
    pid++;
    if (!ends) files.writeAtomic(`/proc/${pid}/cmdline`, `${argv.join('\0')}\0`, 0o444);
    if (hostname !== null) files.writeAtomic('/var/lib/tor/ssh/hostname', `${hostname}\n`, 0o600);
    return pid;
  };
  return { doors: { ...plain, exec: { ...plain.exec, startDaemon } }, asked };
}

function session(tor: object | undefined, commandLine = ''): Session {
  const bytes = Buffer.from(JSON.stringify({ mode: 'rescue', ...(tor === undefined ? {} : { tor }) }));
  return { resolution: resolveConfiguration({ commandLine, files: [{ path: '/dabei.json', bytes }] }) };
}

t.test('an address that is drawn', async t => {
  const { doors, asked } = machine(t);
  const now = session(undefined);
  await startTor(doors, now);
  t.equal(now.onion?.address, drawn);
  t.same(readStatus(doors)?.onion, { address: drawn, problem: null });
  t.match(observeOnion(doors, readStatus(doors)), { address: drawn, state: 'connecting', percent: 45 });
  t.match(doors.told, [{ event: 'note', text: `onion service: ssh root@${drawn}` }]);
  t.same(asked, ['https://cache.nixos.org']);
  t.match(doors.read('/etc/tor/torrc'), /HiddenServicePort 22 127\.0\.0\.1:22/);
  const ran = doors.ran.length;
  await startTor(doors, now);
  t.equal(doors.ran.length, ran, 'once is enough');
});

t.test('the key of the configuration, which arrives later', async t => {
  const tor: Tor = {};
  const { doors, asked } = machine(t, tor);
  const now = session(undefined);
  await startTor(doors, now);
  Object.assign(now, session({ key, timeFrom: 'off' }));
  tor.hostname = onionAddressOfKey;
  asked.length = 0;
  await startTor(doors, now);
  t.ok(doors.ran.includes('busybox kill -9 4001'), 'the first one is ended');
  t.ok(doors.ran.indexOf('umount /var/lib/tor') > doors.ran.indexOf('busybox kill -9 4001'));
  t.equal(now.onion?.address, onionAddressOfKey);
  t.same(readStatus(doors)?.onion, { address: onionAddressOfKey, problem: null });
  t.same(asked, [], 'nobody is asked for the time');
  t.ok(doors.files.readBytes('/var/lib/tor/ssh/hs_ed25519_secret_key')?.equals(onionKey));
  t.notOk(JSON.stringify([doors.told, doors.ran]).includes(key.slice(50, 60)));
  Object.assign(now, session({ enable: false }));
  await startTor(doors, now);
  t.equal(readStatus(doors)?.onion, null);
  t.equal(doors.read('/var/lib/tor/ssh/hs_ed25519_secret_key'), null, 'the key is gone');
});

t.test('what may go wrong is a warning, in time', async t => {
  const failed = line('[err] Reading config failed--see warnings above.');
  const rows: [name: string, tor: Tor, world: World, problem: RegExp][] = [
    ['Tor ends at once', { hostname: null, ends: true, log: failed }, {}, /Tor has ended: err: Reading config failed/],
    ['no address comes', { hostname: null }, {}, /has made none after 60 s: notice: Bootstrapped 45%/],
    ['an address that is none', { hostname: 'example.onion' }, {}, /another one than the key has/],
    ['another address', {}, {}, /another one than the key has/],
    ['no room', {}, { failing: [['writeAtomic', /torrc$/, 'ENOSPC']] }, /no space left/],
    ['no file system', {}, { programs: { mount: 'echo "mount: no" >&2; exit 32' } }, /mount: no/],
  ]; // prettier-ignore
  for (const [name, tor, world, problem] of rows) {
    const { doors } = machine(t, tor, world);
    const now = session({ key: newOnionKey().toString('base64') });
    await startTor(doors, now);
    t.equal(now.onion, undefined, name);
    t.match(readStatus(doors)?.onion, { address: null, problem }, name);
    t.equal(observeOnion(doors, readStatus(doors))?.state, 'ended', name);
    t.match(doors.told.at(-1), { event: 'warning', text: /there is no onion service/ }, name);
    t.equal(doors.read('/var/lib/tor/ssh/hs_ed25519_secret_key'), null, `${name}: the key is gone`);
  }
  const { doors } = machine(t);
  await startTor(doors, session({ enable: false }));
  t.same([readStatus(doors)?.onion, doors.told, doors.ran], [null, [], []], 'switched off');
});

t.test('the clock', async t => {
  const day = 86_400;
  const rows: [name: string, says: number | null, set: boolean, told: RegExp | null][] = [
    ['is right', epoch + 5, false, null],
    ['is behind', epoch + day, true, /says that it is .*: moved forward/],
    ['is ahead', epoch - day, false, /does not move it backward/],
    ['nobody says', null, false, /nobody tells the time \(asked: http:\/\/192\.0\.2\.1\)/],
  ];
  for (const [name, says, set, told] of rows) {
    const { doors } = machine(t, {}, { network: { dateOf: async () => says } });
    await startTor(doors, session({ timeFrom: 'http://192.0.2.1/' }));
    t.equal(doors.ran.includes(`busybox date -u -s @${says}`), set, name);
    const entry = doors.told.find(({ event }) => event !== 'command');
    if (told !== null) t.match(entry, { text: told }, name);
    t.equal(readStatus(doors)?.onion?.address, drawn, `${name}: Tor starts`);
    t.equal(doors.ran.findIndex(line => line.includes('date')) < doors.ran.indexOf('/usr/bin/tor -f /etc/tor/torrc'), true);
  }
  const { doors, asked } = machine(t);
  await startTor(doors, session(undefined, 'dabei.time=2026-09-21T00:00:00Z'));
  t.same(asked, [], 'the operator gave it');
}); // prettier-ignore
