import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { signingProblems } from '../../../agent/config/signing.ts';
import { requireHostPackages } from '../../../image/lib/host.ts';
import { readEngineFiles, readRackFiles } from '../../vm/harness/rack/files.ts';
import { openRack } from '../../vm/harness/rack/rack.ts';

/** docs/fleets/rack.md: its files, with the real dnsmasq and the real nginx in a network of their own. */

t.setTimeout(100_000);
await requireHostPackages({ '/usr/bin/busybox': 'busybox-static' });

t.test('the servers answer as firmware, iPXE and dabei need it', async t => {
  const directory = t.testdir({});
  const rack = await openRack(directory, 1);
  t.teardown(rack.close);
  const inside = (...argv: [string, ...string[]]) => {
    const [program, ...rest] = rack.within(argv);
    return execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  // A cable from a card to the rack's bridge.
  inside('ip', 'link', 'add', 'card', 'type', 'veth', 'peer', 'name', 'port');
  inside('ip', 'link', 'set', 'port', 'master', 'eth1', 'up');
  inside('ip', 'link', 'set', 'card', 'up');
  const script = join(directory, 'script');
  writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] && echo "$boot_file $siaddr" >"$0.said"\nexit 0\n');
  chmodSync(script, 0o755);

  await t.test('what DHCP names', async t => {
    const rows: [name: string, options: string[], file: string][] = [
      ['BIOS', ['-x', '0x5d:0000', '-V', 'PXEClient:Arch:00000'], 'undionly.kpxe'],
      ['UEFI', ['-x', '0x5d:0007', '-V', 'PXEClient:Arch:00007'], 'ipxe.efi'],
      ['UEFI, as EFI byte code says it', ['-x', '0x5d:0009', '-V', 'PXEClient:Arch:00009'], 'ipxe.efi'],
      ['UEFI by HTTP', ['-x', '0x5d:0010', '-V', 'HTTPClient:Arch:00016'], 'http://10.77.0.1/ipxe.efi'],
      ['iPXE on BIOS', ['-x', '0x5d:0000', '-x', '0xaf:eb0301', '-V', 'PXEClient:Arch:00000'], 'http://10.77.0.1/fleet.ipxe'],
      ['iPXE on UEFI', ['-x', '0x5d:0007', '-x', '0xaf:eb0301', '-V', 'PXEClient:Arch:00007'], 'http://10.77.0.1/fleet.ipxe'],
    ];
    for (const [name, options, file] of rows) {
      inside('busybox', 'udhcpc', '-f', '-n', '-q', '-t', '5', '-T', '1', '-i', 'card', '-s', script, ...options);
      const [said, server] = readFileSync(`${script}.said`, 'utf8').trim().split(' ');
      t.equal(said, file, name);
      if (!file.startsWith('http')) t.equal(server, '10.77.0.1', `${name}: the server of TFTP`);
    }
  }); // prettier-ignore

  await t.test('a cache in front asks once', async t => {
    const body = 'y'.repeat(3_000_000);
    writeFileSync(join(rack.www, 'initrd'), body);
    const ask = 'for n in 1 2 3 4 5 6 7 8; do busybox wget -q -O - http://10.77.0.2/initrd | wc -c & done; wait';
    t.same(inside('sh', '-c', ask).trim().split('\n'), Array(8).fill('3000000'));
    t.equal(rack.sent().filter(({ path, server }) => path === '/initrd' && server === '10.77.0.1').length, 1);
    writeFileSync(join(rack.www, 'rack.json'), '1');
    for (const value of ['1', '2']) {
      writeFileSync(join(rack.www, 'rack.json'), value);
      t.equal(inside('busybox', 'wget', '-q', '-O', '-', 'http://10.77.0.2/rack.json'), value, 'never an old configuration');
    }
  }); // prettier-ignore

  await t.test('what TFTP and HTTP send', async t => {
    const body = 'x'.repeat(100_000);
    for (const path of [join(rack.tftp, 'ipxe.efi'), join(rack.www, 'bzImage')]) writeFileSync(path, body);
    const got = join(directory, 'got');
    inside('busybox', 'tftp', '-g', '-r', 'ipxe.efi', '-l', got, '10.77.0.1');
    t.equal(readFileSync(got, 'utf8'), body);
    t.equal(inside('busybox', 'wget', '-q', '-O', '-', 'http://10.77.0.1/bzImage'), body);
    t.throws(() => inside('busybox', 'wget', '-q', '-O', '-', 'http://10.77.0.1/hosts/x.json'), /404/);
    const event = JSON.stringify({ origin: 'nix-dabei', event_type: 'start', name: 'dabei/network', machine: {} });
    inside('busybox', 'wget', '-q', '-O', '-', '--post-data', event, 'http://10.77.0.1/events');
    t.equal(readFileSync(rack.reports, 'utf8'), `${event}\n`);
    const sent = rack.sent();
    t.match(sent.find(({ path }) => path === '/bzImage'), { status: 200 });
    t.ok(sent.find(({ path }) => path === '/bzImage')!.bytes > body.length, 'with headers');
  }); // prettier-ignore
});

t.test("other engines' files say what machines start from", async t => {
  const { matchbox, tinkerbell } = readEngineFiles();
  t.match(JSON.parse(matchbox), { generic_id: 'host.json.tmpl', boot: { kernel: '/assets/dabei/bzImage' } });
  const { spec } = JSON.parse(tinkerbell) as { spec: { userData: string; interfaces: { netboot: { osie: { kernelParams: string[] } } }[] } };
  const commandLine = spec.interfaces[0]!.netboot.osie.kernelParams.join(' ');
  const asked = resolveConfiguration({ commandLine, files: [] });
  t.strictSame(asked.problems, []);
  t.match(asked.learn.metadata, { want: 'install', source: { origins: ['http://192.0.2.1:7080'] } });
  const files = [{ path: '/dabei.json', bytes: Buffer.from(spec.userData) }];
  t.strictSame(resolveConfiguration({ commandLine: '', files }).problems, []);
}); // prettier-ignore

t.test('the configurations are valid', async t => {
  const files = readRackFiles();
  const now = Date.parse('2026-11-29T12:00:00Z') / 1000;
  const machine = signingProblems('/52-54-00-12-34-56.json', Buffer.from(files.machine), now);
  t.strictSame(machine.problems, [], 'of one machine');
  const rack = resolveConfiguration({
    commandLine: '',
    files: [{ path: '/dabei.json', bytes: Buffer.from(files.rack) }],
  });
  t.strictSame(rack.problems, [], 'of all');
  t.match(rack.fetch, { template: 'http://10.77.0.1/configs/{mac}.json' });
  t.match(files.script, /^#!ipxe\n[^]*\nboot\n$/);
});
