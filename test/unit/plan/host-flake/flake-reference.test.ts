import t from 'tap';
import { flakeReference, isSentAlong } from '../../../../agent/plan/host-flake/flake-reference.ts';

t.test('URL and attribute', async t => {
  const rows: [string, string, string][] = [
    ['github:me/infra#web-01', 'github:me/infra', 'web-01'],
    ['github:me/infra', 'github:me/infra', 'host'],
    ['github:me/infra#', 'github:me/infra', 'host'],
    ['github:me/infra?dir=hosts&ref=main#web', 'github:me/infra?dir=hosts&ref=main', 'web'],
    ['github:me/infra#nixosConfigurations.web', 'github:me/infra', 'web'],
    ['github:me/infra#nixosConfigurations."web.example.org"', 'github:me/infra', 'web.example.org'],
    ['github:me/infra#web.example.org', 'github:me/infra', 'web.example.org'],
    ['https://example.org/a.tar.gz#w%C3%A9b', 'https://example.org/a.tar.gz', 'wéb'],
    ['path:/srv/infra#web', 'path:/srv/infra', 'web'],
    ['/srv/infra#web', '/srv/infra', 'web'],
    ['github:me/x#nixosConfigurations.web.config.system.build.toplevel', 'github:me/x', 'web'],
    ['gitlab:g%2Fs/x/main#web', 'gitlab:g%2Fs/x/main', 'web'],
    ['sourcehut:~me/x#web', 'sourcehut:~me/x', 'web'],
    ['tarball+https://example.org/x#web', 'tarball+https://example.org/x', 'web'],
    ['https://example.org:8443/x.tar.gz?a=b#web', 'https://example.org:8443/x.tar.gz?a=b', 'web'],
    ['file:///srv/x.tar.gz#web', 'file:///srv/x.tar.gz', 'web'],
  ];
  for (const [text, url, attribute] of rows) {
    t.same(flakeReference(text, 'host'), { url, attribute }, text);
  }
});

t.test('references that mean nothing here', async t => {
  const rows: [string, RegExp][] = [
    ['.#web', /relative/],
    ['./infra#web', /relative/],
    ['..#web', /relative/],
    ['path:./infra#web', /relative/],
    ['path:.#web', /relative/],
    ['#web', /relative/],
    ['git+https://example.org/infra#web', /git/],
    ['git+ssh://git@example.org/infra#web', /git/],
    ['github:me/infra#%zz', /percent/],
    ['GIT+SSH://git@example.org/x#web', /needs git/],
    ['ssh+git://example.org/x#web', /needs git/],
    ['ssh://example.org/x#web', /needs git/],
    ['git@example.org:me/infra.git#web', /needs git/],
    ['hg+https://example.org/x#web', /needs git/],
    ['https://example.org/me/infra.git#web', /needs git/],
    ['svn+https://example.org/x#web', /cannot fetch such an address/],
    ['s3://bucket/x.tar.gz#web', /cannot fetch such an address/],
    ['ftp://example.org/x.tar.gz#web', /cannot fetch such an address/],
    ['~/infra#web', /"~"/],
    ['infra#web', /no flake registry/],
    ['flake:infra#web', /no flake registry/],
    ['path:infra#web', /relative/],
    ['github:me#web', /incomplete/],
    ['GITHUB:me/x#web', /incomplete/],
    ['github://me/x#web', /incomplete/],
    ['HTTPS://example.org/x.tar.gz#web', /lower case/],
    ['file+https://example.org/x#web', /single file/],
    ['github:me/x#packages.x86_64-linux.default', /not a valid name under nixosConfigurations/],
    ['github:me/x#web^out', /not a valid name under nixosConfigurations/],
  ];
  for (const [text, problem] of rows) {
    t.throws(() => flakeReference(text, 'host'), { code: 'CONFIG_SCHEMA', problem }, text);
  }
});

t.test('the flake that was sent along', async t => {
  const rows: [string, boolean][] = [
    ['path:/dabei/flake#web', true],
    ['/dabei/flake/', true],
    ['path:/dabei/flakes#web', false],
    ['github:dabei/flake', false],
  ];
  for (const [text, expected] of rows) t.equal(isSentAlong(flakeReference(text, 'host')), expected, text);
});
