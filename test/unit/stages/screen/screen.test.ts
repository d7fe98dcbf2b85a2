import { statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { updateStatus } from '../../../../agent/host/status.ts';
import { draw } from '../../../../agent/stages/screen/draw.ts';
import { observe, type Copied } from '../../../../agent/stages/screen/observe.ts';
import { drawOnce, outputsOf, withScreen } from '../../../../agent/stages/screen/watch.ts';
import { doorsTo, type World } from '../../../support/doors.ts';
import { states } from '../../../support/screen/states.ts';

const machine = {
  '/proc/meminfo': 'MemTotal: 498995 kB\nMemAvailable: 412160 kB\n',
  '/proc/sys/kernel/hostname': 'web-01\n',
  '/sys/class/dmi/id/sys_vendor': 'Example\n',
  '/sys/class/dmi/id/product_name': 'Model 7\n',
  '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n',
  '/sys/class/tty/console/active': 'tty0 ttyS0\n',
  '/sys/class/vtconsole/vtcon0/name': '(S) VGA+\n',
  '/sys/class/vtconsole/vtcon0/bind': '1\n',
  '/run/dabei/boot/cmdline': 'console=ttyS0 console=tty0 dabei.medium=iso\n',
  '/dev/vcsa1': '\x19\x50\x00\x00',
};

/** A machine whose terminals take so many bytes at a time. */
function machineOf(t: Test, { files = {}, ...world }: World = {}, takes = Infinity) {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    files: { ...machine, ...files },
    ...world,
  });
  let sent: Record<string, string> = {};
  const taking = {
    ...doors.files,
    consolePaths: () =>
      (doors.read('/sys/class/tty/console/active') ?? '')
        .trim()
        .split(' ')
        .map(name => `/dev/${name}`),
    writeTerminal: (path: string, bytes: Buffer) => {
      const taken = bytes.subarray(0, takes);
      sent[path] = (sent[path] ?? '') + taken.toString('latin1');
      return taken.length;
    },
    writeConsole: (path: string, text: string) => void (sent[path] = (sent[path] ?? '') + text),
  };
  const take = () => {
    const all = sent;
    sent = {};
    return all;
  };
  return { doors: { ...doors, files: taking }, take };
}

const vga = { drawn: ['tty1'], plain: [] };
const serial = { drawn: ['ttyS0'], plain: [] };

t.test('what is observed', async t => {
  const { doors } = machineOf(t, {
    files: { '/run/dabei/console/shell': 'root\n', '/root/.ssh/authorized_keys': '# none\n' },
  });
  const first = observe(doors);
  t.match(first, {
    hostName: 'web-01',
    machine: 'Example Model 7',
    phase: 'running',
    stage: { name: 'config', index: 0, of: 0 },
    memory: { freeBytes: 400 * 2 ** 20, totalBytes: 498995 * 1024 },
    sshPort: 22,
    hostKeys: [],
    login: { by: 'nobody' },
    shell: 'root',
    copied: null,
  });
  updateStatus(doors, {
    stage: 'install',
    index: 8,
    of: 10,
    hostKeys: ['SHA256:abc (ED25519)'],
    sshPort: 2222,
  });
  doors.files.writeAtomic('/root/.ssh/authorized_keys', 'ssh-ed25519 AAAA me\n', 0o600);
  const copied: Copied = {
    ...{ event: 'copied', paths: 1, ofPaths: 4, bytes: 25, ofBytes: 100, bytesPerSecond: 5, secondsLeft: 15 },
  };
  t.match(observe(doors, copied), {
    stage: { name: 'install', index: 8, of: 10 },
    copied: { share: 0.25, text: /1 of 4 paths/ },
    sshPort: 2222,
    hostKeys: ['SHA256:abc (ED25519)'],
    login: { by: 'key' },
  });
  t.equal(observe(doors, { ...copied, ofBytes: 0 }).copied?.share, 0);
  doors.files.writeAtomic('/run/dabei/screen/password', 'lusab-babad', 0o600);
  t.same(observe(doors).login, { by: 'password', password: 'lusab-babad' });
  doors.files.writeAtomic('/run/dabei/console/shell', 'nonsense\n', 0o600);
  t.equal(observe(doors).shell, 'off');
});

