import t from 'tap';
import { describe, poolGuid, type Described } from '../../../../image/copies/manifest.ts';

const described: Described = {
  options: { firmware: 'bios', format: 'qcow2' },
  version: '1.2.3',
  architecture: 'x86_64-linux',
  hostName: 'image',
  file: { name: 'disk.qcow2', bytes: 5, sha256: 'aa' },
  disk: { bytes: 3 * 2 ** 30, sha256: 'bb' },
  table: {
    id: 'ABCDEF00-0000-8000-8000-000000000000',
    sectorsize: 512,
    partitions: [
      {
        start: 2048,
        size: 2048,
        type: '21686148-6449-6E6F-744E-656564454649',
        uuid: 'A1',
        name: 'bios-boot',
      },
      { start: 4096, size: 8192, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', uuid: 'A2', name: 'esp' },
      { start: 12_288, size: 4096, type: '6A898CC3-1DD2-11B2-99A6-080020736631', uuid: 'A4', name: 'zfs' },
    ],
  },
  pool: { name: 'rpool', guid: '123', isEncrypted: false },
  hasRescue: true,
};

t.test('a manifest', t => {
  const manifest = describe(described);
  t.matchOnly(manifest, {
    version: 1,
    nixDabei: '1.2.3',
    hostName: 'image',
    architecture: 'x86_64-linux',
    firmware: 'bios',
    file: { name: 'disk.qcow2', format: 'qcow2', bytes: 5, sha256: 'aa' },
    disk: {
      bytes: 3_221_225_472,
      sectorBytes: 512,
      sha256: 'bb',
      guid: 'abcdef00-0000-8000-8000-000000000000',
    },
    partitions: [
      { number: 1, name: 'bios-boot', firstByte: 1_048_576, bytes: 1_048_576, type: /^21686148/, guid: 'a1' },
      { number: 2, name: 'esp', firstByte: 2_097_152, bytes: 4_194_304, type: /^c12a7328/, guid: 'a2' },
      { number: 4, name: 'zfs', firstByte: 6_291_456, bytes: 2_097_152, type: /^6a898cc3/, guid: 'a4' },
    ],
    esp: 2,
    pool: { name: 'rpool', guid: '123', encrypted: false },
    sharedByAllCopies: [String, String],
    madeByEachCopy: [String, String, /rescue system/, String, String],
  });
  const encrypted = describe({
    ...described,
    pool: { ...described.pool, isEncrypted: true },
    hasRescue: false,
  });
  t.match(encrypted.sharedByAllCopies.join(), /master key/);
  t.notMatch(encrypted.madeByEachCopy.join(), /rescue/);
  t.throws(() => describe({ ...described, table: { ...described.table, partitions: [] } }));
  t.end();
});

t.test('the GUID of a pool, from its label', t => {
  // "name", then "pool_guid", as nvlist_pack writes pairs in XDR.
  const pair = (name: string, type: number, value: Buffer) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(name.length);
    const padded = Buffer.from(name.padEnd(Math.ceil(name.length / 4) * 4, '\0'));
    return Buffer.concat([head, padded, Buffer.from([0, 0, 0, type, 0, 0, 0, 1]), value]);
  };
  const guid = Buffer.from('fedcba9876543210', 'hex');
  const label = Buffer.concat([
    Buffer.alloc(16_384),
    pair('version', 8, Buffer.alloc(8)),
    pair('pool_guid', 8, guid),
    Buffer.alloc(64),
  ]);
  t.equal(poolGuid(label), '18364758544493064720');
  t.equal(poolGuid(Buffer.alloc(1000)), null);
  t.equal(poolGuid(label.subarray(0, label.length - 70)), null, 'cut off');
  t.end();
});
