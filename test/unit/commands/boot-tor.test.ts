import { join } from 'node:path';
import t from 'tap';
import { boot } from '../../../agent/commands/boot.ts';
import { status } from '../../../agent/commands/commands.ts';
import { DabeiError } from '../../../agent/errors.ts';
import { readStatus } from '../../../agent/host/status.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import { doorsTo } from '../../support/doors.ts';
import { onlineAddress, onlineFiles, onlinePrograms } from '../../support/online/machine.ts';

/** `dabei boot` on an image with Tor, from the first look at the configuration to what people read. */

t.setTimeout(200_000);

const address = 'sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd.onion';
const rescue = { mode: 'rescue', hostName: 'web', rootAuthorizedKeys: [publicKeyOf('me')] };

/** @param hostname what Tor writes; null: it cannot be started */
async function boots(config: object, hostname: string | null) {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    waiting: 10,
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0', dateOf: async () => null },
    files: {
      ...onlineFiles,
      '/run/dabei/boot/cmdline': `${onlineAddress}\n`,
      '/run/dabei/boot/dabei.json': JSON.stringify(config),
      '/usr/bin/tor': '',
    },
    programs: {
      ...onlinePrograms(),
      mkdir: 'mkdir -p "$ROOT/var/lib/tor"',
      mount: 'exit 0',
      umount: 'exit 0',
    },
  });
  const startDaemon: typeof doors.exec.startDaemon = async ({ argv, ...rest }) => {
    if (argv[0] !== '/usr/bin/tor') return doors.exec.startDaemon({ argv, ...rest });
    if (hostname === null) throw new DabeiError('COMMAND_MISSING', { doing: 'x', problem: 'no Tor' });
    doors.files.writeAtomic('/proc/4001/cmdline', argv.join('\0'), 0o444);
    doors.files.writeAtomic('/var/lib/tor/ssh/hostname', `${hostname}\n`, 0o600);
    doors.files.writeAtomic('/var/log/tor.log', 'Bootstrapped 100% (done): Done\n', 0o600);
    return 4001;
  };
  const watched = { ...doors, exec: { ...doors.exec, startDaemon } };
  const exitCode = await boot(watched);
  const stages = doors.told.flatMap(entry =>
    entry.event === 'stage' && entry.state === 'done' ? [entry.name] : [],
  );
  return { doors: watched, exitCode, stages, told: JSON.stringify(doors.told), now: readStatus(doors) };
}

const isTold = `"text":"ssh root@${address}"`;

t.test('the service is among the ways in', async t => {
  const { doors, exitCode, stages, told } = await boots({ ...rescue, tor: {} }, address);
  t.same([exitCode, stages], [0, ['config', 'network', 'ssh', 'tor', 'rescue']]);
  t.match(told, isTold);
  t.match(status(doors, false), `onion service: ssh root@${address}\n`);
  t.match(JSON.parse(status(doors, true)), { onion: { address, state: 'connected' } });
});

t.test('without a word of the configuration, too; and not if it says so', async t => {
  t.match((await boots(rescue, address)).told, isTold);
  const off = await boots({ ...rescue, tor: { enable: false } }, address);
  t.equal(off.now?.onion, null);
  t.notMatch(off.told, address);
});

t.test('a Tor that fails leaves the machine as reachable as without it', async t => {
  const { doors, exitCode, now, told } = await boots(rescue, null);
  t.same([exitCode, now?.state], [0, 'rescue']);
  t.match(told, 'ssh root@192.0.2.7');
  t.match(status(doors, false), 'there is no onion service: x: no Tor');
});

t.test('a machine that has no configuration that it could use', async t => {
  const refused = await boots({ ...rescue, wipee: 1 }, address);
  t.same([refused.exitCode, refused.stages], [1, ['network', 'ssh', 'tor']]);
  t.match(refused.told, isTold, 'refused');
  const order = { configUrl: 'http://192.0.2.1/x.json', configSha256: '0'.repeat(64), configDeadline: 1 };
  const unfetched = await boots({ ...order, rootAuthorizedKeys: rescue.rootAuthorizedKeys }, address);
  t.match(unfetched.told, isTold, 'not fetched');
});
