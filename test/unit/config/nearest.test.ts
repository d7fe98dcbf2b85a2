import t from 'tap';
import { nearest } from '../../../agent/config/nearest.ts';

t.test('what was meant', async t => {
  const keys = ['hostName', 'hostId', 'disks', 'layout', 'wipe'];
  const rows: [string, string | null][] = [
    ['hostname', 'hostName'],
    ['host_name', 'hostName'],
    ['host-id', 'hostId'],
    ['disk', 'disks'],
    ['dikss', 'disks'],
    ['layuot', 'layout'],
    ['wip', 'wipe'],
    ['x', null],
    ['', null],
    ['passphrase', null],
  ];
  for (const [word, meant] of rows) t.equal(nearest(word, keys), meant, word);
});
