import assert from 'node:assert/strict';
import { join } from 'node:path';
import { networkSchema } from '../../../agent/config/schema.ts';
import { parseLinks } from '../../../agent/host/machine/links.ts';
import { networkFromCapture } from '../../../agent/capture/network.ts';
import type { CapturedFiles } from '../../../agent/capture/types.ts';
import { planNetwork, type NetworkPlan } from '../../../agent/plan/network/network.ts';
import { buildKernel } from '../../../image/kernel/kernel.ts';
import * as files from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { unpack } from '../../../image/debian/packages.ts';
import { toolchainSet } from '../../../image/debian/package-sets.ts';
import { stageDone } from '../guests/install.ts';
import { comparable, faults } from '../network-worlds/compare.ts';
import { networkWorldList } from '../network-worlds/index.ts';
import { mac, type NetworkWorld } from '../network-worlds/world.ts';
import { formatFixtures, trim } from '../network-worlds/trim.ts';
import { configParameter } from '../harness/site.ts';
import type { Ssh } from '../harness/ssh.ts';
import type { World } from '../world.ts';

/**
 * Every network of test/vm/network-worlds, for real: made in a namespace, captured with the commands that `run` uses,
 * torn down, restored with the lines that planNetwork makes, captured again, and compared.
 *
 * With DABEI_WRITE_FIXTURES=1 what `ip` printed is kept for the unit tests (test/fixtures/network-worlds.json).
 */

const cards = [1, 2, 3, 4, 5, 6];

export const networkModelWorlds: World[] = [
  {
    name: 'network-model',
    about: `${networkWorldList.length} networks captured, torn down, restored and captured again, in one machine`,
    limitSeconds: 1200,
    script: async site => {
      const config = {
        version: 1,
        rootAuthorizedKeys: [site.keys.user.public],
        ssh: { hostKeys: [site.keys.host.private] },
        network: { interfaces: [{ name: 'eth0', dhcp: true }] },
      };
      const machine = await site.startImage({
        name: 'model',
        memoryMiB: 512,
        parameters: [configParameter(config)],
        limitSeconds: 1180,
        networks: [
          { forward: [{ hostPort: site.sshPort, guestPort: 22 }] },
          ...cards.map(card => ({ subnet: card + 2, mac: mac(card), restrict: true })),
        ],
      });
      await stageDone(machine, 'rescue', 120);
      const ssh = site.ssh();
      await ssh.waitUntilUp(60);
      const missing = await loadModules(ssh);
      const wrong = [...missing].map(name => `the kernel was built without ${name}`);
      const worlds = networkWorldList.filter(({ modules }) => !modules?.some(name => missing.has(name)));

      const first = await runScripts(ssh, [
        `begin 0 ${everyCard}\ncapture fresh\nend ${everyCard}`,
        ...worlds.map((world, index) => captureScript(world, String(index))),
      ]);
      const complain = (world: NetworkWorld, texts: readonly string[]) =>
        wrong.push(...texts.map(text => `${world.name}: ${text}`));
      const captured = worlds.map((world, index) => {
        const said = first.get(String(index));
        complain(world, said?.['failed'] === undefined ? [] : [`cannot be made: ${said['failed']}`]);
        return withExtras(world, said ?? {});
      });
      if (process.env['DABEI_WRITE_FIXTURES'] === '1') {
        const all = Object.fromEntries(worlds.map(({ name }, index) => [name, trim(captured[index]!)]));
        files.write(checkout('test/fixtures/network-worlds.json'), formatFixtures(all));
      }
      const links = parseLinks(first.get('fresh')?.['link.json'] ?? '', name =>
        name.startsWith('eth') ? { driver: 'virtio_net', modalias: null } : null,
      );
      const networks = captured.map(each => networkFromCapture(each));
      const plans = networks.map(({ network }, index) => {
        const own = cardsOf(worlds[index]!).split(' ');
        return planNetwork(
          networkSchema.parse(network),
          links.filter(({ name }) => own.includes(name)),
        );
      });

      const second = await runScripts(
        ssh,
        worlds.map((world, index) => restoreScript(world, plans[index]!, String(index))),
      );
      for (const [index, world] of worlds.entries()) {
        complain(world, faults(world, networks[index]!));
        const said = second.get(String(index)) ?? {};
        if (said['failed'] !== undefined) complain(world, [`cannot be restored: ${said['failed']}`]);
        const again = networkFromCapture(withExtras({ ...world, without: [] }, said));
        try {
          assert.deepEqual(comparable(again.network, world), comparable(networks[index]!.network, world));
        } catch (error) {
          complain(world, [`is another one when restored: ${error instanceof Error ? error.message : ''}`]);
        }
      }
      files.write(join(site.directory, 'faults'), wrong.join('\n\n'));
      assert.deepEqual(wrong, []);
    },
  },
];

