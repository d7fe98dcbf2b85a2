import { readFileSync } from 'node:fs';
import t from 'tap';
import { capturedNetwork } from '../../../agent/capture/beside.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import type { CapturedFiles } from '../../../agent/capture/types.ts';

const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/network-worlds.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, unknown>>;

function filesOf(name: string): CapturedFiles {
  return Object.fromEntries(
    Object.entries(fixtures[name]!).map(([file, content]) => [
      file,
      typeof content === 'string' ? content : JSON.stringify(content),
    ]),
  );
}

/** With the network of the old system, a file and kernel parameters. */
function resolve(world: string, file?: unknown, commandLine = '') {
  const files = file === undefined ? [] : [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(file)) }];
  return resolveConfiguration({ commandLine, files, captured: capturedNetwork(filesOf(world)) });
}

t.test('the old system is the first source', async t => {
  const { config, origins, problems } = resolve('static IPv4');
  t.same(problems, []);
  t.match(config?.network, {
    interfaces: [{ name: 'eth1', mac: '52:54:00:da:be:02', addresses: ['192.0.2.7/24'] }],
    dns: { servers: ['192.0.2.53', '2001:db8::53'], search: ['example.org'] },
  });
  t.equal(origins['network.interfaces[0].mac'], 'the old system');
});

t.test('interfaces that are configured take the place of all that the old system had', async t => {
  const own = { network: { interfaces: [{ name: 'eth0', dhcp: true }] } };
  const routes = resolve('routes that lead nowhere', own).config?.network;
  t.match(routes, { interfaces: [{ name: 'eth0' }], routes: [], rules: [] });
  t.equal(routes?.interfaces.length, 1);
  const byParameter = resolve('rules of every kind', undefined, 'ip=dhcp').config?.network;
  t.match(byParameter, { interfaces: [], rules: [] }, 'DHCP on all');
  t.same(resolve('static IPv4', own).config?.network.dns.servers, ['192.0.2.53', '2001:db8::53']);
});

t.test('name servers that are configured take the place of those of the old system', async t => {
  const { config } = resolve('static IPv4', { network: { dns: { servers: ['203.0.113.53'] } } });
  t.same(config?.network.dns, { servers: ['203.0.113.53'], search: ['example.org'] });
  t.equal(config?.network.interfaces.length, 1);
});

t.test('what is configured wrongly leaves the machine where it was', async t => {
  const { config, reachability } = resolve('static IPv4', { network: { interfaces: [{ dhcp: 'yes' }] } });
  t.equal(config, null);
  t.match(reachability.network.interfaces, [{ name: 'eth1', addresses: ['192.0.2.7/24'] }]);
});

t.test('what is left out is told', async t => {
  const { notes } = resolve('Docker');
  t.match(notes, [
    /^the old system: veth0a1b2c3 is left out: it belongs to a container/,
    /^the old system: docker0 is left out: it has no hardware member/,
  ]);
  t.same(capturedNetwork({}), { value: {}, notes: [] });
});
