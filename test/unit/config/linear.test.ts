import { gzipSync } from 'node:zlib';
import t from 'tap';
import { parseCommandLine } from '../../../agent/config/sources/command-line.ts';
import { decodeBase64, unpack } from '../../../agent/config/sources/decode.ts';
import { readIpParameters } from '../../../agent/config/sources/ip-parameter.ts';
import { parseJson } from '../../../agent/config/json.ts';
import { nearest } from '../../../agent/config/nearest.ts';
import { formatProblem } from '../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { hostKeyType } from '../../../agent/keys/host-key.ts';
import { parseNarinfo } from '../../../agent/plan/nix/narinfo.ts';
import { Secret } from '../../../agent/secret.ts';
import { growth, growthLimit } from '../../support/growth.ts';

function resolve(text: string) {
  return resolveConfiguration({
    commandLine: '',
    files: [{ path: '/dabei.json', bytes: Buffer.from(text) }],
  });
}
const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));

/** A configuration of a size that somebody generated, or that is broken: what is wrong with it, to begin with. */
const configurations: [name: string, make: (size: number) => string, size: number, first: string][] = [
  ['unknown keys', n => `{${times(n, i => `"k${i}": 1`).join()}}`, 2000, '/dabei.json:1:2 k0: unknown key'],
  ['the same key', n => `{${times(n, () => '"hostName":"web"').join()}}`, 2000, '/dabei.json:1:19 hostName: given twice, first in line 1'],
  ['items on lines of their own', n => `{"rootAuthorizedKeys": [\n${times(n, () => '1').join(',\n')}]}`, 8000, '/dabei.json:1:24 rootAuthorizedKeys: has more than 1000 items'],
  ['routes that are none', n => `{"network": {"interfaces": [{"name": "a", "routes": [${times(n, () => '1').join()}]}]}}`, 2000, '/dabei.json:1:54 network.interfaces[0].routes[0]: expected object, got number'],
  ['routes with unknown keys', n => `{"network": {"interfaces": [{"name": "a", "routes": [${times(n, () => '{"destination":"default","x":1}').join()}]}]}}`, 1000, '/dabei.json:1:79 network.interfaces[0].routes[0].x: unknown key'],
  ['interfaces that are none', n => `{"network": {"interfaces": [${times(n, () => '{}').join()}]}}`, 500, '/dabei.json:1:29 network.interfaces[0]: needs a mac, a name, or "only": true'],
  ['a key that is all types', n => `{"rootAuthorizedKeys": [${times(n / 1000, () => `"${'ssh-'.repeat(4000)}"`).join()}]}`, 4000, '/dabei.json:1:25 rootAuthorizedKeys[0]: is not a valid line of authorized_keys, such as "ssh-ed25519 AAAA… me@laptop": it has no public key'],
  ['a key that is all blanks', n => `{"rootAuthorizedKeys": [${times(n / 1000, () => `"ssh-x${' '.repeat(16_000)}"`).join()}]}`, 4000, '/dabei.json:1:25 rootAuthorizedKeys[0]: is not a valid line of authorized_keys, such as "ssh-ed25519 AAAA… me@laptop": it has no public key'],
  ['one long key', n => `{"${'k'.repeat(n)}": 1}`, 50_000, `/dabei.json:1:2 ${'k'.repeat(79)}…: unknown key`.replace(/ (k+…)/, ' ["$1"]')],
  ['values below a long key', n => `{"${'k'.repeat(n)}": [${times(n / 10, () => '1').join()}]}`, 40_000, `/dabei.json:1:2 ["${'k'.repeat(79)}…"]: unknown key`],
  ['a long address', n => `{"mode": "rescue", "system": {"substituters": ["https://a${'/'.repeat(n)}b"]}}`, 50_000, '/dabei.json:1:48 system.substituters[0]: is longer than 4096 characters'],
  ['a slip in every line', n => `{${times(n, i => `"a${i}" 1`).join(',\n')}}`, 1000, '/dabei.json:1:7: expected a colon'],
  ['nothing but blanks', n => `{"version": 1,${' \n'.repeat(n)}}`, 20_000, '/dabei.json:20001:1: trailing comma'],
]; // prettier-ignore