/**
 * Hands over the modules that are built with the kernel and left out of the image (kernel-config/test-only.config).
 * @returns those that this kernel was built without
 */
async function loadModules(ssh: Ssh): Promise<Set<string>> {
  const kernel = await buildKernel(await unpack(toolchainSet));
  const root = join(kernel.path, 'modules');
  const index = files.walk(root).find(path => path.endsWith('/modules.dep'));
  if (index === undefined) throw new Error(`there is no modules.dep below ${root}`);
  const dependencies = new Map(
    files
      .readText(index)
      .split('\n')
      .map(line => line.split(':') as [string, string?])
      .map(([path, rest = '']) => [path, rest.split(' ').filter(Boolean)] as const),
  );
  const needed = new Set(networkWorldList.flatMap(({ modules }) => modules ?? []));
  const commands = ['modprobe bonding max_bonds=0', 'modprobe 8021q', 'modprobe bridge'];
  const sent = new Set<string>();
  const missing = new Set<string>();
  for (const name of needed) {
    const path = [...dependencies.keys()].find(each => each.endsWith(`/${name}.ko`));
    if (path === undefined) {
      missing.add(name);
      continue;
    }
    // The list is complete and in the order of modprobe(8): what is needed first comes last.
    for (const each of [...(dependencies.get(path) ?? [])].reverse().concat(path)) {
      if (sent.has(each)) continue;
      sent.add(each);
      const module = files.readBytes(join(index, '..', each)).toString('base64');
      commands.push(
        `lsmod | grep -q '^${moduleName(each)} ' || { base64 -d >/tmp/module.ko <<'END' && insmod /tmp/module.ko; }\n${module}\nEND`,
      );
    }
  }
  await ssh.run('sh -es', { stdin: commands.join('\n'), seconds: 120 });
  return missing;
}

function moduleName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_');
}

/** Shell functions around one network in the namespace "w", each for some of the cards. */
const preamble = `
for card in ${cards.map(card => `eth${card}`).join(' ')}; do
  eval "device_$card=$(readlink -f /sys/class/net/$card/device)"
  eval "mac_$card=$(cat /sys/class/net/$card/address)"
done
# begin ACCEPT_RA CARD...
begin() {
  ip netns add w
  ip netns exec w sh -c "echo $1 >/proc/sys/net/ipv6/conf/default/accept_ra"
  shift
  for card; do echo "link set $card netns w"; done | ip -batch -
  ip -n w link set lo up
}
# capture WORLD
capture() {
  echo "@@ $1 link.json"; ip -n w -json -details link
  echo "@@ $1 addr.json"; ip -n w -json -details address
  for family in 4 6; do
    echo "@@ $1 route-$family.json"; ip -n w -json -details -$family route show table all
    echo "@@ $1 rule-$family.json"; ip -n w -json -$family rule show
  done
}
# end CARD...: a namespace that goes away gives cards back, with the names and addresses that they had.
end() {
  rm -f /etc/iproute2/rt_tables.d/test.conf
  ip netns del w
  for card; do
    eval "device=\\$device_$card mac=\\$mac_$card"
    until set -- "$device"/net/* && [ -e "$1" ]; do sleep 0.05; done
    name=\${1##*/}
    ip link set $name down
    if [ "$name" != $card ]; then
      ip link property del dev $name altname enp1s0f0 2>/dev/null
      ip link set $name name $card
    fi
    ip link set $card mtu 1500 address $mac
  done
}
exec 2>&1
`;

