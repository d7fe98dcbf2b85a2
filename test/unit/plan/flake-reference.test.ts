import t from 'tap';
import { flakeReference, isSentAlong } from '../../../agent/plan/flake-reference.ts';

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
