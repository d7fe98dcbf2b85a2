import t from 'tap';
import { targets } from '../fuzz/index.ts';
import { fuzz, type BatchTarget, type SingleTarget } from '../fuzz/target.ts';

/**
 * The fuzzers themselves, with as few inputs as show that they work; `npm run bench -- fuzz` has a hundred thousand. Their
 * seed is another one, so that a run of the tests looks where the bench did not.
 */
const seed = 2026;
t.setTimeout(240_000);

for (const target of targets) {
  const name = target.name;
  t.test(name, async t => {
    const inputs = name === 'authorized_keys: sshd' ? 10 : 200;
    const result = await fuzz(target, inputs, seed);
    t.strictSame(result.faults, []);
    t.equal(result.inputs, inputs);
  });
}

const number: SingleTarget = {
  name: 'numbers',
  generate: random => String(random.integer(0, 999_999)),
  decode: () => {},
};

t.test('faults are found, and come again with their seed', async t => {
  const odd = (text: string | Buffer) => Number(text) % 100 === 7;
  const decode = (input: string | Buffer) => {
    if (odd(input)) throw new RangeError(`${String(input)} is odd`);
  };
  const { faults } = await fuzz({ ...number, decode }, 2000, 1);
  t.ok(faults.length > 0);
  const { Random } = await import('../support/random.ts');
  for (const { problem, seed } of faults) {
    t.match(problem, /^RangeError: \d+ is odd/);
    t.ok(odd(number.generate(new Random(seed))), 'the same input');
  }
  const again = await fuzz({ ...number, decode }, 2000, 1);
  t.strictSame(
    again.faults.map(fault => fault.seed),
    faults.map(fault => fault.seed),
  );
});

t.test('a fuzzer that does not do its work is a fault itself', async t => {
  const few: SingleTarget = { ...number, generate: random => String(random.integer(0, 9)) };
  t.match(await fuzz(few, 100, 1), { inputs: 10, faults: [{ problem: 'only 10 distinct inputs' }] });
  const refusing: SingleTarget = {
    ...number,
    decode: input => (Number(input) % 3 === 0 ? undefined : 'refused'),
  };
  t.match(await fuzz(refusing, 300, 1), { faults: [{ problem: /^only 3\d % of the inputs got past/ }] });
});

t.test('inputs of a batch are distinct, and none is left out', async t => {
  const seen: string[] = [];
  const batch: BatchTarget = {
    name: 'batches',
    generate: number.generate,
    batch: 64,
    most: 100,
    decodeAll: async inputs => {
      seen.push(...inputs.map(String));
      return inputs.map(() => 'parsed' as const);
    },
  };
  t.match(await fuzz(batch, 1000, 1), { inputs: 100, parsed: 100, faults: [] });
  t.equal(new Set(seen).size, 100);
});
