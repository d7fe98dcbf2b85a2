import t from 'tap';
import {
  comparisonHead,
  comparisonRows,
  publishedHead,
  publishedRows,
  type Peer,
} from '../../bench/comparison.ts';

const moments = (...seconds: number[]) => seconds.map(each => ({ seconds: each, cpuSeconds: each * 2 }));
const ours: Peer = {
  bytes: 36_000_000,
  leastMiB: 160,
  prompt: moments(2, 3, 2.5),
  network: moments(5, 6, 5.5),
  reached: moments(7, 8, 9),
};
const theirs: Peer = {
  bytes: 54_000_000,
  leastMiB: 400,
  prompt: moments(10, 5, 7.5),
  reached: moments(16, 12, 20),
};

t.test('medians and ratios', async t => {
  t.same(comparisonRows(ours, theirs), [
    ['kernel and initrd, bytes', '36,000,000', '54,000,000', '1.50'],
    ['least RAM with the network up, MiB', '160', '400', '2.50'],
    ['first prompt on the console, s', '2.5', '7.5', '3.00'],
    ['network up, by the log, s', '5.5', '', ''],
    ['network up, seen from outside, s', '8.0', '16.0', '2.00'],
    ['first prompt on the console, s of CPU', '5.0', '15.0', '3.00'],
    ['network up, by the log, s of CPU', '11.0', '', ''],
    ['network up, seen from outside, s of CPU', '16.0', '32.0', '2.00'],
  ]);
  t.equal(comparisonRows(theirs, ours)[2]?.[3], '0.33', 'what is slower is not hidden');
});

t.test('every row is as long as its head', async t => {
  for (const row of comparisonRows(ours, theirs)) t.equal(row.length, comparisonHead.length);
  for (const row of publishedRows()) {
    t.equal(row.length, publishedHead.length);
    t.match(row.at(-1), /\b20\d\d\b/, 'a published figure has its year');
  }
});
