import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { boot, install } from '../../../../agent/commands/boot.ts';
import { plan } from '../../../../agent/commands/commands.ts';
import { readStatus, type Status } from '../../../../agent/host/status.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { bytes, json, serveConfigs, status, type Answer } from '../../../support/config-server.ts';
import { doorsTo, type TestDoors, type World } from '../../../support/doors.ts';
import { onlineAddress, onlineFiles, onlinePrograms } from '../../../support/online/machine.ts';

/** `dabei boot` of a machine that fetches its configuration from a real server; signatures are by the real ssh-keygen. */

t.setTimeout(900_000);

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
const keys = t.testdir({});
const keygen = (...args: string[]) => execFileSync('ssh-keygen', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const makeKey = (name: string) => {
  keygen('-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(keys, name));
  return readFileSync(join(keys, `${name}.pub`), 'utf8').trim();
};
const base64 = (text: string) => Buffer.from(text).toString('base64');
const signerLine = `fleet namespaces="nix-dabei-config" ${makeKey('mine')}`;
makeKey('other');
const signer = `dabei.config_signer=${base64(signerLine)}`;

function signatureOf(text: string, key = 'mine', namespace = 'nix-dabei-config'): Answer {
  const file = join(keys, 'signed');
  writeFileSync(file, text);
  execFileSync('rm', ['-f', `${file}.sig`]);
  keygen('-q', '-Y', 'sign', '-n', namespace, '-f', join(keys, key), file);
  return bytes(readFileSync(`${file}.sig`));
}

const machine = {
  ...onlineFiles,
  '/sys/class/dmi/id/product_uuid': '4C4C4544-0033-3910-8050-B1C04F4E3732\n',
  '/sys/class/rtc/rtc0/since_epoch': `${now}\n`,
};
const programs = onlinePrograms();
const ip = onlineAddress;
const doorsFor = (t: Test, parameters: readonly string[], world: World = {}): TestDoors =>
  doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    ...{ waiting: 10, epoch: now, programs },
    ...world,
    files: { ...machine, '/run/dabei/boot/cmdline': [ip, ...parameters].join(' '), ...world.files },
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0', ...world.network },
  });
const consoleOf = (doors: TestDoors) => JSON.stringify(doors.told);

const mine = {
  rootAuthorizedKeys: [publicKeyOf('me')],
  for: { serial: 'S1' },
  notAfter: '2026-12-01T00:00:00Z',
};
const installs = { ...mine, disks: { devices: ['/dev/vda'], encryption: 'none' } };
const hash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

interface Row {
  name: string;
  /** Path -> answers. */
  answers: Record<string, readonly Answer[]>;
  /** The address after the host, and further parameters; "OWN" is the server. */
  parameters: (origin: string) => string[];
  world?: World;
  exitCode: number;
  status: Partial<Status>;
  /** What the log has. */
  told?: RegExp;
  asked?: string[];
  /** Whether its authorized keys are used; by default, if it is not refused. */
  letsIn?: boolean;
}

const signed = (value: unknown, key?: string, namespace?: string) => {
  const text = JSON.stringify(value);
  return { '/h.json': [bytes(text)], '/h.json.sig': [signatureOf(text, key, namespace)] };
};
const at =
  (path: string, ...more: string[]) =>
  (origin: string) => [`dabei.config_url=${origin}${path}`, ...more];

