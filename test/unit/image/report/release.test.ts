import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  makeRelease,
  refusals,
  signatureNamespace,
  verifyingScript,
  type ImageDescription,
  type ReleaseInput,
} from '../../../../image/report/release.ts';
import { endOfSupport } from '../../../fixtures/nixos-release.ts';
import { spdxDocument, type SpdxDocument } from '../../../../image/report/spdx.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const contents = { bzImage: 'kernel', initrd: 'archive', dabei: 'program' };
const image: ImageDescription = {
  built: '2026-11-28T12:00:00.000Z',
  files: Object.fromEntries(
    Object.entries(contents).map(([name, text]) => [name, { bytes: text.length, sha256: sha256(text) }]),
  ),
  kernel: '6.12.41-dabei',
  fallbacks: [],
  packages: { 'libstdc++6': '14.2.0-19', 'openssh-server': '1:10.0p1-7', 'zfsutils-linux': '2.3.2-2' },
};
const script = readFileSync(new URL('../../../../image/media/netboot.ipxe', import.meta.url), 'utf8');
const release = {
  version: '0.2.0',
  changelog: '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\n## 0.1.0\n',
  gitStatus: '',
  now: endOfSupport - 1,
  zfsChanges: [],
  npm: { zod: '4.6.7', '@scope/name': '1.0.0' },
};
const own = {
  kernelChanges: [`kernel-config/base.config (sha256 ${sha256('')})`],
  debianArchitecture: 'amd64',
};
const other = {
  ...own,
  ...{ debianArchitecture: 'arm64', place: 'aarch64', command: 'npm run image -- --arch aarch64' },
};
const imageIn = (out: string) => ({ ...own, out, place: '', command: 'npm run image --' });
const input: ReleaseInput = {
  ...{ out: 'out', command: 'npm run image --' },
  ...{ version: release.version, changelog: release.changelog, gitStatus: '', now: release.now, image },
  found: Object.fromEntries(Object.entries(contents).map(([name, text]) => [name, sha256(text)])),
};

t.test('what is not released', async t => {
  const rows: [name: string, change: Partial<ReleaseInput>, says: RegExp[]][] = [
    ['all is well', {}, []],
    [
      'a file that is not committed',
      { gitStatus: ' M agent/main.ts\n?? b\n' },
      [/^2 files differ .* agent\/main\.ts/],
    ],
    ['no section', { version: '0.2.1' }, [/no section "## 0\.2\.1 \(DATE\)"/]],
    ['a section of a longer version', { version: '0.2' }, [/no section "## 0\.2 \(DATE\)"/]],
    [
      'a section without its date',
      { changelog: '## 0.2.0 (unreleased)\n' },
      [/its date, "## 0\.2\.0 \(YYYY-MM-DD\)"/],
    ],
    [
      "Debian's own curl",
      { image: { ...image, fallbacks: [{ part: 'curl' }] } },
      [/stand in for 1 .*--strict/],
    ],
    [
      'another initrd',
      { found: { ...input.found, initrd: sha256('?') } },
      [/^out\/initrd is missing or not/],
    ],
    [
      'no kernel',
      { found: { initrd: sha256('archive'), dabei: sha256('program') } },
      [/^out\/bzImage is missing/],
    ],
    [
      'a default release of NixOS without updates',
      { now: endOfSupport },
      [/^NixOS \d\d\.\d\d, .* no security updates since .* agent\/config\/nixos-release\.ts/],
    ],
    ['all at once', { gitStatus: '?? a\n', changelog: '' }, [/differ/, /no section/]],
  ];
  for (const [name, change, says] of rows) {
    const found = refusals({ ...input, ...change });
    t.equal(found.length, says.length, name);
    says.forEach((pattern, index) => t.match(found[index], pattern, name));
  }
});

t.test('a refused release writes nothing', async t => {
  const out = t.testdir({ ...contents, 'image.json': JSON.stringify(image), 'netboot.ipxe': script });
  const directory = join(out, 'release');
  const made = makeRelease([imageIn(out)], directory, { ...release, changelog: '' }, { ssh: '/nonexistent' });
  await t.rejects(made, { code: 'RELEASE', message: /no section "## 0\.2\.0 \(DATE\)"/ });
  const late = makeRelease(
    [imageIn(out)],
    directory,
    { ...release, now: endOfSupport },
    { ssh: '/nonexistent' },
  );
  await t.rejects(late, { code: 'RELEASE', message: /no security updates/, remedy: /docs\/release\.md/ });
  t.notOk(existsSync(directory));
  const none = { ...other, out: join(out, 'none') };
  await t.rejects(makeRelease([imageIn(out), none], directory, release, { ssh: '/nonexistent' }), {
    code: 'RELEASE',
    message: /no \S+\/none\/image\.json: run npm run image -- --arch aarch64 --strict$/,
  });
  t.notOk(existsSync(directory));
});

