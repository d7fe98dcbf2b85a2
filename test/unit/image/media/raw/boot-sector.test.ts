import t from 'tap';
import { bootableEntry, bootCode, placedCore } from '../../../../../image/media/raw/boot-sector.ts';

t.test('the boot sector loads the core image, and keeps the rest', async t => {
  const boot = Buffer.alloc(512, 0xcc);
  const code = bootCode(boot, 34);
  t.equal(code.length, 440, 'neither the signature of the disk nor the partition table');
  t.equal(code.readBigUInt64LE(0x5c), 34n);
  t.equal(code.toString('hex', 0x66, 0x68), '9090');
  const same = code.filter((byte, at) => byte === boot[at]).length;
  t.equal(same, 440 - 8 - 2);
  t.ok(
    boot.every(byte => byte === 0xcc),
    'the original is as it was',
  );
});

t.test('the core image knows where its second sector is', async t => {
  const core = Buffer.alloc(1536, 0xcc);
  const placed = placedCore(core, 34);
  t.equal(placed.readBigUInt64LE(500), 35n);
  t.equal(placed.toString('hex', 508, 512), 'cccccccc', 'number of sectors and segment');
  t.equal(placed.length, 1536);
});

t.test('an empty partition is marked', async t => {
  t.equal(bootableEntry.bytes.length, 16);
  t.same([bootableEntry.bytes[0], bootableEntry.bytes[4]], [0x80, 0]);
});
