import t from 'tap';
import { readLog, ticks, timelineRows, timelineSvg, type Told } from '../../bench/timeline-svg.ts';

const time = '2026-01-01T00:00:00.000Z';
const place = (name: string) => ({ event: 'stage', index: 1, of: 9, name }) as const;
const started = (up: number, name: string): Told => ({ time, up, ...place(name), state: 'started' });
const done = (up: number, name: string, seconds: number): Told => ({
  time,
  up,
  ...place(name),
  state: 'done',
  seconds,
});
const ran = (up: number, seconds: number, doing: string): Told => {
  return { time, up, event: 'command', argv: ['true'], doing, seconds, exitCode: 0, failed: false };
};

const log: Told[] = [
  started(2, 'network'),
  ran(3, 0.5, 'reading <links>'),
  ran(4.5, 1, 'asking for an address'),
  ran(4.75, 0.5, 'asking for another one'),
  done(5, 'network', 3),
  { time, up: 5, event: 'note', text: 'eth0: 192.0.2.7/24' },
  started(5, 'finish'),
  ran(9.5, 6, 'began in an earlier stage'),
  done(10, 'finish', 5),
];

t.test('the log file', async t => {
  t.same(readLog(log.map(entry => `${JSON.stringify(entry)}\n`).join('')), log);
});

t.test('stages and moments in the order of time', async t => {
  const rows = timelineRows(log, { sshAnswers: 6.5 });
  t.same(
    rows.map(({ name, from, to }) => [name, from, to]),
    [
      ['kernel, init', 0, 2],
      ['network', 2, 5],
      ['network up', 5, 5],
      ['finish', 5, 10],
      ['SSH answers', 6.5, 6.5],
      ['installed', 10, 10],
    ],
  );
  t.same(
    timelineRows(log)
      .map(({ name }) => name)
      .filter(name => name.startsWith('SSH')),
    [],
    'what nobody saw is not shown',
  );
});

t.test('what is before dabei, where somebody saw it', async t => {
  const rows = timelineRows(log, { udev: 0.5, dabei: 0.75 });
  t.same(
    rows.slice(0, 3).map(({ name, from, to }) => [name, from, to]),
    [
      ['kernel, /init', 0, 0.5],
      ['devices', 0.5, 0.75],
      ['Node', 0.75, 2],
    ],
  );
});

t.test('programs: joined where they overlap, within their stage, the longest by name', async t => {
  const rows = timelineRows(log);
  const network = rows.find(({ name }) => name === 'network')!;
  t.same(network.programs, [
    { from: 2.5, to: 3 },
    { from: 3.5, to: 4.75 },
  ]);
  t.equal(network.note, '1.0 asking for an address');
  t.same(rows.find(({ name }) => name === 'finish')!.programs, [{ from: 5, to: 9.5 }]);
});

t.test('a stage that failed or did not end', async t => {
  const failed: Told = { time, up: 7, ...place('plan'), state: 'failed', seconds: 2, code: 'DISK_NOT_FOUND' };
  const names = timelineRows([started(5, 'plan'), failed, started(7, 'install')]).map(({ name }) => name);
  t.same(names, ['kernel, init', 'plan']);
  t.throws(() => timelineRows([]), /empty/);
});

t.test('the picture', async t => {
  const svg = timelineSvg('BIOS & "1 GiB"', timelineRows(log, { sshAnswers: 6.5 }));
  t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 900 \d+"/);
  t.match(svg, '<title>BIOS &amp; &quot;1 GiB&quot;</title>');
  t.match(svg, /<rect [^>]*fill="#ffffff"/, 'a background of its own');
  // The chart is 384 wide for 10 s and begins at 176.
  t.match(
    svg,
    '<rect x="252.8" y="93" width="115.2" height="14" fill="#b6d6fb"/>',
    'network: from 2 s, for 3 s',
  );
  for (const name of ['kernel, init', 'network up', 'SSH answers', 'installed'])
    t.match(svg, `>${name}</text>`);
  t.notMatch(svg, /<links>/);
  const opened = [...svg.matchAll(/<(\w+)(?:\s[^<>]*[^/])?>/g)].map(([, name]) => name);
  const closed = [...svg.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
  t.same(opened.sort(), closed.sort(), 'what is opened is closed');
});

t.test('ticks are round, and few', async t => {
  t.same(ticks(6), [0, 1, 2, 3, 4, 5, 6]);
  t.same(ticks(61.3), [0, 10, 20, 30, 40, 50, 60]);
  t.same(ticks(400), [0, 60, 120, 180, 240, 300, 360]);
});
