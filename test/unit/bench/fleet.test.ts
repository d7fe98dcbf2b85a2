import t from 'tap';
import { bytesByMachine, spread } from '../../bench/fleet/bytes.ts';
import { readSent } from '../../vm/harness/rack/rack.ts';

const log = `10.77.0.1 10.77.0.1 GET 200 300 /fleet.ipxe
10.77.0.1 10.77.0.51 GET 200 300 /fleet.ipxe
10.77.0.1 10.77.0.51 GET 200 4000100 /bzImage
10.77.0.1 10.77.0.51 GET 200 33000100 /initrd
10.77.0.1 10.77.0.52 GET 200 4000100 /bzImage
10.77.0.1 10.77.0.51 GET 404 200 /hosts/52-54-00-da-be-01.json
10.77.0.1 10.77.0.51 GET 200 900 /cache/a.narinfo
10.77.0.1 10.77.0.51 GET 200 900 /cache/a.narinfo
10.77.0.1 10.77.0.51 HEAD 200 200 /cache/nar/a.nar.zst
10.77.0.1 10.77.0.51 GET 206 1000 /cache/nar/a.nar.zst
10.77.0.1 10.77.0.52 GET 200 500000 /cache/nar/b.nar.zst
10.77.0.1 10.77.0.52 GET 200 500000 /cache/nar/b.nar.zst
10.77.0.1 10.77.0.52 GET 200 14000 /cache/nar/system.nar
10.77.0.1 10.77.0.52 GET 200 14000 /cache/nar/system.nar
10.77.0.1 10.77.0.52 GET 200 15000 /cache/nar/etc.nar
10.77.0.1 10.77.0.52 GET 200 15000 /cache/nar/etc.nar
10.77.0.1 10.77.0.52 GET 200 15000 /cache/nar/etc.nar
cut
`;

t.test('bytes of each machine', async t => {
  const machines = bytesByMachine(readSent(log), '10.77.0.1');
  t.same([...machines.keys()], ['10.77.0.51', '10.77.0.52']);
  const first = { image: 37_000_200, closure: 1200, rest: 2300, total: 37_003_700, twice: [] };
  t.same(machines.get('10.77.0.51'), first);
  t.match(machines.get('10.77.0.52'), {
    image: 4_000_100,
    closure: 1_073_000,
    twice: ['/cache/nar/b.nar.zst', '/cache/nar/etc.nar'],
  });
  t.equal(spread([100, 102, 101]).toFixed(3), '0.020');
  t.equal(spread([7]), 0);
});