t.test('a terminal gets the screen once, then the changes, then nothing', async t => {
  const { doors, take } = machineOf(t);
  draw(doors, vga, states.rescue);
  const { '/dev/tty1': first = '' } = take();
  t.match(first, /\x1b\[20;25r/, 'the log scrolls in the last six rows');
  t.match(first, /lusab-babad-gutih-tugad/);
  draw(doors, vga, states.rescue);
  t.same(take(), {});
  draw(doors, vga, { ...states.rescue, hostName: 'other' });
  const { '/dev/tty1': change = '' } = take();
  t.match(change, /^\x1b7\x1b\[2;1H\x1b\[0mother: Example Computer Model 7\x1b\[0m *\x1b8$/);
  const { mode } = statSync(join(doors.root, 'run/dabei/screen/tty1.json'));
  t.equal(mode & 0o777, 0o600, 'the screen has a password');
});

t.test('while somebody has a shell, nothing is drawn; then everything is', async t => {
  const { doors, take } = machineOf(t);
  draw(doors, vga, states.rescue);
  take();
  doors.files.writeAtomic('/run/dabei/console/in-use.tty1', '', 0o600);
  draw(doors, vga, states.failed);
  t.same(take(), {});
  doors.files.remove('/run/dabei/console/in-use.tty1');
  draw(doors, vga, states.failed);
  t.match(take()['/dev/tty1'], /\x1b\[20;25r[^]*DISK_NOT_FOUND/);
});

t.test('another size, a damaged file: everything is drawn again; too small: nothing', async t => {
  const { doors, take } = machineOf(t);
  draw(doors, vga, states.rescue);
  doors.files.writeAtomic('/dev/vcsa1', Buffer.from([48, 128, 0, 0]), 0o600);
  take();
  draw(doors, vga, states.rescue);
  t.match(take()['/dev/tty1'], /\x1b\[43;48r/);
  doors.files.writeAtomic('/run/dabei/screen/tty1.json', '{"size', 0o600);
  draw(doors, vga, states.rescue);
  t.match(take()['/dev/tty1'], /\x1b\[43;48r/);
  doors.files.writeAtomic('/dev/vcsa1', Buffer.from([10, 80, 0, 0]), 0o600);
  draw(doors, vga, states.rescue);
  t.same(take(), {});
});

t.test('a slow line gets all of it, piece by piece, and nothing twice', async t => {
  const whole = machineOf(t);
  draw(whole.doors, { drawn: ['tty1'], plain: [] }, states.rescue);
  for (const takes of [100, 1024, 5000]) {
    const { doors, take } = machineOf(t, {}, takes);
    let text = '';
    let draws = 0;
    for (let more = true; more && draws < 100; draws++) {
      draw(doors, serial, draws === 0 ? states.starting : states.rescue);
      const { '/dev/ttyS0': said = '' } = take();
      t.ok(said.length <= 1024, 'at once');
      more = said !== '';
      text += said;
    }
    t.ok(draws > 3, `${draws} times`);
    t.equal(text.split('\x1b7').length, text.split('\x1b8').length, 'no piece is cut off');
    t.match(text, /\x1b\[19;24r/);
    t.equal(text.match(/SHA256:/g)?.length, 1);
  }
  const { doors, take } = machineOf(t, {}, 0);
  draw(doors, serial, states.rescue);
  t.same(take(), { '/dev/ttyS0': '' }, 'a line without a peer');
});

t.test('plain lines: when something is new, and not too often', async t => {
  const { doors, take } = machineOf(t);
  const plain = { drawn: [], plain: ['ttyS0'] };
  draw(doors, plain, states.installing);
  t.same(take(), {}, 'the log says it');
  draw(doors, plain, states.rescue);
  t.match(take()['/dev/ttyS0'], /^\nnix-dabei 0\.2\.0, nix-dabei: rescue system\n {2}ssh root@192\.0\.2\.77/);
  draw(doors, plain, states.rescue);
  draw(doors, plain, states['without-address']);
  t.same(take(), {}, 'too early');
  await doors.clock.sleep(6);
  draw(doors, plain, states.rescue);
  t.same(take(), {}, 'nothing new');
  draw(doors, plain, states['without-address']);
  t.match(take()['/dev/ttyS0'], /eth0: no address/);
  doors.files.writeAtomic('/run/dabei/console/in-use.ttyS0', '', 0o600);
  await doors.clock.sleep(6);
  draw(doors, plain, states.rescue);
  t.same(take(), {}, 'somebody has a shell there');
});

t.test('while something works, with its log', async t => {
  const { doors, take } = machineOf(t);
  t.same(outputsOf(doors), vga);
  const result = await withScreen(doors, async watched => {
    t.match(take()['/dev/tty1'], /starting/, 'at once');
    t.equal(doors.read('/run/dabei/screen/drawer'), `${process.pid}\n`);
    updateStatus(watched, { stage: 'install', index: 8, of: 10 });
    watched.log({
      ...{
        event: 'copied',
        paths: 1,
        ofPaths: 4,
        bytes: 25,
        ofBytes: 100,
        bytesPerSecond: 5,
        secondsLeft: 15,
      },
    });
    await new Promise(resolve => setTimeout(resolve, 700));
    t.match(take()['/dev/tty1'], /stage 8 of 10: install[^]*1 of 4 paths/);
    watched.log({ event: 'stage', index: 9, of: 10, name: 'boot-loader', state: 'started' });
    return 7;
  });
  t.equal(result, 7);
  t.notMatch(take()['/dev/tty1'] ?? '', /paths/, 'once more at the end');
  t.equal(doors.read('/run/dabei/screen/drawer'), null);
  t.equal(doors.told.length, 2, 'the log is as it was');
});

t.test('a screen that fails stops nothing; without one, nothing is written', async t => {
  const broken = machineOf(t, { failing: [['writeAtomic', /tty1/, 'ENOSPC']] });
  t.equal(await withScreen(broken.doors, async () => 7), 7);
  t.match(broken.doors.told[0], { event: 'warning', text: /the status screen ends: .*no space/ });
  for (const path of [/screen\/drawer/, /dabei\/screen$/]) {
    const full = machineOf(t, {
      failing: [
        ['writeAtomic', path, 'ENOSPC'],
        ['makeDirectory', path, 'ENOSPC'],
      ],
    });
    t.equal(await withScreen(full.doors, async () => 7), 7, path.source);
    t.match(full.doors.told[0], { event: 'warning', text: /the status screen ends/ }, path.source);
  }
  const off = machineOf(t, { files: { '/run/dabei/boot/cmdline': 'console=tty0\n' } });
  t.equal(await withScreen(off.doors, async () => 8), 8);
  drawOnce(off.doors);
  t.same([off.take(), off.doors.written], [{}, []]);
  const on = machineOf(t);
  drawOnce(on.doors);
  t.match(on.take()['/dev/tty1'], /starting/);
});