t.test('a configuration of twice the size takes twice the time', async t => {
  for (const [name, make, size, first] of configurations) {
    const { problems } = resolve(make(size));
    t.equal(formatProblem(problems[0]!), first, name);
    t.ok(problems.length <= 51, `${name}: ${problems.length} problems are told`);
    const ratio = growth(make, resolve, size);
    t.ok(ratio < growthLimit, `${name}: ${ratio.toFixed(1)} times as long`);
  }
}); // prettier-ignore

const frame = Buffer.from('28b52ffd2000010000', 'hex');
const begin = '-----BEGIN OPENSSH PRIVATE KEY-----\n';
const tried = (work: () => void) => {
  try {
    work();
  } catch {
    // What it says is another test's.
  }
};

const parsers: [name: string, size: number, make: (size: number) => string | Buffer, work: (input: never) => void][] = [
  ['JSON', 1500, n => `[${'{"a":[1]},'.repeat(n)}1]`, (text: string) => parseJson(text, 'x')],
  ['JSON with errors', 1000, n => '{"a" 1 "b" 2\n'.repeat(n), (text: string) => parseJson(text, 'x')],
  ['base64', 100_000, n => 'A'.repeat(n), decodeBase64],
  ['base64 with padding', 100_000, n => '='.repeat(n), decodeBase64],
  ['members of gzip', 2000, n => Buffer.concat(Array.from({ length: n }, () => gzipSync(''))), unpack],
  ['frames of zstd', 10_000, n => Buffer.concat(Array.from({ length: n }, () => frame)), unpack],
  ['blocks of zstd', 50_000, n => Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), Buffer.alloc(3 * n)]), unpack],
  ['a command line', 5000, n => 'a=1 '.repeat(n), parseCommandLine],
  ['quotes', 25_000, n => '"'.repeat(n), parseCommandLine],
  ['ip=', 5000, n => `${':'.repeat(n)}[`, (text: string) => readIpParameters([text], [])],
  ['a long word', 50_000, n => 'x'.repeat(n), (word: string) => nearest(word, ['hostName', 'disks'])],
  ['host keys that only begin', 5000, n => begin.repeat(n), (text: string) => hostKeyType(new Secret(text))],
  ['a narinfo', 4000, n => times(n, i => `A${i}: x`).join('\n'), (text: string) => parseNarinfo(text, '/nix/store/x')],
  ['carriage returns', 50_000, n => `A: ${'\r'.repeat(n)}x`, (text: string) => parseNarinfo(text, '/nix/store/x')],
]; // prettier-ignore

t.test('so do the parsers behind it', async t => {
  for (const [name, size, make, work] of parsers) {
    const ratio = growth(make as (size: number) => never, input => tried(() => work(input)), size);
    t.ok(ratio < growthLimit, `${name}: ${ratio.toFixed(1)} times as long`);
  }
});

t.test('10,000 routes and 300 disks are a configuration', async t => {
  const routes = Array.from({ length: 10_000 }, (_, index) => ({
    destination: `10.${index >> 8}.${index & 255}.0/24`,
    gateway: '192.0.2.1',
    metric: 100,
    table: 254,
  }));
  const devices = Array.from({ length: 300 }, (_, index) => ({ serial: `S${index}` }));
  const { problems, config } = resolve(
    JSON.stringify({
      network: { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'], routes }] },
      disks: { layout: 'raidz3', devices, key: 'correct horse' },
    }),
  );
  t.same(problems, []);
  t.equal(config?.network.interfaces[0]?.routes.length, 10_000);
  t.equal(config?.disks?.devices.length, 300);
});
