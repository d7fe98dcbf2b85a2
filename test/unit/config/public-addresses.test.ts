import t from 'tap';
import { formatProblem } from '../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';

/** Addresses that the installed system keeps in world-readable files, /etc/nixos and the Nix store, with secrets in them. */

const secret = 's3cr3tVALUE0123456789';

function resolve(value: object, commandLine = '') {
  const disks = { devices: ['only'], key: 'correct horse' };
  const file = { rootAuthorizedKeys: [publicKeyOf('me')], disks, ...value };
  const files = [{ path: '/c', bytes: Buffer.from(JSON.stringify(file)) }];
  return resolveConfiguration({ commandLine, files });
}

/** Every setting that is an address, with what its remedy names. */
const settings: [path: string, make: (address: string) => object, remedy: RegExp][] = [
  ['system.flake', address => ({ system: { flake: `${address}#web` } }), /run --flake DIRECTORY.*system\.storePath.*access-tokens or netrc-file of nix\.conf/],
  ['system.nixpkgs', address => ({ system: { nixpkgs: address } }), /needs no password/],
  ['system.substituters[0]', address => ({ system: { substituters: [address] } }), /cache that needs no password/],
]; // prettier-ignore

const addresses: [name: string, address: string][] = [
  ['a password', `https://me:${secret}@git.example/x.tar.gz`],
  ['a password without a name', `https://:${secret}@git.example/x.tar.gz`],
  ['a token as name', `https://${secret}@git.example/x.tar.gz`],
  ['of a tarball', `tarball+https://me:${secret}@git.example/x`],
  ['in plain HTTP', `http://me:${secret}@git.example/x.tar.gz`],
  ['by git', `git+https://me:${secret}@git.example/x`],
  ['a password by SSH', `git+ssh://git:${secret}@git.example/x`],
  ['a colon that is encoded', `https://me%3a${secret}@git.example/x.tar.gz`],
  ['access_token', `https://git.example/x.tar.gz?access_token=${secret}`],
  ['private_token behind others', `https://git.example/x.tar.gz?ref=main&private_token=${secret}`],
  ['a name that is encoded', `https://git.example/x.tar.gz?access%5Ftoken=${secret}`],
  ['of a forge', `gitlab:me/x?host=git.example&token=${secret}`],
  ['a signed address', `https://s3.example/x.tar.gz?X-Amz-Signature=${secret}`],
  ['a token of GitHub in the path', `https://git.example/ghp_${secret}${secret}/x.tar.gz`],
];

t.test('a secret in an address is refused, and not repeated', async t => {
  for (const [path, make, remedy] of settings) {
    for (const [name, address] of addresses) {
      const { config, problems } = resolve(make(address));
      t.equal(config, null, `${path}, ${name}`);
      const message = 'contains a password or an access token, and every user of the installed system could read it';
      t.match(problems, [{ code: 'CONFIG_SCHEMA', source: '/c', path, line: 1, message, remedy }], `${path}, ${name}`);
      t.equal(problems.length, 1, problems.map(formatProblem).join('; '));
      t.notMatch(JSON.stringify(problems), secret.slice(0, 8), `${path}, ${name}`);
    }
  }
}); // prettier-ignore

t.test('by a kernel parameter, old and new', async t => {
  const flake = `https://me:${secret}@git.example/x.tar.gz#web`;
  for (const name of ['dabei.flake', 'flake_url']) {
    const { config, problems } = resolve({}, `${name}=${flake}`);
    t.equal(config, null, name);
    t.match(problems, [{ code: 'CONFIG_SCHEMA', source: name, path: 'system.flake' }]);
    t.notMatch(JSON.stringify(problems), secret.slice(0, 8));
  }
});

t.test('addresses without a secret', async t => {
  const good: [path: string, value: object][] = [
    ['a user name by SSH, which is refused for git alone', { flake: 'git+ssh://git@git.example/x#web' }],
    ['an "@" in the path', { flake: 'https://git.example/@me/x.tar.gz#web' }],
    ['names that look like it', { flake: 'github:token/password/key?dir=secret&ref=token#web' }],
    ['a hash', { flake: 'https://git.example/x.tar.gz?narHash=sha256-AAAA&rev=0123#web' }],
    ['bundled', { flake: 'path:/dabei/flake#web' }],
    ['of nixpkgs', { nixpkgs: 'github:NixOS/nixpkgs/nixos-unstable' }],
    ['of a cache with a port', { substituters: ['https://cache.example.org:8443/x/'] }],
  ];
  for (const [name, system] of good) t.same(resolve({ system }).problems, [], name);
});
