import t from 'tap';
import { describeForecast, describeProgress, forecast, progress } from '../../../../image/time/forecast.ts';
import { describeSpent, mergeReport } from '../../../../image/time/report.ts';
import { parseStat, ticksOfTree } from '../../../../image/time/cpu.ts';

const costs = {
  kernel: { cpuSeconds: 1200, cores: Infinity },
  openssh: { cpuSeconds: 60, cores: 1 },
  image: { cpuSeconds: 240, cores: 3 },
};
const steps = (...cached: string[]) =>
  ['kernel', 'openssh', 'image', 'unheard-of'].map(name => ({ name, isCached: cached.includes(name) }));

t.test('a step takes its CPU time, shared among the cores that it uses', async t => {
  const seconds = (cores: number) => forecast(steps(), cores, costs).map(step => step.seconds);
  t.strictSame(seconds(1), [1200, 60, 240, 0]);
  t.strictSame(seconds(2), [600, 60, 120, 0]);
  t.strictSame(seconds(8), [150, 60, 80, 0]);
});

t.test('what is told at the start', async t => {
  t.strictSame(describeForecast(forecast(steps('openssh'), 2, costs), 2), [
    'step        CPU minutes',
    'kernel             20.0',
    'openssh             1.0  in the cache',
    'image               4.0',
    'unheard-of          0.0',
    '3 of 4 steps are left: about 24.0 of 25.0 CPU minutes, which takes about 12 minutes on 2 cores that do nothing ' +
      'else, plus the time for downloads',
  ]);
  t.match(
    describeForecast(forecast(steps('kernel', 'openssh'), 1, costs), 1).at(-1),
    /on 1 core that does nothing/,
  );
  t.strictSame(describeForecast(forecast(steps('kernel', 'openssh', 'image', 'unheard-of'), 2, costs), 2), [
    'all 4 steps of the build are in the cache',
  ]);
});

t.test('how far it is', async t => {
  const rows = forecast(steps(), 2, costs);
  const spent = (name: string, cpuSeconds: number, seconds: number) => ({ name, cpuSeconds, seconds });
  t.strictSame(progress(rows, [], null), { percent: 0, secondsLeft: 780 });
  t.strictSame(
    progress(rows, [], spent('kernel', 600, 300)),
    { percent: 38, secondsLeft: 480 },
    'half of the kernel',
  );
  t.strictSame(
    progress(rows, [], spent('kernel', 9999, 5000)),
    { percent: 73, secondsLeft: 210 },
    'a step that takes longer than elsewhere is nearly done until it is done',
  );
  t.strictSame(
    progress(rows, [spent('kernel', 2400, 1200)], spent('openssh', 60, 60)),
    { percent: 80, secondsLeft: 300 },
    'a machine of half the speed',
  );
  const all = [spent('kernel', 1200, 600), spent('openssh', 60, 60), spent('image', 240, 120)];
  t.strictSame(progress(rows, all, spent('unheard-of', 50, 50)), { percent: 99, secondsLeft: 0 });
  t.strictSame(
    progress(rows, [spent('kernel source', 20, 20), spent('reading the lists', 1, 5)], spent('else', 1, 1)),
    { percent: 0, secondsLeft: 780 },
    'steps within others, and those without a forecast, count nothing',
  );
  t.equal(progress(forecast(steps('kernel', 'openssh', 'image'), 2, costs), [], null), null);
  t.equal(describeProgress({ percent: 41, secondsLeft: 700 }), '41 %, about 12 minutes left');
  t.equal(describeProgress({ percent: 97, secondsLeft: 61 }), '97 %, about 1 minute left');
  t.equal(describeProgress({ percent: 99, secondsLeft: 20 }), '99 %, less than a minute left');
});

t.test('the report keeps what each step took when it was last built', async t => {
  const first = mergeReport(null, 2, { cpuSeconds: 100.04, seconds: 60 }, [
    { name: 'kernel', cpuSeconds: 90.06, seconds: 50 },
    { name: 'image', cpuSeconds: 9, seconds: 9 },
  ]);
  const second = mergeReport(JSON.stringify(first), 2, { cpuSeconds: 8, seconds: 9 }, [
    { name: 'image', cpuSeconds: 8, seconds: 9 },
  ]);
  t.strictSame(second, {
    version: 1,
    cores: 2,
    last: { cpuSeconds: 8, seconds: 9 },
    steps: { kernel: { cpuSeconds: 90.1, seconds: 50 }, image: { cpuSeconds: 8, seconds: 9 } },
  });
  for (const damaged of ['', '{', 'null', '[]', '{"version":2,"steps":{"a":1}}'])
    t.strictSame(mergeReport(damaged, 2, { cpuSeconds: 1, seconds: 1 }, []).steps, {}, damaged);
});

t.test('the last line', async t => {
  const taken = [
    { name: 'kernel compilation', within: 'kernel', cpuSeconds: 1100, seconds: 600 },
    { name: 'kernel', cpuSeconds: 1200, seconds: 660 },
    { name: 'image', cpuSeconds: 120, seconds: 66 },
  ];
  t.equal(
    describeSpent({ cpuSeconds: 1380, seconds: 780 }, taken),
    'built in 13.0 minutes with 23.0 CPU minutes (kernel 20.0, image 2.0)',
  );
});

t.test('CPU time by proc(5)', async t => {
  const rest = Array.from({ length: 35 }, () => '0').join(' ');
  const line = (pid: number, name: string, parent: number, times: string) =>
    `${pid} (${name}) S ${parent} 1 1 0 -1 0 0 0 0 0 ${times} ${rest}`;
  t.strictSame(parseStat(line(7, 'make', 1, '1 2 30 40')), { pid: 7, parent: 1, ticks: 73 });
  t.strictSame(
    parseStat(line(8, 'a) S 9 (b', 7, '5 0 0 0')),
    { pid: 8, parent: 7, ticks: 5 },
    'a name with all of it',
  );
  for (const text of ['', '7', '7 (make) S 1', 'x (y) S 1 1 1 0 -1 0 0 0 0 0 a b c d'])
    t.equal(parseStat(text), null);
  const processes = [
    { pid: 1, parent: 0, ticks: 1000 },
    { pid: 7, parent: 1, ticks: 73 },
    { pid: 8, parent: 7, ticks: 5 },
    { pid: 9, parent: 8, ticks: 2 },
    { pid: 10, parent: 1, ticks: 400 },
  ];
  t.equal(ticksOfTree(processes, 7), 80);
  t.equal(ticksOfTree(processes, 11), 0);
});
