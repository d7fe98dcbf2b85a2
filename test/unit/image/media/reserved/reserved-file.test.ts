import { createHash } from 'node:crypto';
import t from 'tap';
import { newc, readNewc } from '../../../../../image/media/cpio.ts';
import {
  decodeReserved,
  encodeReserved,
  reservedBytes,
  sumPath,
} from '../../../../../image/media/reserved/reserved-file.ts';

const contents = { 'dabei.json': Buffer.from('{"disks": 1}'), 'dabei/options.json': Buffer.from('[]') };
const filled = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(reservedBytes - bytes.length)]);

t.test('what is written is read, and its sum can be checked without this program', async t => {
  const { bytes, ...content } = encodeReserved(contents);
  t.strictSame(decodeReserved(filled(bytes)), { state: 'configured', ...content });
  const sum = readNewc(bytes)!.members[0]!;
  t.equal(sum.path, sumPath);
  const all = createHash('sha256').update(Buffer.concat(Object.values(contents)));
  const length = String(bytes.length).padStart(8, '0');
  t.equal(sum.content.toString(), `bytes ${length}\nsha256 ${all.digest('hex')}\n`);
  for (const { mode, path } of readNewc(bytes)!.members) t.equal(mode, 0o600, path);
  t.equal(reservedBytes % 2048, 0);
});

t.test('zeros', async t => {
  t.strictSame(decodeReserved(Buffer.alloc(reservedBytes)), { state: 'empty' });
});

t.test('every damaged byte is noticed', async t => {
  const { bytes } = encodeReserved(contents);
  const file = filled(bytes);
  let noticed = 0;
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(file);
    damaged[at] = damaged[at]! ^ 1;
    if (decodeReserved(damaged).state === 'damaged') noticed++;
    else t.fail(`byte ${at}`);
  }
  t.equal(noticed, bytes.length);
});

t.test('what else may be there', async t => {
  const { bytes } = encodeReserved(contents);
  const end = filled(bytes);
  end[reservedBytes - 1] = 1;
  const rows: [name: string, file: Buffer, problem: RegExp][] = [
    ['text', filled(Buffer.from('hello')), /something else/],
    ['another archive', filled(newc([{ path: 'dabei.json', content: '{}' }])), /something else/],
    ['an archive that was cut off', filled(bytes.subarray(0, bytes.length - 8)), /something else/],
    ['bytes behind it', end, /bytes follow/],
  ];
  for (const [name, file, problem] of rows) {
    const found = decodeReserved(file);
    t.match(found, { state: 'damaged', problem }, name);
  }
});
