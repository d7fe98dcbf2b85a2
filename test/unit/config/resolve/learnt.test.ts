import t from 'tap';
import { formatProblem } from '../../../../agent/config/report.ts';
import { resolveConfiguration, type Resolution } from '../../../../agent/config/resolve.ts';
import type { Learnt } from '../../../../agent/config/sources/metadata/learnt.ts';
import type { Input } from '../../../../agent/config/sources/sources.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { base64, disks, key } from './given.ts';

/** What metadata and seeds say, and what this boot lets it do. */

const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
const dmi = { sys_vendor: 'Amazon EC2' };
const network = { interfaces: [{ name: 'eth0', addresses: ['192.0.2.9/24'] }] };
const other = publicKeyOf('other');
const identity = { hostName: 'ec2', rootAuthorizedKeys: [key] };
const open = { devices: ['/dev/vda'], encryption: 'none' };
const whole = { hostName: 'user-data', disks: open };

const learnt = (config: unknown = null, changes: Partial<Learnt> = {}): Learnt => ({
  ...{ source: 'EC2 metadata', by: 'metadata', value: identity, notes: ['EC2 metadata: a note'] },
  config:
    config === null
      ? null
      : {
          source: 'EC2 metadata, user-data',
          bytes: Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)),
        },
  identity: { macs: [], allMacs: [], serial: 'S1', uuid: null, hostName: null, arch: '' },
  time: { epochSeconds: now },
  ...changes,
});
const seed = (config: unknown = null, changes: Partial<Learnt> = {}) =>
  learnt(config, { source: '/dev/vdb (cidata)', by: 'seed', value: { hostName: 'stick' }, ...changes });

const resolve = (commandLine: string, input: Partial<Input> = {}, file?: unknown): Resolution =>
  resolveConfiguration({
    commandLine,
    files: file === undefined ? [] : [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(file)) }],
    dmi,
    ...input,
  });
const captured = { value: { hostName: 'old' }, notes: [] };
const named = { hostName: 'web', rootAuthorizedKeys: [key], network };
const install = 'dabei.metadata=install';

t.test('whom a boot asks', async t => {
  const rows: [name: string, commandLine: string, input: Partial<Input>, file: unknown, seeds: string | null, metadata: string | null][] = [
    ['nothing is given', '', {}, undefined, 'identity', 'identity'],
    ['bare metal', '', { dmi: { sys_vendor: 'Supermicro' } }, undefined, 'identity', null],
    ['no firmware', '', { dmi: {} }, undefined, 'identity', null],
    ['everything is given', '', {}, named, null, null],
    ['addresses are missing, and EC2 has none', '', {}, { ...named, network: undefined }, 'identity', null],
    ['addresses are missing, and Hetzner has them', '', { dmi: { sys_vendor: 'Hetzner' } }, { ...named, network: undefined }, 'identity', 'identity'],
    ['a host name is missing', '', {}, { ...named, hostName: undefined }, 'identity', 'identity'],
    ['a rescue system needs keys, too', 'dabei.mode=rescue', {}, undefined, 'identity', 'identity'],
    ['off', 'dabei.metadata=off', {}, undefined, 'identity', null],
    ['seeds off', 'dabei.seed=off', {}, undefined, null, 'identity'],
    ['install', install, {}, named, null, 'install'],
    ['install, in a file', '', {}, { ...named, metadata: 'install' }, null, 'install'],
    ['install from a seed', 'dabei.seed=install', {}, named, 'install', null],
    ['install, for a rescue system', `${install} dabei.mode=rescue`, {}, undefined, 'identity', 'identity'],
    ['install, on bare metal', install, { dmi: {} }, named, null, null],
    ['an address', 'dabei.metadata_url=http://192.0.2.1:7080', { dmi: {} }, undefined, 'identity', 'identity'],
    ['a seed by its serial number', '', { dmi: { product_serial: 'ds=nocloud;s=http://192.0.2.1/' } }, undefined, 'identity', 'identity'],
    ['a configuration by its address', 'dabei.config_url=https://h/x', {}, undefined, null, null],
    ['a configuration by its address, and install', `dabei.config_url=https://h/x ${install}`, {}, undefined, null, 'install'],
    ['run captured an old system', '', { captured }, undefined, null, null],
    ['run captured nothing of use', '', { captured: { value: {}, notes: [] } }, undefined, 'identity', 'identity'],
    ['run, and install', `${install} dabei.seed=install`, { captured }, undefined, null, null],
    ['a person named a file', install, { alone: true }, undefined, null, null],
    ['a rescue entry', `${install} dabei.seed=install dabei.rescue`, {}, undefined, null, null],
    ['the seeds had everything', '', { seeds: [seed(null, { value: named })] }, undefined, null, null],
    ['the seeds had a name', '', { seeds: [seed()] }, undefined, null, 'identity'],
    ['everybody was asked', '', { seeds: [], metadata: null }, undefined, null, null],
    ['a problem', 'dabei.disks=x', {}, undefined, null, null],
  ]; // prettier-ignore
  for (const [name, commandLine, input, file, seeds, metadata] of rows) {
    const { learn, problems } = resolve(commandLine, input, file);
    t.same([learn.seeds, learn.metadata?.want ?? null], [seeds, metadata], name);
    if (!/dabei.rescue|disks=x/.test(commandLine)) t.same(problems.map(formatProblem), [], name);
  }
  t.match(resolve('').learn.metadata, { source: { name: 'EC2' }, deadlineSeconds: 30 });
  t.match(resolve(install).learn.metadata, { deadlineSeconds: 900 });
  t.match(resolve(`${install} dabei.config_deadline=60`).learn.metadata, { deadlineSeconds: 60 });
});

