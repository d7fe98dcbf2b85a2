import t from 'tap';
import {
  nextWaitSeconds,
  tryLimitSeconds,
  type Tries,
} from '../../../../agent/config/sources/url-schedule.ts';

t.test('when dabei asks again', async t => {
  const base: Tries = { failed: 1, elapsedSeconds: 0, deadlineSeconds: 900, random: 1 };
  const rows: [name: string, tries: Partial<Tries>, wait: number | null][] = [
    ['at first', {}, 1],
    ['with other dice', { random: 0 }, 0.5],
    ['then', { failed: 4 }, 8],
    ['in the end', { failed: 40 }, 30],
    ['in the end, with other dice', { failed: 40, random: 0 }, 15],
    ['as the server says', { retryAfterSeconds: 60, random: 0 }, 60],
    ['a little later than the server says', { retryAfterSeconds: 60 }, 66],
    ['a server that says now', { retryAfterSeconds: 0 }, 1],
    ['just before the deadline', { elapsedSeconds: 898 }, 1],
    ['at the deadline', { elapsedSeconds: 899 }, null],
    ['after it', { elapsedSeconds: 901 }, null],
    ['the server asks for more than is left', { retryAfterSeconds: 1000 }, null],
    ['a short deadline', { deadlineSeconds: 1 }, null],
  ];
  for (const [name, tries, wait] of rows) t.equal(nextWaitSeconds({ ...base, ...tries }), wait, name);
});

t.test('the deadline is kept, whatever the server says and the dice show', async t => {
  for (const random of [0, 0.5, 1]) {
    let elapsedSeconds = 0;
    let failed = 0;
    for (;;) {
      elapsedSeconds += tryLimitSeconds(elapsedSeconds, 900);
      const wait = nextWaitSeconds({ failed: ++failed, elapsedSeconds, deadlineSeconds: 900, random });
      if (wait === null) break;
      elapsedSeconds += wait;
    }
    t.ok(elapsedSeconds <= 901 && failed > 5, `${elapsedSeconds} s, ${failed} attempts`);
  }
});
