import t from 'tap';
import {
  closureRefusals,
  describeClosure,
  poolBytes,
  type Closure,
} from '../../../../agent/plan/nix/closure.ts';

const gib = 2 ** 30;
const closure: Closure = {
  toplevel: '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web',
  substituters: ['https://cache.example.org', 'https://cache.nixos.org'],
  paths: 612,
  narBytes: 2 * gib,
  fileBytes: 512 * 2 ** 20,
  sizes: new Map([['/nix/store/initrd', 60 * 2 ** 20]]),
  initrd: '/nix/store/initrd',
};

t.test('the plan says how much will be copied', async t => {
  t.same(describeClosure(closure), [
    'system: /nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web, built elsewhere, not evaluated',
    '  612 paths, each signed by a trusted key: 536870912 bytes to fetch (512 MiB), 2147483648 bytes unpacked (2 GiB), ' +
      'from https://cache.example.org and https://cache.nixos.org',
  ]);
});

t.test('what a pool has room for', async t => {
  const rows = [
    ['single', [16], 15],
    ['mirror', [16, 32], 15],
    ['raidz1', [16, 16, 32], 30],
    ['raidz2', [16, 16, 16, 16], 30],
    ['raidz3', [16, 16, 16, 16], 15],
  ] as const;
  for (const [layout, members, room] of rows) {
    const bytes = poolBytes(
      layout,
      members.map(size => size * gib),
      0,
    );
    t.equal(bytes, room * gib, `${layout} of ${members.join(' and ')} GiB`);
  }
  t.equal(poolBytes('single', [16 * gib], gib), 14 * gib, 'what is reserved');
});

t.test('a closure that is too large', async t => {
  const room = { capacityBytes: 2 * gib, espBytes: 60 * 2 ** 20 };
  t.same(closureRefusals(closure, room), []);
  const tooLarge = { code: 'CLOSURE_TOO_LARGE', problem: /take 2 GiB/, remedy: /larger/ };
  t.match(closureRefusals(closure, { ...room, capacityBytes: 2 * gib - 1 }), [tooLarge]);
  const esp = { code: 'ESP_TOO_SMALL', problem: /initrd alone takes 60 MiB/, remedy: /disks\.esp/ };
  t.match(closureRefusals(closure, { ...room, espBytes: 50 * 2 ** 20 }), [esp]);
  t.match(closureRefusals(closure, { capacityBytes: 0, espBytes: 0 }), [tooLarge, esp], 'both at once');
  t.same(
    closureRefusals({ ...closure, initrd: null }, { ...room, espBytes: 0 }),
    [],
    'a system without initrd',
  );
});
