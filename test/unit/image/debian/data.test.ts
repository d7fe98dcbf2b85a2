import t from 'tap';
import { archivesOf } from '../../../../image/debian/archives.ts';
import {
  architectureOf,
  entryOf,
  idOf,
  type Item,
  type Need,
  type Plan,
} from '../../../../image/debian/needs.ts';
import { isInside, paragraphsOf, parseParagraph } from '../../../../image/debian/control.ts';
import { preferencesOf } from '../../../../image/debian/solve.ts';
import { packageItem, sourceItem } from '../../../../image/debian/resolve.ts';
import { parseRelease } from '../../../../image/debian/release.ts';
import { failureOf } from '../../../../image/debian/transfer.ts';
import { keyOf } from '../../../../image/lib/cache.ts';

/** What is read of apt's configuration, of lists, and of what apt says. */

t.test("this machine's archives by kind", async t => {
  const text = [
    'Debian bookworm http://one.example/debian/',
    'Debian bookworm http://two.example/debian',
    'Debian bookworm http://one.example/debian/',
    'Debian bookworm-updates http://one.example/debian/',
    'Debian bookworm-security http://one.example/debian-security/',
    'Debian bookworm-backports http://one.example/backports/',
    'Debian bookworm-proposed-updates http://one.example/proposed/',
    'Other bookworm http://three.example/',
    '',
  ].join('\n');
  t.strictSame(archivesOf(text), {
    release: ['http://one.example/debian/', 'http://two.example/debian/'],
    updates: ['http://one.example/debian/'],
    security: ['http://one.example/debian-security/'],
  });
  t.strictSame(archivesOf(''), { release: [], updates: [], security: [] });
});

t.test('how a transfer failed, in the words of apt', async t => {
  const cases: [string, string, boolean][] = [
    [
      'E: Failed to fetch http://m.example/a  404  Not Found [IP: 192.0.2.1 80]\nE: Download Failed',
      '404 Not Found',
      true,
    ],
    ['E: Failed to fetch http://m.example/a  403  Forbidden [IP: 192.0.2.1 80]', '403 Forbidden', true],
    [
      'E: Failed to fetch http://m.example/a  429  Too Many Requests [IP: 192.0.2.1 80]',
      '429 Too Many Requests',
      false,
    ],
    [
      'E: Failed to fetch http://m.example/a  503  Service Unavailable [IP: 192.0.2.1 80]',
      '503 Service Unavailable',
      false,
    ],
    [
      'E: Failed to fetch http://m.example/a  Connection timed out [IP: 192.0.2.1 80]',
      'Connection timed out',
      false,
    ],
    [
      'E: Failed to fetch http://m.example/a  Hash Sum mismatch\n   Hashes of expected file:',
      'Hash Sum mismatch',
      false,
    ],
    ['', 'no reason given', false],
  ];
  for (const [stderr, reason, absent] of cases) t.strictSame(failureOf(stderr), { reason, absent });
});

t.test('no path of a list leads out of its archive', async t => {
  for (const path of ['pool/a/b.deb', 'pool/a..b/c']) t.ok(isInside(path), path);
  for (const path of ['', '/etc/passwd', '../x', 'pool/../../x', 'pool/a b', 'pool/a\nb'])
    t.notOk(isInside(path), path);
  const fields = (path: string) =>
    parseParagraph(`Package: a\nVersion: 1\nFilename: ${path}\nSize: 3\nSHA256: ${'0'.repeat(64)}`);
  t.equal(packageItem(fields('pool/a.deb'), 'release')?.version, '1');
  t.equal(packageItem(fields('../a.deb'), 'release'), null);
  const source = (name: string, directory = 'pool') =>
    parseParagraph(
      `Package: a\nVersion: 1\nDirectory: ${directory}\nChecksums-Sha256:\n ${'0'.repeat(64)} 3 ${name}`,
    );
  t.strictSame(sourceItem(source('a.dsc'), 'updates')?.files, [
    { size: 3, sha256: '0'.repeat(64), at: [{ kind: 'updates', path: 'pool/a.dsc' }] },
  ]);
  t.equal(sourceItem(source('../a.dsc'), 'release'), null);
  t.equal(sourceItem(source('a.dsc', '..'), 'release'), null);
  t.equal(sourceItem(source('a.tar.xz'), 'release'), null, 'a source without its description');
});

