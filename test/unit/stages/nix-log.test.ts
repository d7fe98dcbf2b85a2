import t from 'tap';
import type { LogEntry } from '../../../agent/host/log.ts';
import { formatEntry } from '../../../agent/host/log.ts';
import { NixLog } from '../../../agent/stages/nix-log.ts';

const mebibyte = 2 ** 20;

function listen(paths: number, bytes: number) {
  const told: LogEntry[] = [];
  const clock = { seconds: 0 };
  const log = new NixLog(
    { paths, bytes },
    entry => told.push(entry),
    () => clock.seconds,
  );
  const say = (entry: object) => log.take(`@nix ${JSON.stringify(entry)}`);
  return { told, clock, log, say };
}

t.test('what is copied', async t => {
  const { told, clock, log, say } = listen(2, 30 * mebibyte);
  say({ action: 'start', id: 1, type: 100, fields: ['/nix/store/a', 'http://cache', 'local'] });
  say({ action: 'start', id: 2, type: 101, fields: ['http://cache/nar/a'] });
  say({ action: 'result', id: 2, type: 105, fields: [mebibyte, mebibyte, 0, 0] });
  clock.seconds = 5;
  say({ action: 'result', id: 1, type: 105, fields: [10 * mebibyte, 20 * mebibyte, 0, 0] });
  const first = { event: 'copied', paths: 0, ofPaths: 2, bytes: 10 * mebibyte, ofBytes: 30 * mebibyte };
  t.same(told, [{ ...first, bytesPerSecond: 2 * mebibyte, secondsLeft: 10 }]);
  t.equal(formatEntry(told[0]!), '  0 of 2 paths, 10 MiB of 30 MiB, 2 MiB/s, 10 s left');
  clock.seconds = 6;
  say({ action: 'result', id: 1, type: 105, fields: [20 * mebibyte, 20 * mebibyte, 0, 0] });
  t.equal(told.length, 1, 'not more often than every other second');
  clock.seconds = 8;
  say({ action: 'stop', id: 1 });
  t.match(told[1], { paths: 1, bytes: 20 * mebibyte });
  say({ action: 'start', id: 3, type: 100 });
  say({ action: 'result', id: 3, type: 105, fields: [10 * mebibyte, 10 * mebibyte, 0, 0] });
  say({ action: 'stop', id: 3 });
  log.end();
  t.match(told.at(-1), { paths: 2, bytes: 30 * mebibyte, secondsLeft: 0 });
});

t.test('a path that is cut off counts only once it is whole', async t => {
  const { told, clock, log, say } = listen(3, 2 * mebibyte);
  say({ action: 'start', id: 1, type: 100 });
  say({ action: 'result', id: 1, type: 105, fields: [mebibyte, 2 * mebibyte, 0, 0] });
  clock.seconds = 5;
  say({ action: 'stop', id: 1 });
  t.match(told.at(-1), { paths: 0, bytes: 0, secondsLeft: null });
  say({ action: 'start', id: 2, type: 100 });
  say({ action: 'result', id: 2, type: 105, fields: [2 * mebibyte - 100, 2 * mebibyte, 0, 0] });
  say({ action: 'stop', id: 2 });
  say({ action: 'start', id: 3, type: 100 });
  clock.seconds = 10;
  say({ action: 'stop', id: 3 });
  t.match(
    told.at(-1),
    { paths: 2, bytes: 2 * mebibyte },
    'all but the last piece, and a small one, are told',
  );
  log.end();
  t.match(told.at(-1), { paths: 3, bytes: 2 * mebibyte }, 'in the end it is all there');
});

t.test('errors, warnings and other lines', async t => {
  const { told, log, say } = listen(1, 20);
  log.take('warning: not JSON');
  say({ action: 'msg', level: 3, msg: 'these 4 paths will be fetched' });
  log.take('@nix {"action":"result","id"');
  t.equal(log.failure('copying'), null);
  say({ action: 'msg', level: 1, msg: '\u001b[35;1mwarning:\u001b[0m unable to download' });
  say({ action: 'msg', level: 0, msg: '\u001b[31;1merror:\u001b[0m it is gone', raw_msg: 'it is gone' });
  t.same(told, [
    { event: 'progress', text: 'warning: not JSON' },
    { event: 'progress', text: 'warning: unable to download' },
    { event: 'progress', text: 'it is gone' },
  ]);
  t.match(log.failure('copying'), { code: 'CLOSURE_COPY', doing: 'copying', problem: 'it is gone' });
  log.startAgain();
  t.equal(log.failure('copying'), null);
  const rows = [
    ['writing to file: No space left on device', 'POOL_FULL'],
    ["hash mismatch importing path '/nix/store/x'", 'CLOSURE_HASH'],
  ] as const;
  for (const [msg, code] of rows) {
    log.startAgain();
    say({ action: 'msg', level: 0, msg });
    t.match(log.failure('copying'), { code });
  }
});
