import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { formatReturnTimer, readReturnTimer } from '../../../../agent/host/old-system/return-timer.ts';

const rows: [string, Record<string, string>, number, object | null, RegExp][] = [
  ['never armed', {}, 10, null, /^$/],
  [
    'armed',
    { deadline: '900\n', pid: '7\n' },
    12.4,
    { armed: true, secondsLeft: 888, cancelledBy: null },
    /in 888 s/,
  ],
  ['over', { deadline: '900\n' }, 901, { armed: true, secondsLeft: 0, cancelledBy: null }, /in 0 s/],
  [
    'cancelled by a login',
    { deadline: '900\n', cancelled: 'login\n' },
    12,
    { armed: false, secondsLeft: null, cancelledBy: 'login' },
    /by a login; the machine stays here/,
  ],
  [
    'cancelled before the first write',
    { deadline: '900\n', asked: 'erasing\n', cancelled: 'erasing\n' },
    1000,
    { armed: false, secondsLeft: null, cancelledBy: 'erasing' },
    /by the installation/,
  ],
];

for (const [name, files, up, timer, line] of rows) {
  t.test(name, async t => {
    const found = readReturnTimer(realDoors, t.testdir(files), up);
    t.strictSame(found, timer);
    if (found !== null) t.match(formatReturnTimer(found), line);
  });
}
