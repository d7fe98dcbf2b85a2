import t from 'tap';
import {
  base32,
  fingerprint,
  isSignedBy,
  narinfoName,
  parseNarinfo,
} from '../../../../agent/plan/nix/narinfo.ts';

/** Written and signed by Nix 2.26. */
const path = '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-tiny-tiny-nixos-26.05';
const key = 'cache.example.org-1:DknUVBTbkYqWuCVFXk2Tn5Pd00Gwud0rBmZTG1j0uDU=';
const text = `StorePath: ${path}
URL: nar/0il5dqdqlbpx0ycjq16l6gbj5dg2b6j1armgbqr5d3khhr406fi3.nar.xz
Compression: xz
FileHash: sha256:0il5dqdqlbpx0ycjq16l6gbj5dg2b6j1armgbqr5d3khhr406fi3
FileSize: 11040
NarHash: sha256:0wbqhxf3wyzqrw5kfzblrcv4svrgccfwxvgkxd5w9mld9rzgn2hq
NarSize: 40744
References: 56m6b8jdai8jdmis6cnnyf62gh6ikm53-initrd kvrzyyriyjfbr6wffbdvk2rq5ccpxr27-source mi4af0r9nvyvzq6fgqr9w8qhj5lq9b0w-tiny-programs vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-tiny-tiny-nixos-26.05
Deriver: 6xm7cgphx2ik891b42vbp2nivj8wkn50-nixos-system-tiny-tiny-nixos-26.05.drv
Sig: cache.example.org-1:nGger53cY8Vv5OiiCvQWgQU7W51On9HK3qfHWRNap9ieHBcaOzsZ9dPxIrDjAo90JlSmNWsKNPKtc8e67WAWBw==
`;

t.test('what a cache says of a path', async t => {
  t.equal(narinfoName(path), 'vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb.narinfo');
  const narinfo = parseNarinfo(text, path);
  t.match(narinfo, { storePath: path, narSize: 40744, fileSize: 11040, url: /^nar\// });
  t.equal(narinfo.references.length, 4);
  t.ok(narinfo.references.includes(path), 'it refers to itself');
  t.match(fingerprint(narinfo), /^1;\/nix\/store\/vbck.*;sha256:0wbq.*;40744;\/nix\/store\/56m6.*,\/nix/);
  const small = parseNarinfo(text.replace(/^(References|FileSize).*\n/gm, ''), path);
  t.match(small, { references: [], fileSize: 40744 }, 'a cache need not know the size of the file');
});

t.test('signatures', async t => {
  const signed = (changed: string, keys = [key]) => isSignedBy(parseNarinfo(changed, path), keys);
  t.ok(signed(text));
  t.ok(signed(text, [`other-1:${key.split(':')[1]}`, key]), 'one of several keys');
  t.ok(signed(`Sig: other-1:AAAA\n${text}`), 'one of several signatures');
  t.ok(signed(text.replaceAll('\n', '\r\n')));
  t.ok(
    signed(text.replace(/(?<=References: )(\S+) (\S+)/, '$2 $1')),
    'the order of references is not signed',
  );
  const hash = text.replace(
    /(?<=NarHash: ).*/,
    'sha256:1630db4f3586b6d26d81f6b18bcc3be8b48ceb60ea07a8ba6c2f4dcdbef0faf2',
  );
  t.notOk(signed(hash), 'another hash, in hexadecimal');

  t.notOk(signed(text, []));
  t.notOk(signed(text, [`other-1:${key.split(':')[1]}`]), 'the right key under another name');
  t.notOk(signed(text, [`cache.example.org-1:${Buffer.alloc(32, 1).toString('base64')}`]));
  t.notOk(signed(text.replace('NarSize: 40744', 'NarSize: 40745')));
  t.notOk(signed(text.replace(/56m6b8jdai8jdmis6cnnyf62gh6ikm53-initrd /, '')));
  t.notOk(signed(text.replace(/^Sig.*$/m, '')));
});

t.test('hashes in any base are signed in base 32', async t => {
  const bytes = Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex');
  const digits = base32(bytes);
  t.equal(digits, '1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s', 'SHA-256 of "abc"');
  for (const written of [
    `sha256:${digits}`,
    `sha256:${bytes.toString('hex')}`,
    `sha256:${bytes.toString('base64')}`,
    `sha256-${bytes.toString('base64')}`,
  ]) {
    const narinfo = parseNarinfo(text.replace(/(?<=NarHash: ).*/, written), path);
    t.equal(narinfo.narHash, `sha256:${digits}`, written);
  }
});

t.test('names of signers reach the screen of whoever trusts none of them', async t => {
  const wild = parseNarinfo(`${text}Sig: \x1b]0;owned\x07evil\x1b[2J:AAAA\n`, path);
  t.equal(wild.signatures.at(-1), 'evil:AAAA');
  const long = parseNarinfo(`${text}Sig: ${'x'.repeat(5000)}:AAAA\n`, path);
  t.equal(long.signatures.at(-1)!.length, 300);
});

t.test('what cannot be read', async t => {
  const rows: [string, string, RegExp][] = [
    ['an error page', '<html>Sorry</html>', /no colon/],
    ['nothing', '', /StorePath is missing/],
    ['another path', text.replace('StorePath: /nix/store/v', 'StorePath: /nix/store/w'), /another path/],
    ['twice', `${text}NarSize: 1\n`, /NarSize appears twice/],
    ['no size', text.replace(/^NarSize.*\n/m, ''), /NarSize is missing/],
    ['a size that is none', text.replace(/^NarSize.*/m, 'NarSize: -1'), /NarSize is not a valid number/],
    ['a size of 0', text.replace(/^NarSize.*/m, 'NarSize: 0'), /NarSize is 0/],
    ['a hash of MD5', text.replace(/^NarHash.*/m, 'NarHash: md5:abc'), /not a valid SHA-256/],
    ['a reference with a slash', text.replace(/^References: /m, '$&../../etc '), /invalid reference/],
    ['signatures without an end', `${text}${'Sig: a:b\n'.repeat(100)}`, /more than 100 signatures/],
    ['an archive elsewhere', text.replace(/^URL.*/m, 'URL: http://example.org/x'), /out of the cache/],
    ['an archive above', text.replace(/^URL.*/m, 'URL: nar/../../x'), /out of the cache/],
  ];
  for (const [name, changed, problem] of rows)
    t.throws(() => parseNarinfo(changed, path), { code: 'CLOSURE_NARINFO', problem }, name);
});