t.test('what it may do', async t => {
  const rows: [name: string, commandLine: string, input: Partial<Input>, expected: object, file?: unknown][] = [
    ['before it is asked', install, {}, { mode: 'install', config: null, problems: [], consoleQuestion: { secrets: 'elsewhere' } }],
    ['before it is asked, only to plan', `${install} dabei.mode=plan`, {}, { mode: 'plan', config: null }],
    ['it gives what is missing', '', { metadata: learnt() }, { mode: 'rescue', config: identity, origins: { hostName: 'EC2 metadata', 'rootAuthorizedKeys[0]': 'EC2 metadata' }, notes: ['EC2 metadata: a note'] }],
    ['what is given stays', '', { metadata: learnt() }, { config: { hostName: 'web', rootAuthorizedKeys: [other] } }, { hostName: 'web', rootAuthorizedKeys: [other] }],
    ['keys of a server are not added to given ones', 'dabei.hostname=x', { metadata: learnt() }, { config: { hostName: 'x', rootAuthorizedKeys: { length: 1 } } }, { rootAuthorizedKeys: [other] }],
    ['addresses', '', { metadata: learnt(null, { value: { network } }) }, { config: { network: { interfaces: [{ name: 'eth0' }] } }, reachability: { network: { interfaces: [{ name: 'eth0' }] } } }],
    ['given addresses stay, with their name servers', 'ip=192.0.2.5:::24:a:eth1:off', { metadata: learnt(null, { value: { network: { ...network, dns: { servers: ['192.0.2.53'] } } } }) }, { config: { network: { interfaces: [{ name: 'eth1' }], dns: { servers: [] } } } }],
    ['a seed is nearer', '', { metadata: learnt(), seeds: [seed()] }, { config: { hostName: 'stick', rootAuthorizedKeys: [key] } }],
    ['a configuration does not install by itself', '', { metadata: learnt(whole) }, { mode: 'rescue', config: { hostName: 'user-data', rootAuthorizedKeys: [key], disks: undefined }, notes: [/a note/, /only host name, authorized keys and addresses count: only dabei\.metadata=install/] }],
    ['nor on a seed', install, { seeds: [seed(whole)], metadata: null }, { mode: 'rescue', config: null, notes: [/a note/, /only dabei\.seed=install/] }],
    ['nor from a rescue entry', `${install} dabei.mode=rescue`, { metadata: learnt(whole) }, { mode: 'rescue', config: { disks: undefined }, notes: [/a note/, /only host name/, /metadata is not used: mode is "rescue"/] }],
    ['nor after run', install, { captured, metadata: learnt(whole) }, { mode: 'rescue', config: { disks: undefined } }],
    ['a rescue entry, whatever arrives', `${install} dabei.seed=install dabei.config_url=https://h/x dabei.rescue`, { metadata: learnt({ mode: 'install', ...whole }), seeds: [seed({ mode: 'install', ...whole })], fetched: { source: 'https://h/x', bytes: Buffer.from(JSON.stringify({ mode: 'install', ...whole })), inClear: false, signer: 'me', identity: null, time: { epochSeconds: now } } }, { mode: 'rescue', fetch: null, problems: [], learn: { seeds: null, metadata: null } }],
    ['a rescue entry, whatever a file or a credential says', 'dabei.rescue', { dmi: {}, files: ['/dabei.json', 'the credential dabei.config'].map(path => ({ path, bytes: Buffer.from(JSON.stringify({ mode: 'install', metadata: 'install', seed: 'install', configUrl: 'https://h/x', ...whole })) })) }, { mode: 'rescue', fetch: null, problems: [], learn: { seeds: null, metadata: null } }],
    ['its mode does not count', '', { metadata: learnt({ mode: 'install', ...whole }) }, { mode: 'rescue' }],
    ['its mistakes cost nothing', '', { metadata: learnt({ hostNam: 'x', rootAuthorizedKeys: 7, hostName: 'ok' }) }, { problems: [], config: { hostName: 'ok', rootAuthorizedKeys: [key] } }],
    ['text that is none', '', { metadata: learnt('{') }, { problems: [], config: identity, notes: [/a note/, /not a valid configuration/] }],
    ['it installs', install, { metadata: learnt(whole) }, { mode: 'install', config: { hostName: 'user-data', rootAuthorizedKeys: [key], disks: {} }, origins: { hostName: 'EC2 metadata, user-data' } }],
    ['it installs from a seed', 'dabei.seed=install', { seeds: [seed(whole)] }, { mode: 'install', config: { hostName: 'user-data' } }],
    ['it installs by an address', `dabei.metadata_url=http://h ${install}`, { metadata: learnt(whole), dmi: {} }, { mode: 'install' }],
    ['the boot\'s own values win', `${install} dabei.hostname=line`, { metadata: learnt(whole) }, { config: { hostName: 'line' } }],
    ['only to plan', `${install} dabei.mode=plan`, { metadata: learnt({ ...whole, mode: 'install' }) }, { mode: 'plan', notes: [/a note/, /mode is not used, since dabei\.mode gives it/] }],
    ['there is none', install, { metadata: learnt() }, { mode: 'rescue', config: null, problems: [], reachability: identity }, { disks }],
    ['nobody answers', install, { metadata: null }, { mode: 'rescue', config: null, problems: [] }],
    ['bare metal', install, { dmi: {} }, { mode: 'rescue', problems: [], notes: [/names no provider that dabei knows/] }],
    ['secrets, allowed', `${install} dabei.metadata_secrets=allow`, { metadata: learnt({ ...whole, disks }) }, { mode: 'install', config: { disks: { key: {} } }, consoleQuestion: { secrets: 'elsewhere' } }],
    ['for this machine', install, { metadata: learnt({ ...whole, for: { serial: 'S1' }, notAfter: '2026-12-01T00:00:00Z' }) }, { mode: 'install', config: {} }],
    ['one of two has it', `${install} dabei.seed=install`, { metadata: learnt(whole), seeds: [seed()] }, { mode: 'install', config: { hostName: 'user-data' } }],
  ]; // prettier-ignore
  for (const [name, commandLine, input, expected, file] of rows)
    t.match(resolve(commandLine, input, file), expected, name);
  const { config } = resolve('', { metadata: learnt() }, { disks });
  t.notMatch(config?.given, /ec2/, 'another answer is no other configuration');
});

