import t from 'tap';
import { cpuSecondsIn } from '../../bench/moment.ts';

t.test('the CPU time of a process with an odd name', async t => {
  const stat = '4242 (qemu) 1 2) S 1 4242 4242 0 -1 4194304 10 0 0 0 1234 66 0 0 20 0 5 0 100 200 300';
  t.equal(cpuSecondsIn(stat), 13);
});
