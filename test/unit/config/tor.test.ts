import t from 'tap';
import { givenText } from '../../../agent/config/given.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { consolePolicy } from '../../../agent/console/policy.ts';
import { redact, secretsIn } from '../../../agent/plan/report/redaction.ts';
import { configurationHash } from '../../../agent/plan/disks/install-state.ts';
import { baseOf } from '../../../agent/setup/base.ts';
import { onionKey } from '../../fixtures/onion-key.ts';

const key = onionKey.toString('base64');
const client = `descriptor:x25519:${'A'.repeat(52)}`;

function read(tor: unknown, rest: object = {}) {
  const bytes = Buffer.from(JSON.stringify({ mode: 'rescue', tor, ...rest }));
  return resolveConfiguration({ commandLine: '', files: [{ path: '/dabei.json', bytes }] });
}

t.test('what is asked for', async t => {
  t.same(read({}).config?.tor, { enable: true });
  t.equal(read({ enable: false }).config?.tor?.enable, false);
  const { config } = read({ key, authorizedClients: [client], timeFrom: 'http://192.0.2.1:8080' });
  t.ok(config?.tor?.key?.reveal().equals(onionKey));
  t.same(config?.tor?.authorizedClients, [client]);
  // As base64(1) prints it.
  const lines = `${key.slice(0, 76)}\n${key.slice(76)}\n`;
  t.ok(read({ key: lines }).config?.tor?.key?.reveal().equals(onionKey), 'in lines');
  t.equal(read(undefined).config?.tor, undefined);
});

t.test('a problem says what is wrong, where, and nothing of the key', async t => {
  const rows: [name: string, tor: unknown, path: string, message: RegExp][] = [
    ['not base64', { key: 'not base64!' }, 'tor.key', /is not base64/],
    ['empty', { key: '' }, 'tor.key', /is not base64/],
    ['base64url', { key: Buffer.alloc(96, 255).toString('base64url') }, 'tor.key', /is not base64/],
    ['cut off', { key: onionKey.subarray(0, 90).toString('base64') }, 'tor.key', /is not as long/],
    ['without its header', { key: onionKey.subarray(32).toString('base64') }, 'tor.key', /does not begin/],
    ['too long', { key: 'A'.repeat(2000) }, 'tor.key', /./],
    ['a key as an object', { key: { [key]: 1 } }, 'tor.key', /./],
    ['another client', { authorizedClients: ['x25519:AAAA'] }, 'tor.authorizedClients[0]', /authorized_clients/],
    ['no client', { authorizedClients: [] }, 'tor.authorizedClients', /./],
    ['a time from nowhere', { timeFrom: 'ntp.example.org' }, 'tor.timeFrom', /is neither/],
    ['a misspelt name', { Key: key }, 'tor.Key', /./],
  ]; // prettier-ignore
  for (const [name, tor, path, message] of rows) {
    const { config, problems, reachability } = read(tor);
    t.equal(config, null, name);
    t.equal(problems[0]?.path, path, name);
    t.match(problems[0]?.message, message, name);
    t.notOk(JSON.stringify(problems).includes(key.slice(50, 60)), `${name}: nothing of the key`);
    t.equal(reachability.tor?.key, undefined, `${name}: an address that is drawn`);
  }
  t.ok(read({ key, enable: 'no' }).reachability.tor?.key, 'what is valid keeps the machine reachable');
});

t.test('the key is a secret', async t => {
  const whole = { hostName: 'web', disks: { devices: ['/dev/vda'], key: 'correct horse battery' } };
  const { config, consoleQuestion, reachability } = read({ key, authorizedClients: [client] }, whole);
  for (const text of [JSON.stringify(config), JSON.stringify(reachability), config!.given!, JSON.stringify(baseOf({ config }))])
    t.notMatch(text, new RegExp(key.slice(50, 60).replaceAll('+', '\\+')));
  t.notMatch(baseOf({ config }), { tor: {} }, 'dabei setup writes nothing of it');
  t.equal(givenText({ tor: { key } }), '{}', 'it determines nothing of what is installed');
  const without = read(undefined, whole);
  t.equal(configurationHash(config!), configurationHash(without.config!));
  t.equal(redact(`tor: ${key}`, secretsIn([config, reachability])), 'tor: [redacted]');
  t.equal(consolePolicy(consoleQuestion).shell, 'off');
  t.equal(consolePolicy(read({ key }).consoleQuestion).shell, 'off', 'alone, too');
  t.equal(consolePolicy(read({}).consoleQuestion).shell, 'root');
}); // prettier-ignore

t.test('a key that others may have read is none', async t => {
  const fetched = {
    source: 'http://192.0.2.1/host.json',
    bytes: Buffer.from(JSON.stringify({ tor: { key } })),
    inClear: true,
    signer: null,
    identity: null,
    time: { seconds: null, because: '' },
  };
  const order = 'dabei.config_url=http://192.0.2.1/host.json dabei.config_sha256=' + '0'.repeat(64);
  const { problems } = resolveConfiguration({ commandLine: order, files: [], fetched: fetched as never });
  t.equal(problems.find(({ path }) => path === 'tor.key')?.code, 'CONFIG_SECRET_IN_CLEAR');
});

t.test('an image without Tor refuses, and names the one that has it', async t => {
  const ask = (tor: unknown, having?: readonly 'tor'[]) => {
    const bytes = Buffer.from(
      JSON.stringify({ mode: 'rescue', ...(tor === undefined ? {} : { tor }) }, null, 1),
    );
    const files = [{ path: '/dabei.json', bytes }];
    return resolveConfiguration({ commandLine: '', files, ...(having ? { variants: having } : {}) });
  };
  for (const tor of [{}, { enable: true }, { key }]) {
    const { config, problems, reachability } = ask(tor, []);
    t.equal(config, null);
    t.match(problems, [{ code: 'VARIANT_MISSING', source: '/dabei.json', path: 'tor', line: 3 }]);
    t.match(problems[0]?.message, 'in the variant "tor" alone');
    t.match(problems[0]?.remedy, 'nix-dabei-tor.iso');
    t.ok(reachability);
    t.ok(ask(tor, ['tor']).config);
    t.ok(ask(tor).config, 'nobody knows which image will read it');
  }
  t.ok(ask({ enable: false }, []).config);
  t.ok(ask(undefined, []).config);
  t.equal(ask({ enable: 'x' }, []).problems.length, 2, 'all problems at once');
});
