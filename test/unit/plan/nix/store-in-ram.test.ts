import t from 'tap';
import { storeInRam } from '../../../../agent/limits.ts';
import {
  planStore,
  roomForPrograms,
  roomWarnings,
  storeBytes,
} from '../../../../agent/plan/nix/store-in-ram.ts';
import { renderStep } from '../../../../agent/plan/step.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

t.test('what fits, by MemTotal', async t => {
  const rows: [name: string, memoryMiB: number, store: number | null, room: number, warning: RegExp | null][] = [
    ['160 MiB, for the rescue system alone', 136, null, 0, /no room for disko's programs, .* --no-disko-deps$/],
    ['one less than an installation needs', 199.9, null, 0, /no room/],
    ['what an installation needs', 200, 32, 72, /^about 72 MiB of disko's programs fit into RAM, /],
    ['256 MiB', 232, 32, 72, /^about 72 MiB /],
    ['384 MiB', 355, 99, 222.75, /^about 222 MiB .* "No space left on device", .* --no-disko-deps copies none$/],
    ['512 MiB', 476.3, 220, 495, /^about 495 MiB /],
    ['1 GiB', 985, 729, 1640.25, null],
    ['2 GiB', 1970, 1714, 3856.5, null],
    ['from here on, half of the RAM is enough', 2048, null, 1024, null],
    ['64 GiB', 64 * 1024, null, 32 * 1024, null],
  ]; // prettier-ignore
  for (const [name, memoryMiB, store, room, warning] of rows) {
    const memory = memoryMiB * MiB;
    t.equal(storeBytes(memory), store === null ? null : store * MiB, name);
    t.equal(roomForPrograms(memory), room * MiB, `${name}: room`);
    const steps = planStore(memory).map(renderStep).join('\n');
    t.equal(steps.includes('overlay /nix/store'), store !== null, `${name}: steps`);
    const isLarge = memory >= storeInRam.belowBytes;
    t.equal(steps.includes('tmpfs /nix/var'), isLarge, `${name}: a full one leaves room for Nix's database`);
    const warnings = roomWarnings(memory);
    t.equal(warnings.length, warning === null ? 0 : 1, `${name}: warnings`);
    if (warning !== null) t.match(warnings[0], warning, name);
  }
});

t.test('data that cannot be compressed leaves what the rest of the system takes', async t => {
  for (let memory = 288 * MiB; memory < storeInRam.belowBytes; memory += 7 * MiB + 4096)
    t.ok(memory - storeBytes(memory)! >= storeInRam.besideBytes, `${memory}`);
  t.ok(storeBytes(GiB)! % MiB === 0, 'whole pages: disksize of zram is rounded up otherwise');
});

t.test('the steps', async t => {
  const steps = planStore(512 * MiB);
  const text = steps.map(renderStep).join('\n');
  t.match(text, /echo 268435456 > \/sys\/block\/zram1\/disksize/);
  t.notMatch(text, 'zram0', 'the device of startZram');
  t.match(text, 'lowerdir=/nix/store,', 'what the image has in /nix/store stays visible');
  const order = [
    'modprobe zram',
    'comp_algorithm',
    'disksize',
    'mkfs.btrfs',
    '-t btrfs',
    '-t overlay',
    'umount',
  ];
  const places = order.map(word => text.indexOf(word));
  t.same(places, places.toSorted((a, b) => a - b), 'order'); // prettier-ignore
  t.ok(
    steps.every(step => step.kind !== 'run' || step.timeoutSeconds <= 30),
    'SSH waits for it, so each step ends soon',
  );
});