t.test('what is refused', async t => {
  const hostKeys = ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n'];
  const signer = base64(`me namespaces="nix-dabei-config" ${publicKeyOf('signer')}`);
  const rows: [name: string, commandLine: string, input: Partial<Input>, said: RegExp[]][] = [
    ['secrets', install, { metadata: learnt({ ...whole, disks, ssh: { hostKeys } }) }, [/^CONFIG_SECRET_IN_CLEAR EC2 metadata, user-data:1:\d+ disks\.key: came by metadata, which every program/m, /^CONFIG_SECRET_IN_CLEAR .* ssh\.hostKeys: /m]],
    ['secrets on a seed', 'dabei.seed=install', { seeds: [seed({ ...whole, disks })] }, [/^CONFIG_SECRET_IN_CLEAR .* disks\.key: lies on a volume/m]],
    ['another machine', install, { metadata: learnt({ ...whole, for: { serial: 'S2' } }) }, [/^CONFIG_OTHER_MACHINE .*this machine has "S1"/m]],
    ['the past', install, { metadata: learnt({ ...whole, notAfter: '2026-01-01T00:00:00Z' }) }, [/^CONFIG_EXPIRED/m]],
    ['where it comes from', install, { metadata: learnt({ ...whole, configUrl: 'https://h/', metadataSecrets: 'allow', seed: 'install' }) }, [/configUrl: cannot be set/, /metadataSecrets: cannot be set/, /seed: cannot be set/]],
    ['a misspelt key, with its place', install, { metadata: learnt('{\n "hostNam": "x"}') }, [/user-data:2:2 hostNam: unknown key/]],
    ['cut', install, { metadata: learnt('{"hostName": "x') }, [/^CONFIG_JSON EC2 metadata, user-data:1:/m]],
    ['no signature', `${install} dabei.config_signer=${signer}`, { metadata: learnt(whole) }, [/^CONFIG_SIGNATURE .*has no signature/m]],
    ['a word', 'dabei.metadata=maybe', {}, [/metadata: /]],
    ['a word for a seed', 'dabei.seed=yes', {}, [/seed: /]],
    ['an address with a path', 'dabei.metadata_url=http://h/x', {}, [/metadataUrl: is not a valid address/]],
    ['an address of another kind', 'dabei.metadata_url=ftp://h', {}, [/metadataUrl: is not a valid address/]],
    ['no address', 'dabei.metadata_url=192.0.2.1', {}, [/metadataUrl: is not a valid address/]],
    ['nothing allowed', 'dabei.metadata_secrets=yes', {}, [/metadataSecrets: /]],
  ]; // prettier-ignore
  for (const [name, commandLine, input, said] of rows) {
    const { problems, config, learn } = resolve(commandLine, input);
    const lines = problems.map(problem => `${problem.code} ${formatProblem(problem)}`).join('\n');
    t.same([config, learn.seeds, learn.metadata], [null, null, null], name);
    for (const each of said) t.match(lines, each, name);
    t.notMatch(lines, /correct horse|b3BlbnN/, `${name}: no secret`);
  }
});