t.test('a release is verified as docs/release.md says', async t => {
  const built = { ...contents, 'image.json': JSON.stringify(image), 'netboot.ipxe': script };
  const out = t.testdir({ ...built, aarch64: built });
  const at = (name: string) => join(out, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'release', '-f', at('key')]);
  const subject = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=throw-away'];
  const files = ['-keyout', at('cms.key'), '-out', at('cms.crt'), '-addext', 'extendedKeyUsage=codeSigning'];
  execFileSync('openssl', ['req', ...subject, ...files], { stdio: 'ignore' });
  const directory = at('release');
  const names = await makeRelease([imageIn(out), { ...other, out: at('aarch64') }], directory, release, {
    ssh: at('key'),
    cms: { key: at('cms.key'), certificate: at('cms.crt') },
  });
  const signed = ['bzImage', 'bzImage.sig', 'initrd', 'initrd.sig'];
  const texts = ['image.json', 'netboot.ipxe', 'nix-dabei-0.2.0.spdx.json'];
  const each = ['dabei', ...signed, ...texts];
  const both = [...each, ...each.map(name => `aarch64/${name}`)];
  t.strictSame(names, [...both, 'SHA256SUMS', 'SHA256SUMS.sig'].sort());
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: directory });

  writeFileSync(at('allowed_signers'), `nix-dabei ${readFileSync(at('key.pub'), 'utf8')}`);
  const verify = (sums: string, namespace: string) =>
    spawnSync(
      'ssh-keygen',
      [
        '-Y',
        'verify',
        '-f',
        at('allowed_signers'),
        '-I',
        'nix-dabei',
        '-n',
        namespace,
        '-s',
        `${directory}/SHA256SUMS.sig`,
      ],
      { input: sums },
    ).status;
  const sums = readFileSync(`${directory}/SHA256SUMS`, 'utf8');
  t.equal(verify(sums, signatureNamespace), 0);
  t.not(verify(`${sums} `, signatureNamespace), 0, 'a byte more');
  t.not(verify(sums, 'nix-dabei-config'), 0, 'a signature for something else');

  const cms = (name: string, content: string) =>
    spawnSync('openssl', [
      ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', join(directory, `${name}.sig`)],
      ...[
        '-content',
        join(directory, content),
        '-CAfile',
        at('cms.crt'),
        '-purpose',
        'any',
        '-out',
        '/dev/null',
      ],
    ]).status;
  for (const name of ['bzImage', 'initrd', 'aarch64/initrd']) t.equal(cms(name, name), 0, name);
  t.not(cms('bzImage', 'initrd'), 0, 'the signature of another file');
  for (const [place, debian] of Object.entries({ '': 'amd64', aarch64: 'arm64' })) {
    const text = readFileSync(join(directory, place, 'nix-dabei-0.2.0.spdx.json'), 'utf8');
    requireSpdx(t, JSON.parse(text) as SpdxDocument);
    t.match(text, `?arch=${debian}"`);
  }
});

t.test('iPXE verifies what it starts', async t => {
  const lines = verifyingScript(script)
    .split('\n')
    .filter(line => !line.startsWith('# '));
  t.strictSame(
    lines.filter(line => line.startsWith('img')),
    ['imgtrust', 'imgverify bzImage bzImage.sig', 'imgverify initrd initrd.sig'],
  );
  t.equal(lines[1], 'imgtrust', 'before anything else');
  t.ok(lines.indexOf('boot') > lines.indexOf('imgverify initrd initrd.sig'));
});

t.test('the bill of materials', async t => {
  const materials = {
    ...release,
    ...own,
    zfs: '2.3.2-2',
    built: image.built,
    imageSha256: sha256('x'),
    kernel: image.kernel,
  };
  const document = spdxDocument({ ...materials, debian: image.packages });
  requireSpdx(t, document);
  t.equal(document.creationInfo.created, '2026-11-28T12:00:00Z');
  const purls = document.packages.flatMap(({ externalRefs = [] }) =>
    externalRefs.map(each => each.referenceLocator),
  );
  t.strictSame(purls, [
    'pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64',
    'pkg:deb/debian/openssh-server@1:10.0p1-7?arch=amd64',
    'pkg:deb/debian/zfsutils-linux@2.3.2-2?arch=amd64',
    'pkg:npm/zod@4.6.7',
    'pkg:npm/%40scope/name@1.0.0',
  ]);
  t.match(document.packages.find(({ name }) => name === 'linux')?.sourceInfo, /base\.config \(sha256 /);
  t.match(document.packages.find(({ name }) => name === 'zfs')?.sourceInfo, /with no patch$/);
});

/** Fields and forms that SPDX 2.3 requires (clauses 6, 7 and 11). */
function requireSpdx(t: Test, document: SpdxDocument): void {
  t.match(document, { spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT' });
  t.match(document.documentNamespace, /^https:\/\/[^#]+$/);
  t.match(document.creationInfo.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  t.ok(document.creationInfo.creators.every(creator => /^(Tool|Person|Organization): ./.test(creator)));
  const ids = document.packages.map(({ SPDXID }) => SPDXID);
  t.equal(new Set(ids).size, ids.length, 'each once');
  for (const { SPDXID, name, downloadLocation } of document.packages) {
    t.match(SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
    t.ok(name !== '' && downloadLocation === 'NOASSERTION');
  }
  const related = document.relationships.flatMap(each => [each.spdxElementId, each.relatedSpdxElement]);
  t.ok(related.every(id => id === 'SPDXRef-DOCUMENT' || ids.includes(id)));
  t.ok(document.relationships.some(({ relationshipType }) => relationshipType === 'DESCRIBES'));
  t.equal(new Set(related).size, ids.length + 1, 'every package is related');
}