const everyCard = cards.map(card => `eth${card}`).join(' ');

function cardsOf({ setup }: NetworkWorld): string {
  return cards
    .map(card => `eth${card}`)
    .filter(name => setup.some(line => new RegExp(`\\b${name}\\b`).test(line)))
    .join(' ');
}

function captureScript(world: NetworkWorld, id: string): string {
  const { setup, advertised } = world;
  const wait = `for _ in 1 2 3 4 5 6 7 8 9 10; do
  ip -n w -6 address show | grep -q 'scope global.*mngtmpaddr' && break
  sleep 1
done`;
  return `
begin ${advertised ? 1 : 0} ${cardsOf(world)}
said=$(ip netns exec w sh -es 2>&1 <<'END'
${setup.join('\n')}
END
) || { echo "@@ ${id} failed"; echo "$said"; }
${advertised ? wait : ''}
capture ${id}
end ${cardsOf(world)}`;
}

function restoreScript(world: NetworkWorld, { create, batch, rules }: NetworkPlan, id: string): string {
  const apply = (options: string, lines: readonly string[]) =>
    lines.length === 0
      ? ''
      : `said=$(ip -n w ${options} -force -batch - 2>&1 <<'END'
${lines.join('\n')}
END
) || { echo "@@ ${id} failed"; echo "$said"; }`;
  return `
begin 0 ${cardsOf(world)}
${apply('', create)}
${apply('', batch)}
${apply('-4', rules[4])}
${apply('-6', rules[6])}
capture ${id}
end ${cardsOf(world)}`;
}

/** Runs the scripts, some at a time, and gives what each has captured. */
async function runScripts(
  ssh: Ssh,
  scripts: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const sections = new Map<string, Record<string, string>>();
  const atOnce = 10;
  for (let first = 0; first < scripts.length; first += atOnce) {
    const stdin = [preamble, ...scripts.slice(first, first + atOnce)].join('\n');
    const output = await ssh.run('sh -s', { stdin, seconds: 300 });
    for (const [id, found] of readSections(output)) sections.set(id, found);
  }
  return sections;
}

/** "@@ WORLD FILE" begins each file. */
function readSections(output: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  for (const part of output.split(/^@@ /m).slice(1)) {
    const [, world = '', name = '', text = ''] = /^(\S+) (\S+)\n([^]*)$/.exec(part) ?? [];
    sections.set(world, { ...sections.get(world), [name]: text });
  }
  return sections;
}

/** The files that a world has besides, and without what an older system would not print. */
function withExtras(world: NetworkWorld, said: Readonly<Record<string, string>>): CapturedFiles {
  const { failed: _, ...captured } = said;
  const without = new Set(world.without ?? []);
  const known = Object.entries(captured).map(([name, text]) => [
    name,
    without.size === 0
      ? text
      : JSON.stringify(JSON.parse(text, (key, value: unknown) => (without.has(key) ? undefined : value))),
  ]);
  const link = JSON.parse(captured['link.json'] || '[]') as { ifname?: string; ifindex?: number }[];
  const extras = Object.entries(world.files ?? {}).map(([name, text]) => [
    name.replace(/IFINDEX\((\w+)\)/, (_, wanted: string) =>
      String(link.find(({ ifname }) => ifname === wanted)?.ifindex),
    ),
    text,
  ]);
  return Object.fromEntries([...known, ...extras]) as CapturedFiles;
}
