import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { test } from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { readCaptured } from '../../../agent/host/old-system/captured.ts';
import type { CapturedFiles } from '../../../agent/capture/types.ts';
import { strangeSystem } from './strange-systems.ts';
import { runParts } from '../../support/run-parts.ts';

/**
 * Where the image cannot be mounted on the old system, nothing looks at what the shell has captured before the new
 * system does. The shell's real output, decoded by the real decoder.
 */
const bundle = new URL('../../../image/media/bundle', import.meta.url).pathname;

const shells = [['dash'], ['busybox', 'ash']].filter(
  ([program = '']) => spawnSync(program, ['-c', 'true']).error === undefined,
);

/** Where a file of a capture comes from. */
const places: [RegExp, string][] = [
  [/^resolv\.conf$/, '/etc/resolv.conf'],
  [/^resolved\//, '/etc/systemd/'],
  [/^rt_tables$/, '/etc/iproute2/rt_tables'],
  [/^leases\/networkd\//, '/run/systemd/netif/leases/'],
  [/^leases\/dhclient\//, '/var/lib/dhcp/'],
  [/^leases\/dhcpcd\//, '/var/lib/dhcpcd/'],
];

/** An old system below a directory, with an `ip` that prints what it is to print. */
function oldSystem(directory: string, files: CapturedFiles, more: Record<string, string> = {}): string {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(`${directory}${path}`), { recursive: true });
    writeFileSync(`${directory}${path}`, text);
  };
  for (const [name, text] of Object.entries(files)) {
    const place = places.find(([pattern]) => pattern.test(name));
    if (place !== undefined) write(place[1].endsWith('/') ? place[1] + basename(name) : place[1], text);
    if (/^\w+(-\d)?\.json$/.test(name)) write(`/ip/${name}`, text);
  }
  write('/etc/NetworkManager/system-connections/a', `[ipv4]\n${files['nm-dns'] ?? ''}`);
  for (const [path, text] of Object.entries(more)) write(path, text);
  write(
    '/memory/ip',
    `#!/bin/sh
family=''
for word; do
  case $word in
    -[46]) family=$word ;;
    link | route | rule) object=$word ;;
    address) object=addr ;;
    dev) exit 1 ;;
  esac
done
cat "${directory}/ip/$object$family.json"
`,
  );
  chmodSync(`${directory}/memory/ip`, 0o755);
  return directory;
}

function capture([program = '', ...args]: readonly string[], old: string, boot: string) {
  mkdirSync(`${boot}/dabei/capture`, { recursive: true });
  const parts = runParts.map(path => `. ${path}`);
  const script = ['set -eu; umask 077', ...parts, `capture_network ${boot}/dabei/capture ${old}`];
  return spawnSync(program, [...args, '-c', script.join('\n')], {
    env: { PATH: process.env['PATH'] ?? '', here: bundle, memory: `${old}/memory` },
    encoding: 'utf8',
  });
}

for (const shell of shells) {
  test(`captured by the shell alone, under ${shell[0]}: never a problem`, async t => {
    const directory = t.testdir();
    for (let seed = 1; seed <= 3; seed++) {
      const old = oldSystem(`${directory}/old-${seed}`, strangeSystem(seed));
      const boot = `${directory}/boot-${seed}`;
      const { stderr, status } = capture(shell, old, boot);
      t.strictSame({ stderr, status }, { stderr: '', status: 0 }, `seed ${seed}`);
      const captured = readCaptured(realDoors, boot);
      const { problems, config } = resolveConfiguration({ commandLine: '', files: [], captured });
      t.strictSame(problems, [], `seed ${seed}`);
      t.ok(config, `seed ${seed}`);
    }
  });

  test(`the options as JSON, under ${shell[0]}`, async t => {
    const texts = ['größe"\\', 'a\tb\u001b[2J', "x'$(id)`", '\u2028 \u007f', '{"a":1}'];
    for (const text of texts) {
      const [program = '', ...args] = shell;
      const script = `. ${bundle}/lib/json.sh; LC_ALL=C; json_string "$TEXT"`;
      const { stdout } = spawnSync(program, [...args, '-c', script], {
        env: { PATH: process.env['PATH'] ?? '', TEXT: text },
        encoding: 'utf8',
      });
      t.equal(JSON.parse(stdout), text);
    }
  });

  test(`what interfaces take of leases, under ${shell[0]}`, async t => {
    const directory = t.testdir();
    const old = oldSystem(
      `${directory}/old`,
      {},
      {
        '/proc/sys/net/ipv6/conf/eth0/accept_ra': '0\n',
        '/proc/sys/net/ipv6/conf/eth0.5/accept_ra_defrtr': '1\n',
        '/run/systemd/netif/links/2':
          '# private\nADMIN_STATE=configured\nREQUIRED_FOR_ONLINE=no\nNETWORK_FILE=/run/systemd/network/10-a.network\n',
        '/run/systemd/netif/links/3': 'ADMIN_STATE=unmanaged\n',
        '/run/systemd/network/10-a.network':
          '[Match]\nName=eth0\n[DHCPv4]\nUseDNS=no\nSendOption=81:string:secret\n',
        '/etc/systemd/network/10-a.network.d/x.conf': '[DHCPv4]\nUseRoutes=no',
        '/run/NetworkManager/devices/4': '[device]\nconnection-uuid=1-2\n',
        '/run/NetworkManager/devices/5': '[device]\n',
        '/etc/NetworkManager/system-connections/b':
          '[connection]\nuuid=1-2\n[wifi-security]\npsk=secret\n[ipv4]\nnever-default=true\n',
      },
    );
    const { stderr, status } = capture(shell, old, `${directory}/boot`);
    t.strictSame({ stderr, status }, { stderr: '', status: 0 });
    const read = (name: string) => readFileSync(`${directory}/boot/dabei/capture/${name}`, 'utf8');
    t.equal(read('sysctl'), 'eth0 accept_ra 0\neth0.5 accept_ra_defrtr 1\n');
    t.equal(
      read('networkd/2'),
      '[Link]\nRequiredForOnline=no\n[Match]\n[DHCPv4]\nUseDNS=no\n[DHCPv4]\nUseRoutes=no\n',
    );
    t.equal(read('networkd/3'), '');
    t.equal(read('nm/4'), '[connection]\n[wifi-security]\n[ipv4]\nnever-default=true\n');
    t.throws(() => read('nm/5'));
  });
}

test('the shells that an old system has', async t => t.ok(shells.length > 0, shells.join()));
