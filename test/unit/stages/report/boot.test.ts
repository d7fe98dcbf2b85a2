import t from 'tap';
import { boot, install } from '../../../../agent/commands/boot.ts';
import { finish } from '../../../../agent/stages/stages.ts';
import type { Session } from '../../../../agent/stages/sequence.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { machines } from '../../plan/machines.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { status, type Answer } from '../../../support/config-server.ts';
import { reportingMachine } from '../../../support/reports/machine.ts';
import { accept, receiveReports } from '../../../support/reports/receiver.ts';

/** What a whole run reports to a real receiver. */

t.setTimeout(300_000);

const rescue = { mode: 'rescue', hostName: 'web.example.org', rootAuthorizedKeys: [publicKeyOf('me')] };
const passphrase = 'a passphrase of some length';
const installs = { ...rescue, mode: 'install', disks: { devices: ['/dev/vda'], key: passphrase } };

interface Row {
  name: string;
  config: object;
  answers?: Answer[];
  exitCode: number;
  /** Of the last event. */
  last: object;
  names: RegExp;
}

const rows: Row[] = [
  { name: 'a rescue system', config: rescue, exitCode: 0, last: { result: 'SUCCESS', description: 'a rescue system' }, names: /^dabei\/config,dabei\/config,dabei\/network,.*dabei\/rescue,dabei\/rescue,dabei$/ },
  { name: 'no such disk', config: installs, exitCode: 1, last: { result: 'FAIL', description: /^stopped: DISK_NOT_FOUND: / }, names: /dabei\/plan\/error,dabei$/ },
  { name: 'a refused configuration', config: { ...installs, wipee: 1 }, exitCode: 1, last: { result: 'FAIL', description: /^stopped: CONFIG_SCHEMA: / }, names: /^dabei\/config,dabei\/config,dabei\/config\/error,.*dabei\/ssh,dabei$/ },
  { name: 'a receiver in trouble', config: rescue, answers: [status(500), accept], exitCode: 0, last: { result: 'SUCCESS' }, names: /dabei$/ },
  { name: 'a receiver that is none', config: rescue, answers: [status(404)], exitCode: 0, last: { result: 'SUCCESS' }, names: /dabei$/ },
]; // prettier-ignore

for (const { name, config, answers, exitCode, last, names } of rows) {
  t.test(name, async t => {
    const { url, received } = await receiveReports(t, answers);
    const doors = reportingMachine(t, { ...config, report: { url } });
    t.equal(await boot(doors), exitCode);
    t.match(received.map(event => event.name).join(), names);
    t.match(received.at(-1), {
      ...last,
      ...{ name: 'dabei', hostname: 'web', fqdn: 'web.example.org', addresses: ['192.0.2.7/24'] },
      ...{
        host_keys: [/^SHA256:.* \(ED25519\)$/],
        pub_key_ed25519: publicKeyOf('host').split(' ', 2).join(' '),
      },
      machine: { hostname: 'web.example.org', serial: 'S1', macs: ['52:54:00:12:34:56'] },
    });
    t.notMatch(JSON.stringify(received), passphrase, 'no secret leaves');
    t.equal(JSON.stringify(doors.told).match(/reporting to/g)?.length ?? 0, answers === undefined ? 0 : 1);
  });
}

t.test('the time that an operator gave counts for certificates of receivers, too', async t => {
  const { url } = await receiveReports(t);
  const given = Date.parse('2026-11-29T12:00:00Z') / 1000;
  const config = { ...rescue, metadata: 'off', seed: 'off', report: { url } };
  const setsClock = async (more: object, epoch: number) => {
    const doors = reportingMachine(t, { ...config, ...more }, { epoch });
    t.equal(await boot(doors), 0);
    return doors.ran.find(line => line.includes('date -u -s'));
  };
  const time = '2026-11-29T12:00:00Z';
  const [, seconds] = /^busybox date -u -s @(\d+)$/.exec((await setsClock({ time }, 1293840000)) ?? '') ?? [];
  t.ok(Number(seconds) >= given && Number(seconds) < given + 600, `set to ${seconds}`);
  t.equal(await setsClock({ time }, given + 100), undefined, 'it is right');
  t.equal(await setsClock({}, 1293840000), undefined, 'nobody gave it');
});

t.test('a rescue system after a trial that failed', async t => {
  const { config: given, facts, storage } = machines['uefi-static'];
  const { disks, ...info } = runtimeInfo(given, facts, storage);
  const esp = '/run/dabei/esps/1';
  const world = (state: string, report: object | undefined) => ({
    files: {
      '/run/dabei/boot/dabei/machine.json': JSON.stringify({ ...info, disks, ...(report && { report }) }),
      [`/dev/disk/by-partuuid/${disks[0]!.espPartuuid}`]: '',
      ...(state === '' ? {} : { [`${esp}/dabei/trial`]: `${state}\n` }),
      [`${esp}/loader/loader.conf`]: 'default nix-dabei.conf\n',
    },
    programs: { mount: ':', umount: ':' },
  });
  const { url, received } = await receiveReports(t);
  t.equal(await boot(reportingMachine(t, rescue, world('started', { url }))), 0);
  t.match(received.at(-1), {
    name: 'dabei',
    result: 'FAIL',
    description: /^the installed system was started on trial, and nobody logged in to it in time/,
  });
  const count = received.length;
  await boot(reportingMachine(t, rescue, world('', { url })));
  await boot(reportingMachine(t, rescue, world('started', undefined)));
  t.equal(received.length, count, 'nothing where the entry was chosen, or without a receiver');
});

t.test('an installation that somebody starts', async t => {
  const { url, received } = await receiveReports(t);
  const doors = reportingMachine(t, { ...installs, report: { url, level: 'error' } });
  t.equal(await install(doors, undefined), 1);
  t.match(received[0], { name: 'dabei/config', event_type: 'start' });
  t.match(received.at(-1), { name: 'dabei', result: 'FAIL' });
});

t.test('facts of the installed system are read before its disks are left', async t => {
  const info = '{"version": 1}';
  const plan = { stages: { finish: [] } } as unknown as Session['plan'];
  const session = { facts: {}, plan } as unknown as Session;
  const path = '/mnt/etc/nixos/runtime-info.json';
  await finish(reportingMachine(t, {}, { files: { [path]: info } }), session);
  t.equal(session.runtimeInfo, info);
  await finish(reportingMachine(t, {}, { failing: [['readText', /runtime-info/, 'EIO']] }), session);
  t.equal(session.runtimeInfo, null);
});
