import t from 'tap';
import * as files from '../../../../image/lib/files.ts';
import { runApart } from '../../../../image/lib/host.ts';

/** Programs with mounts of their own, which need root's rights. */

t.test('a program that is killed leaves no mount behind', async t => {
  const directory = t.testdir({ mounted: {} });
  const mount = `mount -t tmpfs tmpfs "$1/mounted"; : > "$1/mounted/file"; grep -c "$1" /proc/self/mountinfo; sleep 60`;
  const command = { doing: 'mounting', argv: ['sh', '-c', mount, 'sh', directory], timeoutSeconds: 2 };
  await t.rejects(runApart(command), { code: 'COMMAND_TIMEOUT' });
  t.notMatch(files.readText('/proc/self/mountinfo'), directory);
  t.strictSame(files.list(`${directory}/mounted`), []);
});

t.test('messages name the program, not who starts it', async t => {
  const entering = ['env', 'LANG=C'];
  const command = { doing: 'failing', argv: ['false'], timeoutSeconds: 60 };
  await t.rejects(runApart(command, entering), {
    code: 'COMMAND_FAILED',
    problem: /^false ended with exit code 1/,
  });
});
