import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { publicKeyOf } from '../../../agent/keys/ed25519.ts';
import { addressOfKey, isOnionAddress, onionAddress, onionKeyProblem } from '../../../agent/keys/onion.ts';
import { newOnionKey, onionAddressOfKey, onionKey, onionKeyOf } from '../../fixtures/onion-key.ts';

t.test('the public key of a scalar: RFC 8032, 7.1, and what OpenSSL makes', async t => {
  const known = [
    ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'],
    ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'],
    ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025'],
  ]; // prettier-ignore
  const own = Array.from({ length: 20 }, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    return [seed.toString('hex'), publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')];
  }); // prettier-ignore
  for (const [seed, expected] of [...known, ...own]) {
    const key = onionKeyOf(Buffer.from(seed!, 'hex'));
    t.equal(publicKeyOf(key.subarray(32, 64)).toString('hex'), expected);
  }
});

t.test('addresses are those of Tor', async t => {
  t.equal(addressOfKey(onionKey), onionAddressOfKey);
  // rend-spec-v3, 1.2, "Encoding onion addresses", and of an operator.
  for (const address of [
    'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion',
    'sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd.onion',
    'xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd.onion',
    'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion',
  ])
    t.ok(isOnionAddress(address), address);
  t.equal(onionAddress(Buffer.alloc(32)).length, 62);
  for (const wrong of [
    'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrye.onion',
    'example.onion',
    'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd',
  ])
    t.notOk(isOnionAddress(wrong), wrong);
});

t.test('what is not hs_ed25519_secret_key is refused in words', async t => {
  const changed = (change: (key: Buffer) => void) => {
    const key = Buffer.from(onionKey);
    change(key);
    return key;
  };
  const rows: [name: string, file: Buffer, problem: RegExp | null][] = [
    ['a key', newOnionKey(), null],
    [
      'the public key',
      Buffer.from(`== ed25519v1-public: type0 ==\0\0\0${'A'.repeat(32)}`),
      /is the public key: give hs_ed25519_secret_key/,
    ],
    ['nothing', Buffer.alloc(0), /does not begin/],
    ['a key of version 2', Buffer.from('-----BEGIN RSA PRIVATE KEY-----\n'), /does not begin/],
    ['without its header', onionKey.subarray(32), /does not begin/],
    ['cut off', onionKey.subarray(0, 95), /is not as long/],
    ['a line break more', Buffer.concat([onionKey, Buffer.from('\n')]), /is not as long/],
    ['not pruned at its start', changed(key => (key[32]! |= 1)), /no valid secret key/],
    ['not pruned at its end', changed(key => (key[63]! |= 0x80)), /no valid secret key/],
    ['all zero', changed(key => key.fill(0, 32)), /no valid secret key/],
    ['of another type', changed(key => key.write('ed25519v1-secret: type1', 3)), /does not begin/],
  ];
  for (const [name, file, problem] of rows) {
    const found = onionKeyProblem(file);
    if (problem === null) t.equal(found, null, name);
    else t.match(found, problem, name);
    const secret = onionKey.toString('base64', 32).slice(0, 8);
    t.notOk(found?.includes(secret), `${name}: nothing of the key`);
  }
});
