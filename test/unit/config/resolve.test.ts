import { gzipSync } from 'node:zlib';
import t from 'tap';
import { formatProblem } from '../../../agent/config/report.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = (value: unknown) => `dabei.config=${base64(JSON.stringify(value))}`;
const key = `${publicKeyOf('me')} me@laptop`;
const otherKey = publicKeyOf('other');
const hostKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----';
const passphrase = 'correct horse';
const disks = { devices: ['/dev/vda'], key: passphrase };
const byPath = '/dev/disk/by-path/pci-0000:00:17.0-ata-1';

function resolve(commandLine: string, file?: string | Buffer) {
  const files = file === undefined ? [] : [{ path: '/dabei.json', bytes: Buffer.from(file) }];
  return resolveConfiguration({ commandLine, files });
}

t.test('what is understood', async t => {
  const whole = base64(JSON.stringify({ hostName: 'web', disks }));
  const rows: [name: string, commandLine: string, file: string | Buffer | undefined, expected: object][] = [
    ['nothing at all', '', undefined, { mode: 'rescue', config: { version: 1, hostName: 'nixos' } }],
    ['parameters of others', 'BOOT_IMAGE=/vmlinuz quiet foo.bar=1 disk=1', undefined, { mode: 'rescue' }],
    ['dabei.config', config({ version: 1, disks }), undefined, { mode: 'install', config: { disks: { layout: 'single' } } }],
    ['in pieces', `dabei.config=${whole.slice(0, 9)} x dabei.config=${whole.slice(9)}`, undefined, { config: { hostName: 'web' } }],
    ['base64url without padding', `dabei.config=${Buffer.from('{"hostName":"w-1"}').toString('base64url')}`, undefined, { config: { hostName: 'w-1' } }],
    ['gzip', `dabei.config=${gzipSync('{"hostName":"web"}').toString('base64')}`, undefined, { config: { hostName: 'web' } }],
    ['zstd', 'dabei.config=KLUv/SQVqQAAeyJob3N0TmFtZSI6IndlYi0wMSJ9bh+b6w==', undefined, { config: { hostName: 'web-01' } }],
    ['a quoted parameter', `"${config({ hostName: 'web' })}"`, undefined, { config: { hostName: 'web' } }],
    ['a quoted value', `dabei.config="${base64('{"hostName":"web"}')}"`, undefined, { config: { hostName: 'web' } }],
    ['dashes for underscores', `dabei.disk-key=${base64(passphrase)} dabei.disks=single:only`, undefined, { mode: 'install' }],
    ['after -- nothing counts', 'dabei.hostname=a -- dabei.hostname=b', undefined, { config: { hostName: 'a' } }],
    ['/dabei.json', '', '{"hostName": "web", "$schema": "config.schema.json"}', { config: { hostName: 'web' } }],
    ['/dabei.json in gzip', '', gzipSync('{"hostName": "web"}'), { config: { hostName: 'web' } }],
    ['/dabei.json with a byte order mark', '', '\ufeff{"hostName": "web"}', { config: { hostName: 'web' } }],
    [
      'both: parameters win, objects are merged, keys add up, other lists are replaced',
      config({ hostName: 'b', rootAuthorizedKeys: [otherKey], disks: { wipe: true, devices: ['/dev/b'] } }),
      JSON.stringify({ hostName: 'a', rootAuthorizedKeys: [key], disks: { ...disks, swap: '1GiB', devices: ['/dev/a', 'only'] } }),
      {
        config: {
          hostName: 'b',
          rootAuthorizedKeys: [key, otherKey],
          disks: { wipe: true, swap: 2 ** 30, devices: ['/dev/b'] },
        },
        origins: { hostName: 'dabei.config', 'disks.swap': '/dabei.json', 'disks.devices[0]': 'dabei.config', 'disks.poolName': 'built-in' },
      },
    ],
    ['a single value wins over dabei.config', `dabei.hostname=b ${config({ hostName: 'a' })}`, undefined, { config: { hostName: 'b' } }],
    ['dabei.config wins over ip=', `${config({ hostName: 'a' })} ip=192.0.2.5:::24:b:eth0:off`, undefined, { config: { hostName: 'a', network: { interfaces: [{ name: 'eth0' }] } } }],
    ['an invalid value that is overridden', 'dabei.hostname=web', '{"hostName": 7}', { config: { hostName: 'web' } }],
    ['disks alone', `dabei.disks=single:only dabei.disk_key=${base64(passphrase)}`, undefined, { mode: 'install', config: { system: { nixpkgs: /^https:/, stateVersion: /^\d\d\.\d\d$/, flake: undefined } } }],
    ['a flake', `dabei.flake=git+https://host/r?dir=a/b&ref=x#y dabei.disks=single:only dabei.disk_key=${base64(passphrase)}`, undefined, { config: { system: { flake: 'git+https://host/r?dir=a/b&ref=x#y' } } }],
    ['the legacy flake', `flake_url=github:x/y/?dir=examples/simple#host disks=zfs-single:only disk_key=${base64(passphrase)}`, undefined, { mode: 'install', config: { system: { flake: 'github:x/y/?dir=examples/simple#host' } } }],
    ['by-path names', `dabei.disks=mirror:${byPath},/dev/vdb dabei.wipe dabei.disk_key=${base64(passphrase)}`, undefined, { config: { disks: { layout: 'mirror', devices: [byPath, '/dev/vdb'], wipe: true } } }],
    ['dabei.wipe=false', `dabei.wipe=false`, JSON.stringify({ disks: { ...disks, wipe: true } }), { config: { disks: { wipe: false } } }],
    ['the same twice', 'dabei.hostname=a dabei.hostname=a', undefined, { config: { hostName: 'a' } }],
    ['the last mode counts', 'dabei.mode=install dabei.mode=rescue', JSON.stringify({ disks }), { mode: 'rescue' }],
    ['mode plan needs no key', 'dabei.mode=plan dabei.disks=single:only', undefined, { mode: 'plan', config: { mode: 'plan' } }],
    ['keys of two parameters', `dabei.authorized_key=${base64(`${key}\n# mine\n\n${otherKey}\n`)} ssh_authorized_key=${base64(key)}`, undefined, { config: { rootAuthorizedKeys: [key, otherKey, key] } }],
    ['options before a key', '', JSON.stringify({ rootAuthorizedKeys: [`from="192.0.2.0/24",no-pty ${key}`, otherKey] }), { mode: 'rescue', problems: [] }],
    ['runtime_info', `runtime_info=${base64('{"diskToFormat":"/dev/vda","networkInterface":"ens3"}')} disk_key=${base64(passphrase)}`, undefined, { mode: 'install', config: { disks: { devices: ['/dev/vda'], wipe: false } }, notes: [/^runtime_info: .*2021/] }],
    ['a line break behind the key', `dabei.disks=single:only dabei.disk_key=${base64(`${passphrase}\n`)}`, undefined, { config: { disks: {} }, notes: [/line break/] }],
    ['a passphrase beyond ASCII', '', JSON.stringify({ disks: { ...disks, key: 'grüße' + '!' } }), { config: { disks: {} }, notes: [/some consoles cannot/] }],
    ['8 bytes', '', JSON.stringify({ disks: { ...disks, key: '12345678' } }), { problems: [] }],
    ['512 bytes', '', JSON.stringify({ disks: { ...disks, key: 'x'.repeat(512) } }), { problems: [] }],
    ['512 bytes in two-byte characters', '', JSON.stringify({ disks: { ...disks, key: 'ü'.repeat(256) } }), { problems: [] }],
    ['ip=dhcp overrides', 'ip=dhcp', '{"network": {"interfaces": [{"name": "eth0"}]}}', { config: { network: { interfaces: [] } } }],
    ['nameserver=', 'ip=192.0.2.5:::24::eth0:off:192.0.2.53 nameserver=192.0.2.54', undefined, { config: { network: { dns: { servers: ['192.0.2.53', '192.0.2.54'] } } } }],
    ['a full command line', 'x'.repeat(2047), undefined, { notes: [/2047 bytes/] }],
  ]; // prettier-ignore
  for (const [name, commandLine, file, expected] of rows) {
    const resolution = resolve(commandLine, file);
    t.same(resolution.problems.map(formatProblem), [], name);
    t.match(resolution, expected, name);
  }
  const { config: read } = resolve(`dabei.disks=single:only dabei.disk_key=${base64(`${passphrase}\r\n`)} dabei.ssh_host_key=${base64(hostKey)}`); // prettier-ignore
  t.equal(read?.disks?.key?.reveal().toString(), passphrase);
  t.equal(read?.ssh.hostKeys[0]?.reveal().toString(), `${hostKey}\n`, 'the last line ends');
});

type Row = [
  name: string,
  commandLine: string,
  file: string | Buffer | undefined,
  code: ErrorCode,
  source: string,
  path: string,
  position: [number, number] | null,
  message?: RegExp,
];

const parameterRows: Row[] = [
  ['bad base64', 'dabei.config=abc$', undefined, 'CONFIG_BASE64', 'dabei.config', '', null, /character 4/],
  ['JSON that is not encoded', 'dabei.config={"hostName":"web"}', undefined, 'CONFIG_BASE64', 'dabei.config', '', null, /character 1 /],
  ['a piece went missing', `dabei.config=${base64('{"hostName":"web"}').slice(0, -3)}`, undefined, 'CONFIG_BASE64', 'dabei.config', '', null, /cut off/],
  ['padding between pieces', 'dabei.config=e30= dabei.config=e30=', undefined, 'CONFIG_BASE64', 'dabei.config', '', null, /character 5 is after/],
  ['legacy name', 'runtime_info=%', undefined, 'CONFIG_BASE64', 'runtime_info', '', null],
  ['truncated gzip', `dabei.config=${gzipSync('{"hostName":"web"}').subarray(0, 20).toString('base64')}`, undefined, 'CONFIG_COMPRESSION', 'dabei.config', '', null, /ends too early/],
  ['a zip bomb', `dabei.config=${gzipSync(Buffer.alloc(3e6)).toString('base64')}`, undefined, 'CONFIG_TOO_LARGE', 'dabei.config', '', null],
  ['not UTF-8', 'dabei.config=e/99', undefined, 'CONFIG_JSON', 'dabei.config', '', null, /UTF-8/],
  ['bad JSON', `dabei.config=${base64('{"hostName":\n web}')}`, undefined, 'CONFIG_JSON', 'dabei.config', '', [2, 2]],
  ['an empty value', 'dabei.config=', undefined, 'CONFIG_PARAMETER', 'dabei.config', '', null, /no value/],
  ['no equals sign', 'dabei.config', undefined, 'CONFIG_PARAMETER', 'dabei.config', '', null, /no value/],
  ['one empty piece', 'dabei.config=e30= dabei.config=', undefined, 'CONFIG_PARAMETER', 'dabei.config', '', null, /no value/],
  ['old and new name', 'dabei.config=e3 runtime_info=0=', undefined, 'CONFIG_CONFLICT', 'runtime_info', '', null, /as dabei.config and as runtime_info/],
  ['unknown parameter', 'dabei.hostnam=web', undefined, 'CONFIG_PARAMETER', 'dabei.hostnam', '', null, /unknown parameter/],
  ['unknown parameter with a dash', 'dabei.disk-kye=x', undefined, 'CONFIG_PARAMETER', 'dabei.disk-kye', '', null],
  ['a forgotten equals sign', `dabei.disk_key${base64(passphrase)}`, undefined, 'CONFIG_PARAMETER', 'dabei.disk_key…', '', null, /equals sign/],
  ['two hosts', 'dabei.hostname=a dabei.hostname=b', undefined, 'CONFIG_CONFLICT', 'dabei.hostname', 'hostName', null],
  ['two keys', `dabei.disks=single:only dabei.disk_key=${base64(passphrase)} disk_key=${base64('another one')}`, undefined, 'CONFIG_CONFLICT', 'disk_key', 'disks.key', null],
  ['no layout', 'dabei.mode=rescue dabei.disks=/dev/vda', undefined, 'CONFIG_PARAMETER', 'dabei.disks', 'disks', null, /no layout/],
  ['by-path without layout', `dabei.disks=${byPath}`, undefined, 'CONFIG_PARAMETER', 'dabei.disks', 'disks', null, /no layout/],
  ['no devices', 'dabei.disks=mirror:', undefined, 'CONFIG_PARAMETER', 'dabei.disks', 'disks', null],
  ['unknown layout', `dabei.disks=miror:/dev/vda disk_key=${base64(passphrase)}`, undefined, 'CONFIG_SCHEMA', 'dabei.disks', 'disks.layout', null, /must be "single", "mirror"/],
  ['a device without /dev', `disks=zfs-mirror:/dev/vda,vdb disk_key=${base64(passphrase)}`, undefined, 'CONFIG_SCHEMA', 'disks', 'disks.devices[1]', null, /neither "only" nor/],
  ['a trailing comma', `disks=zfs-mirror:/dev/vda, disk_key=${base64(passphrase)}`, undefined, 'CONFIG_SCHEMA', 'disks', 'disks.devices[1]', null],
  ['disks without a key', 'dabei.disks=single:only', undefined, 'CONFIG_SCHEMA', 'dabei.disks', 'disks.key', null, /an installation needs it/],
  ['a key without disks', `dabei.disk_key=${base64(passphrase)}`, undefined, 'CONFIG_SCHEMA', 'dabei.disk_key', 'disks.devices', null, /is missing/],
  ['a short key', `dabei.disks=single:only dabei.disk_key=${base64('seven-7')}`, undefined, 'CONFIG_SCHEMA', 'dabei.disk_key', 'disks.key', null, /8 to 512/],
  ['a key of two lines', `dabei.disks=single:only disk_key=${base64('correct\nhorse')}`, undefined, 'CONFIG_SCHEMA', 'disk_key', 'disks.key', null, /line break/],
  ['a key that is no text', 'dabei.disk_key=//////////8=', undefined, 'CONFIG_PARAMETER', 'dabei.disk_key', 'disks.key', null, /UTF-8/],
  ['a key in the clear', 'dabei.disk_key=hunter2!', undefined, 'CONFIG_BASE64', 'dabei.disk_key', 'disks.key', null, /character 8/],
  ['a public host key', `dabei.ssh_host_key=${base64(key)}`, undefined, 'CONFIG_SCHEMA', 'dabei.ssh_host_key', 'ssh.hostKeys[0]', null, /not a valid private key/],
  ['a private authorized key', `dabei.authorized_key=${base64('-----BEGIN X-----')}`, undefined, 'CONFIG_SCHEMA', 'dabei.authorized_key', 'rootAuthorizedKeys[0]', null],
  ['an authorized key in the clear', `"dabei.authorized_key=${key}"`, undefined, 'CONFIG_BASE64', 'dabei.authorized_key', 'rootAuthorizedKeys', null, /character 12 is white space/],
  ['unknown mode', 'dabei.mode=resuce', undefined, 'CONFIG_SCHEMA', 'dabei.mode', 'mode', null],
  ['wipe', 'dabei.mode=rescue dabei.wipe=maybe', undefined, 'CONFIG_PARAMETER', 'dabei.wipe', 'disks.wipe', null],
  ['plan without disks', 'dabei.mode=plan', undefined, 'CONFIG_SCHEMA', 'dabei.mode', 'disks.devices', null],
  ['a host name', 'dabei.hostname=web_01', undefined, 'CONFIG_SCHEMA', 'dabei.hostname', 'hostName', null],
  ['ip=', 'ip=', undefined, 'CONFIG_PARAMETER', 'ip', 'network', null, /no value/],
  ['a word of ip=', 'ip=dchp', undefined, 'CONFIG_PARAMETER', 'ip', 'network', null, /dchp/],
  ['a host name of ip=', 'ip=192.0.2.5:::24:web_1:eth0:off', undefined, 'CONFIG_SCHEMA', 'ip', 'hostName', null],
  ['a device of ip=', 'ip=192.0.2.5:::24:web:ethernet-number-0:off', undefined, 'CONFIG_SCHEMA', 'ip', 'network.interfaces[0].name', null],
  ['nameserver', 'nameserver=dns.example', undefined, 'CONFIG_PARAMETER', 'nameserver', 'network', null],
]; // prettier-ignore

const inFile = (path: string, position: [number, number], file: unknown, message?: RegExp, code: ErrorCode = 'CONFIG_SCHEMA'): Row => // prettier-ignore
  [JSON.stringify(file).slice(0, 60), '', typeof file === 'string' ? file : JSON.stringify(file), code, '/dabei.json', path, position, ...(message ? [message] : []) as [RegExp]]; // prettier-ignore

const fileRows: Row[] = [
  ['an empty file', '', '', 'CONFIG_JSON', '/dabei.json', '', [1, 1], /empty/],
  ['an HTML page', '', '\n<html>404 Not Found</html>', 'CONFIG_JSON', '/dabei.json', '', [2, 1], /HTML/],
  ['UTF-16', '', Buffer.from('\ufeff{}', 'utf16le'), 'CONFIG_JSON', '/dabei.json', '', null, /UTF-16/],
  ['truncated gzip as a file', '', gzipSync('{}').subarray(0, 15), 'CONFIG_COMPRESSION', '/dabei.json', '', null],
  ['a file over the limit', '', Buffer.alloc(2 ** 20 + 1, 32), 'CONFIG_TOO_LARGE', '/dabei.json', '', null],
  inFile('', [1, 1], [], /expected object, got array/),
  inFile('', [1, 1], 'null', /expected object, got null/),
  inFile('', [1, 1], '"{}"', /expected object, got string/),
  inFile('', [3, 1], '{\n  "hostName": "web",\n}', /comma/, 'CONFIG_JSON'),
  inFile('hostName', [3, 2], '{\n "hostName": "a",\n "hostName": "b"}', /given twice, first in line 2/, 'CONFIG_JSON'),
  inFile('network.dns', [1, 26], '{"network": {"dns": {},  "dns": {}}}', /given twice/, 'CONFIG_JSON'),
  inFile('', [1, 37], `{"a":${'['.repeat(5000)}`, /levels/, 'CONFIG_JSON'),
  inFile('version', [1, 13], '{"version": 2, "somethingNew": true}', /version 2/, 'CONFIG_VERSION'),
  inFile('version', [1, 13], '{"version": "1"}', /must be 1/),
  inFile('hostname', [1, 2], { hostname: 'web' }, /unknown key/),
  inFile('__proto__', [1, 2], '{"__proto__": {"wipe": true}}', /unknown key/),
  inFile('disks.__proto__', [1, 33], '{"disks": {"devices": ["only"], "__proto__": {"wipe": true}, "key": "correct horse"}}', /unknown key/),
  inFile('constructor', [1, 2], '{"constructor": {"prototype": {"wipe": true}}}', /unknown key/),
  inFile('["a.b c"]', [1, 2], '{"a.b c": 1}', /unknown key/),
  inFile('wipe', [2, 2], '{\n "wipe": true}', /unknown key/),
  inFile('hostName', [1, 14], '{"hostName": 7}', /expected string, got number/),
  inFile('hostName', [1, 14], '{"hostName": null}', /expected string, got null/),
  inFile('hostName', [1, 14], '{"hostName": ""}', /host name/),
  inFile('hostName', [1, 14], '{"hostName": "-web"}', /host name/),
  inFile('hostName', [1, 14], JSON.stringify({ hostName: 'a.'.repeat(130) + 'a' }).replace(':', ': '), /longer than 253/),
  inFile('hostId', [1, 12], '{"hostId": 12345678}', /expected string, got number/),
  inFile('hostId', [1, 12], '{"hostId": "0AB1C2D3"}', /8 hexadecimal/),
  inFile('mode', [1, 10], '{"mode": "instal"}', /must be "install", "rescue" or "plan"/),
  inFile('rootAuthorizedKeys', [1, 24], `{"rootAuthorizedKeys": "${key}"}`, /expected array, got string/),
  inFile('rootAuthorizedKeys[1]', [3, 1], `{"rootAuthorizedKeys": ["${key}",\n\n"github:me"]}`, /not a valid line of authorized_keys/),
  inFile('rootAuthorizedKeys[0]', [1, 25], `{"rootAuthorizedKeys": ["${key}\\n${key}"]}`, /^has a line break, \\u000a, as character 91$/),
  inFile('network', [1, 13], '{"network": "dhcp"}', /expected object, got string/),
  inFile('network.interfaces[0]', [1, 29], '{"network": {"interfaces": [{"dhcp": true}]}}', /needs a mac/),
  inFile('network.interfaces[0]', [1, 29], '{"network": {"interfaces": [{"only": true, "name": "eth0"}]}}', /together/),
  inFile('network.interfaces[0].only', [1, 38], '{"network": {"interfaces": [{"only": false, "name": "eth0"}]}}', /must be true/),
  inFile('network.interfaces[0].mac', [1, 37], '{"network": {"interfaces": [{"mac": "52-54-00-12-34-56"}]}}', /not a valid MAC/),
  inFile('network.interfaces[0].name', [1, 38], '{"network": {"interfaces": [{"name": "eth/0"}]}}', /not a valid interface name/),
  inFile('network.interfaces[0].mtu', [1, 53], '{"network": {"interfaces": [{"name": "eth0", "mtu": 40}]}}', /at least 68/),
  inFile('network.interfaces[0].mtu', [1, 53], '{"network": {"interfaces": [{"name": "eth0", "mtu": 1500.5}]}}', /whole number/),
  inFile('network.interfaces[0].addresses[0]', [1, 60], '{"network": {"interfaces": [{"name": "eth0", "addresses": ["192.0.2.7"]}]}}', /prefix length/),
  inFile('network.interfaces[0].addresses[0]', [1, 60], '{"network": {"interfaces": [{"name": "eth0", "addresses": ["192.0.2.7/33"]}]}}', /prefix length/),
  inFile('network.interfaces[0].addresses[0]', [1, 60], '{"network": {"interfaces": [{"name": "eth0", "addresses": ["fe80::1%eth0/64"]}]}}', /prefix length/),
  inFile('network.interfaces[0].routes[0].destination', [1, 57], '{"network": {"interfaces": [{"name": "eth0", "routes": [{"gateway": "192.0.2.1"}]}]}}', /is missing/),
  inFile('network.interfaces[0].routes[0].destination', [1, 73], '{"network": {"interfaces": [{"name": "eth0", "routes": [{"destination": "defalt"}]}]}}', /prefix length/),
  inFile('network.dns.servers[0]', [1, 34], '{"network": {"dns": {"servers": ["one.one.one.one"]}}}', /not a valid IPv4 or IPv6/),
  inFile('disks', [1, 11], '{"disks": ["/dev/vda"]}', /expected object, got array/),
  inFile('disks.devices', [1, 11], '{"disks": {"key": "correct horse"}}', /is missing/),
  inFile('disks.devices', [1, 23], '{"disks": {"devices": [], "key": "correct horse"}}', /is empty/),
  inFile('disks.devices', [1, 23], '{"disks": {"devices": "/dev/vda", "key": "correct horse"}}', /expected array/),
  inFile('disks.devices[0]', [1, 24], '{"disks": {"devices": [7], "key": "correct horse"}}', /expected "only", string or object, got number/),
  inFile('disks.devices[0]', [1, 24], '{"disks": {"devices": [{}], "key": "correct horse"}}', /names no property/),
  inFile('disks.devices[0].serial', [1, 35], '{"disks": {"devices": [{"serial": 5}], "key": "correct horse"}}', /expected string/),
  inFile('disks.devices[0].seriel', [1, 25], '{"disks": {"devices": [{"seriel": "5"}], "key": "correct horse"}}', /unknown key/),
  inFile('disks.devices[0].size.min', [1, 41], '{"disks": {"devices": [{"size": {"min": "3GB"}}], "key": "correct horse"}}', /not a valid size/),
  inFile('disks.wipe', [1, 21], '{"disks": { "wipe": "true", "devices": ["only"], "key": "correct horse"}}', /expected boolean or "full", got string/),
  inFile('disks.swap', [1, 20], '{"disks": {"swap": "lots", "devices": ["only"], "key": "correct horse"}}', /not a valid size/),
  inFile('disks.swap', [1, 20], '{"disks": {"swap": -1, "devices": ["only"], "key": "correct horse"}}', /at least 0/),
  inFile('disks.poolName', [1, 24], '{"disks": {"poolName": "mirror", "devices": ["only"], "key": "correct horse"}}', /not a valid pool name/),
  inFile('disks.key', [1, 19], '{"disks": {"key": "seven-7", "devices": ["only"]}}', /8 to 512/),
  inFile('disks.key', [1, 19], `{"disks": {"key": "${'x'.repeat(513)}", "devices": ["only"]}}`, /8 to 512/),
  inFile('disks.key', [1, 19], `{"disks": {"key": "${'ü'.repeat(257)}", "devices": ["only"]}}`, /8 to 512/),
  inFile('disks.key', [1, 19], '{"disks": {"key": "correct\\nhorse", "devices": ["only"]}}', /line break, which cannot be typed/),
  inFile('disks.key', [1, 19], '{"disks": {"key": "correct horse", "keyFormat": "hex", "devices": ["only"]}}', /64 hexadecimal/),
  inFile('disks.key', [1, 19], '{"disks": {"key": "correct horse", "encryption": "none", "devices": ["only"]}}', /leave one of the two out/),
  inFile('disks.encryption', [1, 26], '{"disks": {"encryption": "off", "key": "correct horse", "devices": ["only"]}}', /aes-256-gcm/),
  inFile('disks.key', [1, 19], '{"disks": {"key": 12345678, "devices": ["only"]}}', /expected string, got number/),
  inFile('disks.key', [1, 11], '{"disks": {"devices": ["only"]}}', /an installation needs it/),
  inFile('system.flake', [1, 79], `{"disks": ${JSON.stringify(disks)}, "system": {"flake": ""}}`, /empty/),
  inFile('system.stateVersion', [1, 86], `{"disks": ${JSON.stringify(disks)}, "system": {"stateVersion": 26.05}}`, /expected string, got number/),
  inFile('ssh.port', [1, 18], '{"ssh": {"port": 65536}}', /at most 65535/),
  inFile('ssh.port', [1, 18], '{"ssh": {"port": "22"}}', /expected number, got string/),
  inFile('ssh.hostKeys[0]', [1, 23], '{"ssh": {"hostKeys": ["x"]}}', /not a valid private key/),
  inFile('ipv4.address', [2, 12], '{"networkInterface": "ens3", "ipv4": {\n"address": "192.0.2.700", "prefixLength": 24}}', /prefix length/),
  inFile('networkInterface', [1, 22], '{"networkInterface": 3}', /expected string, got number/),
  inFile('diskToFormat', [1, 18], '{"diskToFormat": "sda", "disks": {"key": "correct horse"}}', /under \/dev/),
]; // prettier-ignore

t.test('what is refused: code, source, path, line and column', async t => {
  for (const [name, commandLine, file, code, source, path, position, message] of [
    ...parameterRows,
    ...fileRows,
  ]) {
    const { config: read, problems } = resolve(commandLine, file);
    t.equal(read, null, name);
    const [line, column] = position ?? [null, null];
    t.match(problems, [{ code, source, path, line, column, message: message ?? /\S/ }], name);
    t.equal(problems.length, 1, `${name}: ${problems.map(formatProblem).join('; ')}`);
  }
  t.ok(parameterRows.length + fileRows.length > 80);
});

t.test('all problems are told, in the order of the text', async t => {
  const { problems } = resolve(
    'dabei.hostnam=web ip=dchp dabei.disk_key=x',
    `{
  "hostname": "web",
  "disks": {
    "wipe": "true",
    "layot": "single"
  }
}`,
  );
  t.same(problems.map(formatProblem), [
    '/dabei.json:2:3 hostname: unknown key',
    '/dabei.json:4:13 disks.wipe: expected boolean or "full", got string',
    '/dabei.json:5:5 disks.layot: unknown key',
    'ip network: the client "dchp" is neither an address nor one of dhcp, on, any, off, none',
    'dabei.disk_key disks.key: it has 1 characters, a length that base64 does not produce: it was cut off',
    'dabei.hostnam: unknown parameter',
  ]);
  t.same(resolve('dabei.mode=install').problems.map(formatProblem), [
    'dabei.mode disks.devices: is missing, and an installation needs it',
    'dabei.mode disks.key: is missing, and an installation needs it',
  ]);
  t.match(
    problems.map(({ remedy }) => remedy),
    [
      /did you mean "hostName"/,
      /without quotes/,
      /did you mean "layout"/,
      /brackets/,
      /base64 -w0/,
      /dabei\.hostname/,
    ],
  );
});

t.test('remedies', async t => {
  const rows: [commandLine: string, file: string | undefined, remedy: RegExp][] = [
    ['', '{"wipe": true}', /belongs to disks/],
    ['', '{"zzz": true}', /known here: .*hostName/],
    ['', '{"mode": "instal"}', /did you mean "install"/],
    ['dabei.mode=install', undefined, /dabei\.disks=single:/],
    ['dabei.disks=single:only', undefined, /dabei\.disk_key in base64/],
    ['dabei.config_url=http://x', undefined, /did you mean dabei\.config\?/],
    ['dabei.zzzzzzz=1', undefined, /known: dabei\.config, /],
  ];
  for (const [commandLine, file, remedy] of rows) {
    t.match(resolve(commandLine, file).problems[0]?.remedy, remedy, `${commandLine}${file ?? ''}`);
  }
});

t.test('secrets are never told', async t => {
  const secret = 'hunter2-hunter2';
  const rows: [commandLine: string, file?: string][] = [
    ['', `{"disks": {"key": ${secret}}}`],
    ['', `{"disks": {"key": "${secret}}}`],
    ['', `{"disks": {"key": "${secret}" "wipe": 3}}`],
    ['', `{"disks": {"key": {"${secret}": 1, "${secret}": 2}}}`],
    ['', `{"ssh": {"hostKeys": [{"${secret}": "${secret}"}, "${secret}", ["${secret}"]]}}`],
    ['', `{"disks": {"key": ["${secret}"], "devices": ["only"], "wipe": 0}}`],
    [`dabei.disk_key=${secret}! dabei.disk_key=${secret}`],
    [`dabei.disk_key${secret}`],
    [`dabei.disk_key=${base64(secret + '\n' + secret)} dabei.disks=x`],
    [`dabei.ssh_host_key=${base64(secret)}`],
  ];
  for (const [commandLine, file] of rows) {
    const resolution = resolve(commandLine, file);
    t.ok(resolution.problems.length > 0, commandLine);
    const told = JSON.stringify({ ...resolution, lines: resolution.problems.map(formatProblem) });
    t.notMatch(told, /hunter2|aHVudGVyMi/, `${commandLine}${file ?? ''}`);
  }
  const good = resolve('', JSON.stringify({ disks: { devices: ['only'], key: secret } }));
  t.ok(good.config);
  t.notMatch(JSON.stringify(good), /hunter2/);
});

t.test('what is valid by itself is reachability', async t => {
  const network = { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }] };
  const rows: [name: string, commandLine: string, file: string, reachability: object][] = [
    [
      'a problem elsewhere',
      'dabei.disk_key=!',
      JSON.stringify({ network, hostName: 'web', rootAuthorizedKeys: [key], ssh: { port: 2222, hostKeys: [hostKey] } }),
      { network, hostName: 'web', rootAuthorizedKeys: [key], ssh: { port: 2222, hostKeys: { length: 1 } } },
    ],
    [
      'a comma too much',
      '',
      `{"network": ${JSON.stringify(network)}, "rootAuthorizedKeys": ["${key}"], "disks": {"wipe": true,}}`,
      { network, rootAuthorizedKeys: [key], hostName: 'nixos' },
    ],
    [
      'wrong items and keys are left out',
      '',
      JSON.stringify({
        hostName: 7,
        rootAuthorizedKeys: ['nonsense', key, 5],
        ssh: { port: 0, hostKeys: ['x', hostKey], wrong: 1 },
        network: {
          interfaces: [
            { addresses: ['192.0.2.8/24'] },
            { name: 'eth0', mtu: 'x', addresses: ['192.0.2.7/24', '192.0.2.7/240'], dhpc: true },
          ],
          dns: 'x',
        },
      }),
      {
        hostName: 'nixos',
        rootAuthorizedKeys: [key],
        ssh: { port: 22, hostKeys: { length: 1 } },
        network: { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }], dns: { servers: [] } },
      },
    ],
    [
      'a route only as a whole',
      '',
      JSON.stringify({ network: { interfaces: [{ name: 'eth0', routes: [{ destination: 'default', gateway: 'x' }, { destination: 'default', gateway: '192.0.2.1' }] }] } }),
      { network: { interfaces: [{ routes: [{ gateway: '192.0.2.1' }] }] } },
    ],
    ['of the wrong type', '', '{"network": [], "ssh": null, "rootAuthorizedKeys": {}, "hostName": []}', { hostName: 'nixos', ssh: { port: 22 } }],
    ['__proto__', '', '{"network": {"__proto__": {"interfaces": [{"only": true}]}}}', { network: { interfaces: { length: 0 } } }],
    ['another version', '', JSON.stringify({ version: 9, new: 1, network }), { network }],
    ['ip= beside a broken file', 'ip=192.0.2.7:::24::eth0:off', '{', { network }],
    ['nothing', '', '', { hostName: 'nixos', rootAuthorizedKeys: { length: 0 } }],
  ]; // prettier-ignore
  for (const [name, commandLine, file, reachability] of rows) {
    const resolution = resolve(commandLine, file);
    t.equal(resolution.config, null, name);
    t.match(resolution.reachability, reachability, name);
  }
  t.equal(
    resolve('', '{"network": {"__proto__": {"interfaces": []}}}').reachability.network.interfaces.length,
    0,
  );
});

t.test('the mode, when all is not well', async t => {
  const rows: [commandLine: string, mode: string][] = [
    ['dabei.mode=instal dabei.disks=single:only', 'rescue'],
    ['dabei.disks=single:only', 'install'],
    ['dabei.flake=x', 'install'],
    ['dabei.config=!', 'rescue'],
    ['dabei.mode=rescue dabei.disks=x', 'rescue'],
  ];
  for (const [commandLine, mode] of rows) t.equal(resolve(commandLine).mode, mode, commandLine);
});
