import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { decodeBase64, decodeUtf8, maximumBytes, unpack } from '../../../../agent/config/sources/decode.ts';
import { DabeiError, type ErrorCode } from '../../../../agent/errors.ts';

const json = Buffer.from('{"hostName":"web-01"}');
/** The same bytes, by "zstd -19" from a file; from a pipe, which leaves the size out; with --ultra -22. */
const zstd = {
  file: 'KLUv/SQVqQAAeyJob3N0TmFtZSI6IndlYi0wMSJ9bh+b6w==',
  pipe: 'KLUv/QRoqQAAeyJob3N0TmFtZSI6IndlYi0wMSJ9bh+b6w==',
  ultra: 'KLUv/QSIqQAAeyJob3N0TmFtZSI6IndlYi0wMSJ9bh+b6w==',
  // 3,000,000 zero bytes.
  bomb: 'KLUv/QRoTAAACAABAPz/ORACAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAzYOAAPJr9Y=',
  sizedBomb:
    'KLUv/aTAxi0ATAAACAABAPz/ORACAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAzYOAAPJr9Y=',
  // {"hostName": "web-01", "rootAuthorizedKeys": […]} with 12 keys: Huffman and FSE blocks.
  keys: 'KLUv/WSqARUEALJGGBlgeQP8b5S17Qwr3Cpz/AXf8euhB0oIABA84fTxkcMoJDEI34BrN2sVU2zWMTpTNhB9h4mwX+pHh2U28lIKlQ0sjF3qxLFnn8p+13atzM187+YN+MeAsp134jarNONrORgOKPA1A2DiGfH/z4QfIhEsJBcsEhcWks4Lbv3ioqF3Us7N',
};
const bytesOf = (text: string) => Buffer.from(text, 'base64');

function throwsCode(t: Test, act: () => unknown, code: ErrorCode, problem: RegExp, name: string): void {
  try {
    act();
  } catch (error) {
    t.ok(error instanceof DabeiError, name);
    t.match(error, { code, problem, remedy: /\S/ }, name);
    return;
  }
  t.fail(`${name}: nothing was thrown`);
}

t.test('base64', async t => {
  const good: [text: string, hex: string][] = [
    ['', ''],
    ['Zg==', '66'],
    ['Zg', '66'],
    ['Zm8=', '666f'],
    ['Zm8', '666f'],
    ['Zm9v', '666f6f'],
    ['+/+/', 'fbffbf'],
    ['-_-_', 'fbffbf'],
  ];
  for (const [text, hex] of good) t.equal(decodeBase64(text).toString('hex'), hex, text);

  const bad: [text: string, problem: RegExp][] = [
    ['Zm9v!', /^character 5 is not a base64/],
    ['{"a":1}', /^character 1 /],
    ['Zm9v\nZm9v', /^character 5 is white space/],
    ['Zg==Zg==', /^character 5 is after the final/],
    ['Zg===', /^character 5 is a third/],
    ['Zm8==', /length/],
    ['Zm9vZ', /5 characters.*cut off/],
    ['Zh', /^character 2 cannot be the last/],
    ['Zm9=', /^character 3 cannot be the last/],
    ['+_+_', /^character 2 belongs to another/],
    ['=', /length/],
    ['Zm9vé', /^character 5 is no/],
  ];
  for (const [text, problem] of bad) {
    throwsCode(t, () => decodeBase64(text), 'CONFIG_BASE64', problem, JSON.stringify(text));
  }
});

