import { readFileSync, statSync } from 'node:fs';
import { test } from 'tap';
import { poll } from '../../../agent/host/clock.ts';
import { startDaemon } from '../../../agent/host/exec.ts';

test('a daemon has a session, an environment and a log of its own', async t => {
  const logFile = `${t.testdir()}/log`;
  const pid = await startDaemon({
    doing: 'testing',
    argv: ['sh', '-c', 'echo "$GREETING $(cut -d" " -f6 /proc/$$/stat) $HOME"; echo complaint >&2'],
    env: { GREETING: 'hello' },
    logFile,
  });
  const read = async () => {
    const text = readFileSync(logFile, 'utf8');
    return text.includes('complaint') ? text : null;
  };
  t.equal(await poll(read, 5, 0.05), `hello ${pid} /root\ncomplaint\n`);
  t.equal(statSync(logFile).mode & 0o777, 0o600);
});

test('a program that is not there', async t => {
  await t.rejects(
    startDaemon({ doing: 'testing', argv: ['/no/such/program'], logFile: `${t.testdir()}/log` }),
    { code: 'COMMAND_MISSING', doing: 'testing' },
  );
});