t.test('paragraphs and Release files', async t => {
  const index = 'Package: a\nVersion: 1\n\nPackage: ab\nVersion: 2\n\nPackage: a\nVersion: 3\n';
  t.strictSame(
    paragraphsOf(index, new Set(['a']))
      .get('a')
      ?.map(paragraph => paragraph.get('Version')),
    ['1', '3'],
  );
  const release = parseRelease(
    `Codename: tiny\nValid-Until: Thu, 03 Dec 2026 02:14:46 UTC\nSHA256:\n ${'a'.repeat(64)} 12 main/x\n`,
  );
  t.equal(release.codename, 'tiny');
  t.equal(release.byHash, false);
  t.equal(release.validUntil?.toISOString(), '2026-12-03T02:14:46.000Z');
  t.strictSame([...release.indexes.keys()], ['main/x']);
  t.equal(parseRelease('Codename: tiny\n').validUntil, null);
});

t.test('what cannot be had is pinned away', async t => {
  const lists = [
    {
      suite: 'tiny',
      kind: 'release',
      index: 'binary',
      architecture: 'amd64',
      archive: '/a',
      components: ['main'],
      id: '1',
    },
  ] as const;
  t.equal(
    preferencesOf({ lists, without: [{ name: 'beta', version: '1.0' }], preferFirst: true }),
    'Package: beta\nPin: version 1.0\nPin-Priority: -1\n\nPackage: *\nPin: release n=tiny\nPin-Priority: 990\n',
  );
  t.equal(preferencesOf({ lists, without: [], preferFirst: false }), '');
});

t.test('the key of unpacked packages hashes every file of every package', async t => {
  const item = (name: string, version: string, sha256: string): Item => ({
    ...{ name, version },
    files: [{ size: 1, sha256, at: [{ kind: 'release', path: `pool/${name}_${version}.deb` }] }],
  });
  const plan = (...items: Item[]): Plan => ({ items, versions: { alpha: '1.0' }, warnings: [] });
  const needed: Need[] = [
    { kind: 'set', set: { name: 'tools', packages: ['alpha'], variant: 'apt' }, release: 'trixie' },
    { kind: 'packages', name: 'tools', names: ['alpha'], release: 'trixie', installer: false },
    { kind: 'source', name: 'alpha', release: 'trixie' },
  ];
  const before = [item('alpha', '1.0', 'aa'), item('dpkg', '1.22', 'bb')];
  for (const need of needed) {
    const keyWith = (...items: Item[]) => keyOf(entryOf(need, plan(...items)).recipe);
    const key = keyWith(...before);
    t.equal(keyWith(...before.toReversed()), key, `${need.kind}: the order does not matter`);
    for (const [about, ...items] of [
      ['the same version with other bytes', item('alpha', '1.0', 'cc'), before[1]!],
      ['another version', item('alpha', '1.1', 'aa'), before[1]!],
      ['another version of an essential package', before[0]!, item('dpkg', '1.23', 'dd')],
      ['one package less', before[0]!],
    ] as const)
      t.not(keyWith(...items), key, `${need.kind}: ${about}`);
  }
});

t.test('what a need of another architecture is called', async t => {
  const set = { name: 'programs', packages: ['a'], variant: 'extract' } as const;
  const rows: [need: Need, id: string, architecture: string | undefined][] = [
    [{ kind: 'set', set, release: 'r' }, 'set programs', undefined],
    [{ kind: 'set', set: { ...set, architecture: 'arm64' }, release: 'r' }, 'set programs (arm64)', 'arm64'],
    [
      { kind: 'packages', name: 'some', names: ['a'], release: 'r', installer: false, architecture: 'arm64' },
      'packages some (arm64)',
      'arm64',
    ],
    [{ kind: 'source', name: 'a', release: 'r' }, 'source r a', undefined],
  ];
  for (const [need, id, architecture] of rows) {
    t.equal(idOf(need), id);
    t.equal(architectureOf(need), architecture, id);
  }
});
