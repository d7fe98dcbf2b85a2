import { gzipSync } from 'node:zlib';
import t from 'tap';
import { formatProblem } from '../../../../agent/config/report.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { base64, byPath, config, disks, key, passphrase, resolve } from './given.ts';

const otherKey = publicKeyOf('other');
const hostKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----';

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
    ['a rescue entry beats every source', `dabei.rescue dabei.mode=install ${config({ mode: 'install', disks })}`, JSON.stringify({ mode: 'install', disks }), { mode: 'rescue', problems: [], fetch: null }],
    ['and fetches nothing', 'dabei.rescue=0 dabei.config_url=https://example.org/a.json', undefined, { mode: 'rescue', problems: [], fetch: null }],
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