const rows: Row[] = [
  { name: 'signed: planned up to the disk that is not there', answers: signed(installs), parameters: at('/h.json', signer), exitCode: 1, status: { state: 'failed', stage: 'plan', code: 'DISK_NOT_FOUND' }, told: /configuration: http:\/\/127[^"]*h\.json, signed by fleet/ },
  { name: 'signed, for a rescue system', answers: signed(mine), parameters: at('/h.json', signer), exitCode: 0, status: { state: 'rescue' } },
  { name: 'signed, signers in the initramfs', answers: signed(mine), parameters: at('/h.json'), world: { files: { '/run/dabei/boot/dabei/allowed_signers': `# us\n${signerLine}\n` } }, exitCode: 0, status: { state: 'rescue' } },
  { name: 'by its hash', answers: { '/h.json': [json(mine)] }, parameters: at('/h.json', `dabei.config_sha256=${hash(mine)}`), exitCode: 0, status: { state: 'rescue' } },
  { name: 'another hash', answers: { '/h.json': [json(installs)] }, parameters: at('/h.json', `dabei.config_sha256=${hash(mine)}`), exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_HASH' } },
  { name: 'not signed', answers: { '/h.json': [json(installs)] }, parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_SIGNATURE' }, told: /there is no signature at [^"]*h\.json\.sig/ },
  { name: 'signed by somebody else', answers: signed(installs, 'other'), parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_SIGNATURE' } },
  { name: 'a signature for releases', answers: signed(installs, 'mine', 'nix-dabei'), parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_SIGNATURE' } },
  { name: 'signed for another machine', answers: signed({ ...installs, for: { serial: 'S2' } }), parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config', code: 'CONFIG_OTHER_MACHINE' } },
  { name: 'signed long ago', answers: signed({ ...installs, notAfter: '2026-11-01T00:00:00Z' }), parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config', code: 'CONFIG_EXPIRED' } },
  { name: 'a clock in 2011', answers: signed(installs), parameters: at('/h.json', signer), world: { files: { '/sys/class/rtc/rtc0/since_epoch': '1293840000\n' } }, exitCode: 1, status: { stage: 'config', code: 'CONFIG_EXPIRED' }, told: /2011-01-01T00:00:00Z/ },
  { name: 'a clock in 2011, and the time', answers: signed(installs), parameters: at('/h.json', signer, 'dabei.time=2026-11-29T11:59:00Z'), world: { files: { '/sys/class/rtc/rtc0/since_epoch': '1293840000\n' } }, exitCode: 1, status: { stage: 'plan', code: 'DISK_NOT_FOUND' } },
  { name: 'signed, but for nobody', answers: signed({ ...installs, for: undefined }), parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config', code: 'CONFIG_SCHEMA' }, letsIn: true },
  { name: 'a passphrase in clear', answers: signed({ ...installs, disks: { devices: ['only'], key: 'correct horse' } }), parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config', code: 'CONFIG_SECRET_IN_CLEAR' }, told: /disks\.key: came over plain HTTP/ },
  { name: 'nothing for this machine', answers: {}, parameters: at('/{mac}.json', signer, 'dabei.disks=single:/dev/vda'), exitCode: 0, status: { state: 'rescue' }, told: /becomes a rescue system/, asked: ['/52-54-00-12-34-56.json'] },
  { name: 'the card that it started from', answers: {}, parameters: at('/{mac}', signer, 'BOOTIF=01-52-54-00-ab-cd-ef'), exitCode: 0, status: { state: 'rescue' }, asked: ['/52-54-00-ab-cd-ef'] },
  { name: 'by serial number and UUID', answers: {}, parameters: at('/{serial}?u={uuid}', signer), exitCode: 0, status: { state: 'rescue' }, asked: ['/s1?u=4c4c4544-0033-3910-8050-b1c04f4e3732'] },
  { name: 'by a serial number that nobody entered', answers: {}, parameters: at('/{serial}', signer), world: { files: { '/sys/class/dmi/id/product_serial': 'To Be Filled By O.E.M.\n' } }, exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_URL_IDENTITY' }, asked: [] },
  { name: 'by a host name that nobody gave', answers: {}, parameters: at('/{hostname}', signer), exitCode: 1, status: { code: 'CONFIG_URL_IDENTITY' }, asked: [] },
  { name: 'by host name', answers: {}, parameters: at('/{hostname}', signer, 'dabei.hostname=Web-01'), exitCode: 0, status: { state: 'rescue' }, asked: ['/web-01'] },
  { name: 'plain HTTP', answers: { '/h.json': [json(installs)] }, parameters: at('/h.json'), exitCode: 1, status: { stage: 'config', code: 'CONFIG_URL_UNVERIFIED' }, asked: [] },
  { name: 'a server in trouble', answers: { '/h.json': [status(503)] }, parameters: at('/h.json', signer, 'dabei.config_deadline=30'), exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_FETCH' }, told: /of 30 s\)/ },
  { name: 'HTML', answers: { '/h.json': [bytes('<html>', 'text/html')] }, parameters: at('/h.json', signer), exitCode: 1, status: { stage: 'config-url', code: 'CONFIG_JSON' } },
  { name: 'a rescue entry', answers: signed(installs), parameters: at('/h.json', signer, 'dabei.mode=rescue'), exitCode: 0, status: { state: 'rescue' }, asked: [] },
  { name: 'only to plan', answers: signed(installs), parameters: at('/h.json', signer, 'dabei.mode=plan'), exitCode: 1, status: { stage: 'plan', code: 'DISK_NOT_FOUND' }, asked: ['/h.json', '/h.json.sig'] },
  { name: 'secrets were dropped', answers: signed(installs), parameters: at('/h.json', signer), world: { files: { '/run/dabei/console/without-secrets': '' } }, exitCode: 1, status: { code: 'CONSOLE_WITHOUT_SECRETS' }, asked: [] },
]; // prettier-ignore

for (const row of rows) {
  t.test(row.name, async t => {
    const { origin, asked } = await serveConfigs(t, row.answers);
    const doors = doorsFor(t, row.parameters(origin), row.world);
    t.equal(await boot(doors), row.exitCode);
    t.match(readStatus(doors), row.status);
    if (row.told) t.match(consoleOf(doors), row.told);
    if (row.asked) t.same(asked, row.asked);
    t.notMatch(doors.ran.join('\n'), /sgdisk|wipefs|zpool create|reboot/, 'no disk is written');
    t.equal(doors.read('/run/dabei/ssh-ready'), '', 'people can log in');
    t.match(consoleOf(doors), 'ssh root@192.0.2.7', 'the way in is told');
    t.notMatch(consoleOf(doors), 'correct horse', 'no secret is told');
    const isUsed = row.answers['/h.json'] !== undefined && asked.length > 0;
    const isMine = row.letsIn ?? (isUsed && /^(plan|rescue)/.test(readStatus(doors)!.stage));
    const logins = doors.read('/root/.ssh/authorized_keys') ?? '';
    t.equal(logins.includes(publicKeyOf('me')), isMine, 'only the own configuration lets people in');
  });
}

t.test('the console waits for what may bring secrets', async t => {
  const shells: (string | null)[] = [];
  const { origin } = await serveConfigs(t, { '/h.json': [json(mine)] });
  const doors: TestDoors = doorsFor(t, [
    `dabei.config_url=${origin}/h.json`,
    `dabei.config_sha256=${hash(mine)}`,
  ]);
  const log: TestDoors['log'] = entry => {
    if (entry.event === 'stage' && entry.state === 'started') shells.push(doors.read('/run/dabei/console/shell'));
    doors.told.push(entry);
  };
  t.equal(await boot({ ...doors, log }), 0);
  t.same(shells, [...Array<string>(4).fill('off\n'), ...Array<string>(4).fill('root\n')]);
}); // prettier-ignore

t.test('another network', async t => {
  const network = {
    interfaces: [
      {
        name: 'eth0',
        addresses: ['198.51.100.7/24'],
        routes: [{ destination: 'default', gateway: '198.51.100.1' }],
      },
    ],
  };
  const value = { ...mine, network };
  const { origin } = await serveConfigs(t, { '/h.json': [json(value)] });
  const parameters = [`dabei.config_url=${origin}/h.json`, `dabei.config_sha256=${hash(value)}`];
  const doors = doorsFor(t, parameters);
  t.equal(await boot(doors), 0);
  const batches = doors.read('/batches') ?? '';
  t.match(batches, /192\.0\.2\.7\/24[^]*address flush dev eth0 scope global[^]*198\.51\.100\.7\/24/);

  const silent = `case "$*" in *neigh*198.51*) echo '[]';; *) ${programs.ip.replace('case', '\ncase')}\n;; esac`;
  const broken = doorsFor(t, parameters, { waiting: 200, programs: { ...programs, ip: silent } });
  t.equal(await boot(broken), 1);
  t.match(
    broken.read('/batches'),
    /198\.51\.100\.7\/24[^]*address flush dev eth0[^]*192\.0\.2\.7\/24/,
    'it returns',
  );
  t.match(readStatus(broken), { stage: 'network', code: 'NETWORK_UNREACHABLE' });
  t.match(consoleOf(broken), 'ssh root@192.0.2.7');
});

t.test('nothing arrived: the network stays as it is', async t => {
  const { origin } = await serveConfigs(t, {});
  const same = doorsFor(t, [`dabei.config_url=${origin}/same.json`, `dabei.config_sha256=${'0'.repeat(64)}`]);
  t.equal(await boot(same), 0);
  t.notMatch(same.read('/batches'), 'flush');
});

t.test('by hand', async t => {
  const { origin } = await serveConfigs(t, { '/h.json': [json(installs)] });
  const ok = [`dabei.config_url=${origin}/h.json`, `dabei.config_sha256=${hash(installs)}`];
  await t.rejects(plan(doorsFor(t, ok), undefined), { code: 'DISK_NOT_FOUND' });
  t.equal(await install(doorsFor(t, ok), undefined), 1);
  const gone = [`dabei.config_url=${origin}/gone.json`, `dabei.config_sha256=${hash(installs)}`];
  await t.rejects(plan(doorsFor(t, gone), undefined), { code: 'CONFIG_NOT_FOUND', remedy: /--config/ });
});

t.test('https, by an authority of its own and by a clock that is wrong', async t => {
  const file = (name: string) => join(keys, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  // ca(1) takes dates, and keeps a list of what it signed.
  writeFileSync(file('ca.conf'), `[ca]\ndefault_ca = here\n[here]\ndatabase = ${file('index')}\nnew_certs_dir = ${keys}\nserial = ${file('serial')}\ndefault_md = sha256\npolicy = any\nunique_subject = no\nx509_extensions = server\n[any]\ncommonName = supplied\n[server]\nsubjectAltName = IP:127.0.0.1\nbasicConstraints = CA:true\n[req]\ndistinguished_name = name\n[name]\n`);
  writeFileSync(file('index'), '');
  writeFileSync(file('serial'), '01\n');
  const makeCertificate = (name: string, from: string, to: string) => {
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=test', '-config', file('ca.conf'), '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    openssl('ca', '-selfsign', '-batch', '-notext', '-config', file('ca.conf'), '-keyfile', file(`${name}.key`), '-in', file(`${name}.csr`), '-startdate', from, '-enddate', to, '-out', file(`${name}.pem`));
  };
  makeCertificate('today', '20200101000000Z', '20991231000000Z');
  makeCertificate('yesterday', '20100101000000Z', '20110101000000Z');
  const serve = async (name: string) => {
    const { handle } = await serveConfigs(t, { '/h.json': [json({ ...installs, disks: { devices: ['/dev/vda'], key: 'correct horse' } })], '/s.json': signed(installs)['/h.json'], '/s.json.sig': signed(installs)['/h.json.sig'] });
    const server = createServer({ key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(`${name}.pem`)) }, handle);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    return { url: `dabei.config_url=https://127.0.0.1:${port}/h.json`, ca: `dabei.config_ca=${base64(readFileSync(file(`${name}.pem`), 'utf8'))}` };
  };
  const today = await serve('today');
  const trusted = doorsFor(t, [today.url, today.ca]);
  await boot(trusted);
  t.match(readStatus(trusted), { stage: 'plan', code: 'DISK_NOT_FOUND' }, 'with a secret, which nobody else has read');
  const unknown = doorsFor(t, [today.url]);
  await boot(unknown);
  t.match(readStatus(unknown), { stage: 'config-url', code: 'CONFIG_FETCH', reasons: [{ remedy: /dabei\.config_ca/ }] });
  // The clock is behind: the server's Date header moves it forward, and then notAfter is unknown.
  interface Lie {
    /** What the server says that the time is, in seconds since 1970; by default, its own. */
    says?: number;
    /** Before this time, its certificate is not valid. */
    validFrom?: number;
  }
  const behind = async (rtc: number, server: typeof today, more: string[] = [], { says, validFrom = Date.parse('2020-01-01') / 1000 }: Lie = {}) => {
    let epoch = rtc;
    const plain = doorsFor(t, [server.url, server.ca, ...more], { files: { '/sys/class/rtc/rtc0/since_epoch': `${rtc}\n` } });
    const attempt: typeof plain.exec.attempt = command => {
      const [, to] = /date -u -s @(\d+)$/.exec(command.argv.join(' ')) ?? [];
      if (to !== undefined) epoch = Number(to);
      return plain.exec.attempt(command);
    };
    const network: typeof plain.network = {
      ...plain.network,
      ...(says === undefined ? {} : { dateOf: () => Promise.resolve(says) }),
      exchange: request => (epoch < validFrom ? Promise.resolve({ failure: 'certificate is not yet valid', code: 'CERT_NOT_YET_VALID' }) : plain.network.exchange(request)),
    };
    await boot({ ...plain, network, exec: { ...plain.exec, attempt }, clock: { ...plain.clock, epochSeconds: () => epoch } });
    return plain;
  };
  const sealed = { ...today, url: today.url.replace('/h.json', '/s.json') };
  const learnt = await behind(1293840000, sealed, [signer]);
  t.match(consoleOf(learnt), /the clock was at 2011-01-01T00:00:00Z, and https:[^"]* says that it is 20\d\d-/);
  t.match(readStatus(learnt), { stage: 'config', code: 'CONFIG_EXPIRED' }, 'it serves certificates alone');
  t.match(consoleOf(learnt), /cannot be checked: the machine's clock says 2011[^"]*, and the server of the configuration 20/);
  const given = await behind(1293840000, sealed, [signer, 'dabei.time=2026-11-29T11:59:00Z']);
  t.match(readStatus(given), { stage: 'plan', code: 'DISK_NOT_FOUND' });
  const deaf = await behind(1293840000, { ...today, url: 'dabei.config_url=https://127.0.0.1:1/h.json' });
  t.match(consoleOf(deaf), /does not tell the time; the clock stays at 2011/);
  t.match(readStatus(deaf), { code: 'CONFIG_FETCH', reasons: [{ problem: /is not valid yet, if it is 2011/ }] });
  // Servers that lie about the time: the clock of the machine is right.
  const hour = 3600;
  const inFive = await behind(now, sealed, [signer], { says: now + 5 * 365 * 24 * hour, validFrom: now + hour });
  t.match(readStatus(inFive), { stage: 'config', code: 'CONFIG_EXPIRED' });
  t.match(consoleOf(inFive), /cannot be checked: the machine's clock says 2026[^"]*, and the server of the configuration 2031/);
  const back = await behind(now, sealed, [signer], { says: now - 365 * 24 * hour, validFrom: now + hour });
  t.match(readStatus(back), { code: 'CONFIG_FETCH', reasons: [{ problem: /is not valid yet, if it is 2026-11-29/ }] }, 'a clock never goes back');
  t.notMatch(back.ran.join('\n'), 'date -u -s');
  const ahead = await behind(now, sealed, [signer], { says: now + 2 * hour, validFrom: now + hour });
  t.match(readStatus(ahead), { stage: 'plan', code: 'DISK_NOT_FOUND' }, 'less than a day: the machine knows the time');
  const yesterday = await serve('yesterday');
  const expired = doorsFor(t, [yesterday.url, yesterday.ca]);
  await boot(expired);
  t.match(readStatus(expired), { code: 'CONFIG_FETCH', reasons: [{ problem: /certificate has expired, if it is 2026/, remedy: /dabei\.time=/ }] });
}); // prettier-ignore
