import t from 'tap';
import { passwordBytes, passwordOfBytes } from '../../../agent/screen/password.ts';

// Addresses and words of the proposal (arXiv:0901.4016).
const rows: [bytes: readonly number[], words: string][] = [
  [[127, 0, 0, 1], 'lusab-babad'],
  [[63, 84, 220, 193], 'gutih-tugad'],
  [[212, 58, 253, 68], 'tibup-zujah'],
  [[255, 255, 0, 0], 'zuzuz-babab'],
];
for (const [bytes, words] of rows)
  t.test(words, async t => t.equal(passwordOfBytes(Buffer.from(bytes)), words));

t.test('64 bits, none of which is lost', async t => {
  t.ok(passwordBytes * 8 >= 64);
  const all = new Set<string>();
  for (let bits = 0; bits < 2 ** 16; bits++) all.add(passwordOfBytes(Buffer.from([bits >> 8, bits & 255])));
  t.equal(all.size, 2 ** 16);
});
