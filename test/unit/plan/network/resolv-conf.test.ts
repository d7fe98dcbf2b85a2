import { test } from 'tap';
import { renderResolvConf } from '../../../../agent/plan/network/network.ts';

test('resolv.conf', async t => {
  const rows: [{ servers: string[]; search: string[] }, string][] = [
    [{ servers: [], search: [] }, ''],
    [
      { servers: ['192.0.2.53', '2001:db8::53', '192.0.2.53'], search: [] },
      'nameserver 192.0.2.53\nnameserver 2001:db8::53\n',
    ],
    [
      { servers: ['2001:db8::53'], search: ['a.example', 'b.example'] },
      'search a.example b.example\nnameserver 2001:db8::53\n',
    ],
    // One line stays one line.
    [
      { servers: [], search: ['a.example\nnameserver 203.0.113.66'] },
      'search a.example nameserver 203.0.113.66\n',
    ],
  ];
  for (const [dns, text] of rows) t.equal(renderResolvConf(dns), text);
});
