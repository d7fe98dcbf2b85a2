import t from 'tap';
import { emulatedCommand } from '../../../../image/debian/emulator.ts';

/** How a program of another architecture is started inside of a root. */

const mounts = { '/build': '/cache/agent' };
const command = (root: string, ...argv: string[]) => ({
  doing: 'starting',
  root,
  mounts,
  argv,
  timeoutSeconds: 9,
});

t.test('the emulator starts the program by its path', async t => {
  const root = t.testdir({ usr: { bin: { node: '', both: '' }, sbin: { sshd: '', both: '' } } });
  const worlds: [argv: string[], path: string][] = [
    [['node', '--eval', '0'], '/usr/bin/node'],
    [['sshd', '-t'], '/usr/sbin/sshd'],
    [['both'], '/usr/sbin/both'],
    [['/build/dabei', '--version'], '/build/dabei'],
  ];
  for (const [argv, path] of worlds)
    t.strictSame(
      emulatedCommand(command(root, ...argv), '/cache/emulator', 'qemu-other'),
      {
        ...command(root, path, ...argv.slice(1)),
        mounts: { '/build': '/cache/agent', '/emulator': '/cache/emulator' },
        starter: ['/emulator/qemu-other'],
        timeoutSeconds: 90,
      },
      path,
    );
});

t.test('variables of the program alone', async t => {
  const root = t.testdir({ usr: { bin: { node: '' } } });
  const { starter, env } = emulatedCommand(command(root, 'node'), '/cache/emulator', 'qemu-other', {
    LD_WARN: '1',
    LD_BIND_NOW: '1',
  });
  t.strictSame(starter, ['/emulator/qemu-other', '-E', 'LD_WARN=1', '-E', 'LD_BIND_NOW=1']);
  t.equal(env, undefined);
});

t.test('a program that the root has not', async t => {
  const root = t.testdir({ usr: { bin: {} } });
  t.throws(() => emulatedCommand(command(root, 'node'), '/cache/emulator', 'qemu-other'), {
    code: 'BUILD_STEP',
    doing: 'looking for node',
    problem: /does not have it in \/usr\/sbin\/node or \/usr\/bin\/node/,
  });
});