t.test('unpacking', async t => {
  const good: [name: string, packed: Buffer, unpacked: Buffer][] = [
    ['plain', json, json],
    ['empty', Buffer.alloc(0), Buffer.alloc(0)],
    ['gzip', gzipSync(json), json],
    ['zstd of a file', bytesOf(zstd.file), json],
    ['zstd of a pipe', bytesOf(zstd.pipe), json],
    [
      'two frames of zstd',
      Buffer.concat([bytesOf(zstd.file), bytesOf(zstd.pipe)]),
      Buffer.concat([json, json]),
    ],
    [
      'a frame to be skipped',
      Buffer.concat([bytesOf(zstd.file), Buffer.from('502a4d1803000000616263', 'hex')]),
      json,
    ],
    [
      '16 frames, 15 of them empty',
      Buffer.concat([
        ...Array.from({ length: 15 }, () => Buffer.from('28b52ffd2000010000', 'hex')),
        bytesOf(zstd.file),
      ]),
      json,
    ],
    ['exactly at the limit', gzipSync(Buffer.alloc(maximumBytes)), Buffer.alloc(maximumBytes)],
  ];
  for (const [name, packed, unpacked] of good) t.ok(unpack(packed).equals(unpacked), name);
  t.equal(
    (JSON.parse(unpack(bytesOf(zstd.keys)).toString()) as { rootAuthorizedKeys: string[] }).rootAuthorizedKeys
      .length,
    12,
    'compressed blocks',
  );

  const gzip = gzipSync(json);
  const flipped = Buffer.from(gzip);
  flipped[14]! ^= 0x55;
  const wrongSum = Buffer.from(gzip);
  wrongSum[wrongSum.length - 8]! ^= 1;
  const bad: [name: string, packed: Buffer, code: ErrorCode, problem: RegExp][] = [
    ['truncated gzip', gzip.subarray(0, -9), 'CONFIG_COMPRESSION', /gzip data ends too early/],
    ['gzip without its end', gzip.subarray(0, -1), 'CONFIG_COMPRESSION', /ends too early/],
    ['the magic of gzip alone', gzip.subarray(0, 2), 'CONFIG_COMPRESSION', /ends too early/],
    ['damaged gzip', flipped, 'CONFIG_COMPRESSION', /gzip data is damaged/],
    ['gzip with a wrong sum', wrongSum, 'CONFIG_COMPRESSION', /damaged/],
    [
      'a gzip bomb',
      gzipSync(Buffer.alloc(50 * maximumBytes)),
      'CONFIG_TOO_LARGE',
      /larger than 1048576 bytes/,
    ],
    ['one byte over the limit', gzipSync(Buffer.alloc(maximumBytes + 1)), 'CONFIG_TOO_LARGE', /larger/],
    ['a plain file over the limit', Buffer.alloc(maximumBytes + 1, 32), 'CONFIG_TOO_LARGE', /larger/],
    ['truncated zstd', bytesOf(zstd.file).subarray(0, 20), 'CONFIG_COMPRESSION', /zstd data ends too early/],
    ['zstd without its sum', bytesOf(zstd.file).subarray(0, -1), 'CONFIG_COMPRESSION', /zstd/],
    ['zstd with text behind it', Buffer.concat([bytesOf(zstd.file), json]), 'CONFIG_COMPRESSION', /damaged/],
    ['a zstd bomb', bytesOf(zstd.bomb), 'CONFIG_TOO_LARGE', /larger/],
    ['a zstd bomb that says its size', bytesOf(zstd.sizedBomb), 'CONFIG_TOO_LARGE', /larger/],
    [
      'zstd with zeros behind it',
      Buffer.concat([bytesOf(zstd.file), Buffer.alloc(9)]),
      'CONFIG_COMPRESSION',
      /damaged/,
    ],
    [
      'a second frame that needs 128 MiB',
      Buffer.concat([bytesOf(zstd.file), bytesOf(zstd.ultra)]),
      'CONFIG_COMPRESSION',
      /window is larger than 8 MiB/,
    ],
    [
      'a second frame that is a bomb',
      Buffer.concat([bytesOf(zstd.file), bytesOf(zstd.sizedBomb)]),
      'CONFIG_TOO_LARGE',
      /larger/,
    ],
    [
      '2000 frames',
      Buffer.concat(Array.from({ length: 2000 }, () => Buffer.from('28b52ffd2000010000', 'hex'))),
      'CONFIG_COMPRESSION',
      /more than 16 zstd frames/,
    ],
    [
      'a block that does not exist',
      Buffer.from('28b52ffd2000070000', 'hex'),
      'CONFIG_COMPRESSION',
      /damaged/,
    ],
    [
      'a frame to be skipped that ends too late',
      Buffer.concat([bytesOf(zstd.file), Buffer.from('502a4d18', 'hex')]),
      'CONFIG_COMPRESSION',
      /damaged/,
    ],
    ['zstd that needs 128 MiB', bytesOf(zstd.ultra), 'CONFIG_COMPRESSION', /window is larger than 8 MiB/],
  ];
  for (const [name, packed, code, problem] of bad) throwsCode(t, () => unpack(packed), code, problem, name);
});

t.test('UTF-8', async t => {
  t.equal(decodeUtf8(Buffer.from('grün'), 'CONFIG_JSON'), 'grün');
  t.equal(decodeUtf8(Buffer.from('\ufeff{}'), 'CONFIG_JSON'), '{}', 'the byte order mark is dropped');
  const bad: [Buffer, RegExp][] = [
    [Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
    [Buffer.from('\ufeff{}', 'utf16le'), /UTF-16/],
    [Buffer.from([0xfe, 0xff, 0, 0x7b]), /UTF-16/],
  ];
  for (const [bytes, problem] of bad) {
    throwsCode(t, () => decodeUtf8(bytes, 'CONFIG_JSON'), 'CONFIG_JSON', problem, bytes.toString('hex'));
  }
});
