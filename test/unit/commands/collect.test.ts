import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { nixosRelease } from '../../../agent/config/nixos-release.ts';
import { realDoors } from '../../../agent/host/doors.ts';
import { collect } from '../../../agent/commands/collect.ts';
import { runtimeInfo } from '../../../agent/plan/host-flake/runtime-info.ts';
import { machines, type ExampleMachine } from '../plan/machines.ts';

function infoOf({ config, facts, storage }: ExampleMachine): string {
  return JSON.stringify(runtimeInfo(config, facts, storage));
}

const web = infoOf(machines['hetzner-cloud']);
const event = (machine: object, info?: unknown) =>
  `${JSON.stringify({ name: 'dabei', origin: 'nix-dabei', machine, ...(info === undefined ? {} : { runtime_info: info }) })}\n`;

t.test('what a receiver stored', async t => {
  const rack = JSON.parse(infoOf(machines['rack-raidz1-bond'])) as Record<string, unknown>;
  const older = { ...rack, hostName: 'rack-06' };
  const lines = [
    event({ serial: 'S1' }),
    event({ serial: 'S1' }, older),
    event({ serial: 'S2' }, { ...JSON.parse(web), pool: null }),
    '{"name": "modules-final", "origin": "cloudinit", "runtime_info": {"hostName": "x"}}\n\n',
    event({ serial: 'S1' }, rack),
    '{"name": "dabei", "orig',
  ];
  const directory = t.testdir({ 'events.jsonl': lines.join(''), infra: {} });
  const told = collect(realDoors, [join(directory, 'events.jsonl')], join(directory, 'infra'));
  t.same(
    [...told.matchAll(/hosts\/([^/]+)\/runtime-info/g)].map(([, name]) => name),
    ['web-02', 'rack-07'],
  );
  const written = readFileSync(join(directory, 'infra/hosts/rack-07/runtime-info.json'), 'utf8');
  t.same(JSON.parse(written), rack);
});

t.test('machines become hosts of one flake, and what is its owner’s is kept', async t => {
  const directory = t.testdir({
    'web.json': infoOf(machines['hetzner-cloud']),
    rack: { 'runtime-info.json': infoOf(machines['rack-raidz1-bond']) },
    infra: {},
  });
  const output = join(directory, 'infra');
  const text = (path: string) => readFileSync(join(output, path), 'utf8');
  const first = collect(realDoors, [join(directory, 'web.json'), join(directory, 'rack')], output);
  for (const path of ['flake.nix', 'common.nix', 'dabei/dabei.nix', 'hosts/web-02/default.nix'])
    t.match(first, `new      ${path}`);
  t.match(JSON.parse(text('hosts/rack-07/runtime-info.json')), { hostName: 'rack-07', hostId: '00c0ffee' });
  t.match(text('hosts/web-02/default.nix'), `system.stateVersion = "${nixosRelease.name}";`);
  t.match(text('flake.nix'), `inputs.nixpkgs.url = "${nixosRelease.nixpkgs}";`);
  writeFileSync(join(output, 'hosts/web-02/default.nix'), 'mine');
  writeFileSync(join(output, 'dabei/network.nix'), 'older');
  const again = collect(realDoors, [join(directory, 'web.json')], output);
  t.equal(text('hosts/web-02/default.nix'), 'mine');
  t.match(again, /^kept +hosts\/web-02\/default\.nix$/m);
  t.match(again, /^changed +dabei\/network\.nix$/m);
  t.notMatch(again, 'flake.nix', 'nothing is said of what is the same');
});

t.test('what is refused', async t => {
  const directory = t.testdir({
    'a.json': infoOf(machines['bios-dhcp']),
    'b.json': infoOf(machines['uefi-dhcp']),
    'no.json': '{',
    'other.json': '{"version": 1, "hostName": "../../etc"}',
    'events.jsonl': event({ serial: 'S1' }),
    'escape.jsonl': event({ serial: 'S1' }, { ...JSON.parse(web), stateVersion: '"; x = "' }),
    'twins.jsonl': event({ serial: 'S1' }, JSON.parse(web)) + event({ serial: 'S2' }, JSON.parse(web)),
  });
  const rows: [string[], RegExp][] = [
    [['missing.json'], /there is no file/],
    [['no.json'], /is not valid JSON/],
    [['other.json'], /not a valid runtime-info.json/],
    [['a.json', 'b.json'], /two machines have the name vm/],
    [['events.jsonl'], /has events, but of no machine that was installed/],
    [['escape.jsonl'], /not a valid runtime-info.json/],
    [['twins.jsonl'], /two machines have the name web-02/],
  ];
  for (const [files, problem] of rows) {
    const paths = files.map(name => join(directory, name));
    t.throws(() => collect(realDoors, paths, directory), { code: 'USAGE', problem }, files.join());
  }
});
