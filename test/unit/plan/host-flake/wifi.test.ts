import { join } from 'node:path';
import t from 'tap';
import { run } from '../../../../agent/host/exec.ts';
import { writeAtomic } from '../../../../agent/host/files.ts';
import { hostFlake, planHostFlake } from '../../../../agent/plan/host-flake/host-flake.ts';
import { describeWifi } from '../../../../agent/plan/host-flake/wifi-files.ts';
import { makePlan } from '../../../../agent/plan/plan.ts';
import { Secret } from '../../../../agent/secret.ts';
import { requireNix } from '../../../support/nix.ts';
import { config, machines } from '../machines.ts';

/** Wireless networks of the installed system. */

const { facts, storage } = machines['bios-dhcp'];
const wifi = [{ ssid: 'home', passphrase: 'correct horse' }, { ssid: 'Café', psk: '0f'.repeat(32) }]; // prettier-ignore

t.test('only root can read them, and nothing public has them', async t => {
  const given = config({ network: { wifi, wifiCountry: 'DE' } });
  const steps = planHostFlake(given, facts, storage);
  const at = steps.findIndex(step => step.kind === 'run' && step.argv.at(-1) === '/mnt/var/lib/iwd');
  t.match(steps[at], { argv: ['mkdir', '-p', '-m', '0700', '/mnt/var/lib/iwd'] });
  t.match(steps.slice(at + 1, at + 3), [
    { kind: 'write', mode: 0o600, path: '/mnt/var/lib/iwd/home.psk' },
    { kind: 'write', mode: 0o600, path: '/mnt/var/lib/iwd/=436166c3a9.psk' },
  ]);
  const files = hostFlake(given, facts, storage);
  t.match(JSON.parse(files['runtime-info.json']!), { wifi: { country: 'DE' } });
  t.notMatch(JSON.stringify([files, steps]), /horse|0f0f|Café|"home"/);
});

t.test('the plan names them', async t => {
  t.same(describeWifi(config({ network: { wifi } }).network), ['wireless networks of the installed system: "home", "Café"']); // prettier-ignore
  t.same(describeWifi({}), []);
  const given = config({
    network: { wifi },
    disks: { devices: ['/dev/vda'], wipe: true, key: 'correct horse' },
  });
  t.match(
    makePlan(given, machines['bios-dhcp'].facts, new Secret('x'.repeat(32))).summary.join('\n'),
    '"Café"',
  );
});

t.test('what the system makes of it', async t => {
  const dhcp = { interfaces: [{ name: 'eth0', dhcp: true }] };
  const dns = { servers: ['192.0.2.53'], search: [] };
  const networkConfig = { DHCP: 'yes', IPv6AcceptRA: true, DNS: ['192.0.2.53'] };
  const rows: [name: string, network: object, expected: object][] = [
    [
      'a country, and every card',
      { wifi, wifiCountry: 'DE', dns },
      {
        iwd: { enable: true, settings: { General: { Country: 'DE' } } },
        firmware: true,
        networks: {
          '10-ethernet': { matchConfig: { Type: 'ether' }, networkConfig },
          '10-wireless': {
            matchConfig: { Type: 'wlan' },
            networkConfig,
            dhcpV4Config: { ClientIdentifier: 'mac', RouteMetric: 1025 },
            dhcpV6Config: { DUIDType: 'link-layer' },
            ipv6AcceptRAConfig: { RouteMetric: 1025 },
          },
        },
        stage1: ['10-ethernet'],
      },
    ],
    [
      'no country, and interfaces of their own',
      { ...dhcp, wifi },
      { iwd: { enable: true, settings: { General: {} } }, stage1: ['10-525400123456'] },
    ],
    ['none', { dns }, { iwd: { enable: false }, firmware: false, stage1: ['10-ethernet'] }],
  ];
  for (const [name, network, expected] of rows) {
    const evaluated = await evaluate(t.testdir({}), network);
    t.match(evaluated, expected, name);
    if (!('networks' in expected))
      t.same(Object.keys(evaluated.networks), evaluated.stage1, `${name}: no other card`);
  }
});

interface Evaluated {
  iwd: { enable: boolean; settings: Record<string, Record<string, unknown>> };
  firmware: boolean;
  networks: Record<string, unknown>;
  stage1: string[];
}

async function evaluate(directory: string, network: object): Promise<Evaluated> {
  const files = hostFlake(config({ network }), facts, storage);
  for (const [name, text] of Object.entries(files)) writeAtomic(join(directory, name), text, 0o644);
  const nix = requireNix();
  const system = `
    let
      lib = import ${join(import.meta.dirname, '../../../fixtures/tiny-nixos/lib')} { source = "/x"; machine = { system = "x86_64-linux"; kernelFile = "bzImage"; }; };
      inherit ((import ${directory}/flake.nix).outputs { nixpkgs = { inherit lib; }; }) nixosConfigurations;
      inherit (builtins.head (builtins.attrValues nixosConfigurations)) config;
    in {
      inherit (config.networking.wireless) iwd;
      firmware = config.hardware.enableRedistributableFirmware;
      inherit (config.systemd.network) networks;
      stage1 = builtins.attrNames config.boot.initrd.systemd.network.networks;
    }`;
  const { stdout } = await run({
    doing: 'evaluating a host flake',
    argv: [
      ...nix.argv,
      ...['--eval', '--strict', '--json', '--store', 'dummy://', '--readonly-mode'],
      ...['--expr', system],
    ],
    env: nix.env,
    timeoutSeconds: 60,
  });
  return JSON.parse(stdout) as Evaluated;
}
