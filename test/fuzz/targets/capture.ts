import { networkFromCapture } from '../../../agent/capture/network.ts';
import type { CapturedFiles } from '../../../agent/capture/types.ts';
import { capturedIdentity, type CapturedFiles as IdentityFiles } from '../../../agent/capture/identity.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { networkSchema } from '../../../agent/config/schema.ts';
import { parseAddresses, parseGateways, parseLinks } from '../../../agent/host/machine/links.ts';
import * as files from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { randomAuthorizedKey } from '../configurations.ts';
import { mutateJson, mutateLines, mutateText } from '../mutate.ts';
import type { Random } from '../../support/random.ts';
import { textOf, type Target } from '../target.ts';

/**
 * The old system's network: whatever was captured, what comes of it is valid by itself. The originals are what iproute2
 * printed in the networks of test/vm/network-worlds.
 */
const worlds = JSON.parse(files.readText(checkout('test/fixtures/network-worlds.json'))) as Record<
  string,
  Record<string, unknown>
>;

type Changes = (random: Random, captured: Record<string, unknown>) => Record<string, unknown>;

/** The whole capture travels as one JSON text, so that it is one input. */
function generate(change: Changes) {
  return (random: Random): string => {
    const original = random.pick(Object.values(worlds));
    const captured = Object.fromEntries(
      Object.entries(change(random, original)).map(([name, content]) => [
        name,
        typeof content === 'string' ? content : JSON.stringify(content),
      ]),
    );
    return JSON.stringify(captured);
  };
}

/** Captured, it becomes a configuration, and that passes the schema. */
function decode(input: string | Buffer): 'refused' | void {
  const captured = JSON.parse(textOf(input)) as CapturedFiles;
  const { network, warnings } = networkFromCapture(captured);
  const checked = networkSchema.safeParse(network);
  if (!checked.success) throw new Error(`invalid: ${JSON.stringify(checked.error.issues)}`);
  return warnings.some(text => text.endsWith('it is not used')) ? 'refused' : undefined;
}

const json = generate((random, captured) => {
  const name = random.pick(Object.keys(captured).filter(each => each.endsWith('.json')));
  return { ...captured, [name]: mutateJson(random, captured[name], random.integer(1, 3)) };
});

const resolver = [
  '# made by hand',
  'domain example.org',
  'search example.org example.com. ~internal',
  'nameserver 192.0.2.53',
  'nameserver 2001:db8::53',
  'nameserver fe80::1%eth1',
  'nameserver 127.0.0.53 # local',
  'options edns0 trust-ad',
].join('\n');
const resolved =
  '[Resolve]\nDNS=192.0.2.53:53#dns.example [2001:db8::53]:853%eth0 fe80::1%2\nDomains=~. example.org\n';
const networkManager =
  '[ipv4]\ndns=192.0.2.53;198.51.100.53;\ndns-search=example.org;\n[ipv6]\ndns=2001:db8::53;\n';

const dns = generate((random, captured) => ({
  ...captured,
  'resolv.conf': mutateLines(random, resolver, random.integer(1, 3)),
  'resolved/resolved.conf': mutateLines(random, resolved, random.integer(0, 2)),
  'nm-dns': mutateLines(random, networkManager, random.integer(0, 2)),
}));

const leases: Readonly<Record<string, string>> = {
  'leases/networkd/3':
    '# This is private data. Do not parse.\nADDRESS=192.0.2.7\nNETMASK=255.255.255.0\nROUTER=192.0.2.1\nSERVER_ADDRESS=192.0.2.1\nMTU=1500\nHOSTNAME=web-01\nCLIENTID=ff12345600020000ab1193a1d2a3e4b5c6d7\n',
  'leases/dhclient.eth1.leases':
    'lease {\n  interface "eth1";\n  fixed-address 192.0.2.7;\n  option dhcp-client-identifier "\\001RT\\000\\332\\276\\002";\n  option routers 192.0.2.1;\n  renew 4 2026/11/26 10:00:00;\n}\n',
  'leases/NetworkManager/dhclient-0001-eth1.lease':
    'lease {\n  interface "eth1";\n  fixed-address 192.0.2.7;\n  option dhcp-client-identifier 1:52:54:0:da:be:2;\n}\n',
  'leases/NetworkManager/internal-0001-eth1.lease':
    '# This is private data.\nADDRESS=192.0.2.7\nCLIENTID=01525400dabe02\n',
  'leases/dhcpcd/duid': '00:01:00:01:2c:11:22:33:52:54:00:da:be:02\n',
  'leases/dhcpcd/eth1.lease': '\u0002\u0001\u0006',
};

const leased = generate((random, captured) => {
  const chosen = random.some(Object.keys(leases), 0.6);
  return {
    ...captured,
    ...Object.fromEntries(
      chosen.map(name => [name, mutateLines(random, leases[name]!, random.integer(0, 3))]),
    ),
    [`leases/${mutateText(random, 'networkd/3')}`]: leases['leases/networkd/3']!,
  };
});

const networkdUnit = [
  '[Match]',
  'Name=eth*',
  '[Link]',
  'RequiredForOnline=no:degraded',
  '[Network]',
  'Address=192.0.2.7/24',
  'Address=2001:db8::7/64',
  'DNS=192.0.2.53',
  '; a comment',
  '[DHCPv4]',
  'UseDNS=false',
  'UseRoutes=no',
  'UseHostname=0',
  '[IPv6AcceptRA]',
  'UseGateway=no',
  'UseMTU=no',
].join('\n');
const keyfile = [
  '[connection]',
  'id=Wired 1',
  'interface-name=eth0',
  '[ipv4]',
  'method=auto',
  'never-default=true',
  'dns=192.0.2.53;198.51.100.53;',
  'ignore-auto-dns=true',
  '[ipv6]',
  'ignore-auto-routes=yes',
].join('\n');

/** Units of systemd-networkd, keyfiles of NetworkManager and the kernel's settings, of the links that there are. */
const units = generate((random, captured) => {
  const links = (captured['link.json'] ?? []) as { ifindex: number; ifname: string }[];
  const files = links.flatMap(({ ifindex, ifname }): [string, string][] => [
    [`networkd/${ifindex}`, mutateLines(random, networkdUnit, random.integer(0, 4))],
    [`nm/${ifindex}`, mutateLines(random, keyfile, random.integer(0, 4))],
    [
      'sysctl',
      mutateText(random, `${ifname} accept_ra 2\n${ifname} accept_ra_defrtr 0\n${ifname} accept_ra_mtu 0\n`),
    ],
  ]);
  return { ...captured, ...Object.fromEntries(random.some(files, 0.8)) };
});

/** What `ip` prints on the running system, from the same originals. */
const here: Target = {
  name: 'ip-json',
  generate: random => {
    const original = random.pick(Object.values(worlds));
    const name = random.pick(['link.json', 'addr.json', 'route-4.json']);
    return JSON.stringify(mutateJson(random, original[name] ?? [], random.integer(1, 3)));
  },
  decode: input => {
    const text = textOf(input);
    let refused = 0;
    for (const parse of [(t: string) => parseLinks(t, () => null), parseAddresses, parseGateways]) {
      try {
        parse(text);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'DabeiError') && !isRefusal(error)) throw error;
        refused++;
      }
    }
    return refused === 3 ? 'refused' : undefined;
  },
};

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'doing' in error;
}

const effective = [
  'port 2222',
  'listenaddress 192.0.2.7:2222',
  'listenaddress [::1]:22 rdomain blue',
  'hostkey /etc/ssh/ssh_host_ed25519_key',
  'hostcertificate /etc/ssh/ssh_host_ed25519_key-cert.pub',
  'authorizedkeysfile .ssh/authorized_keys /etc/ssh/keys/%u',
  'authorizedkeyscommand none',
  'trustedusercakeys /etc/ssh/ca.pub',
  'authorizedprincipalsfile none',
  'authenticationmethods publickey,password any',
].join('\n');

/** What `sshd -T` of the old system said, and the rest of its identity. */
const identity: Target = {
  name: 'captured identity',
  generate: random =>
    JSON.stringify({
      sshd: mutateLines(random, effective, random.integer(1, 4)),
      sshPort: random.chance(0.5) ? mutateText(random, '2222\n') : `${random.integer(0, 70000)}`,
      hostName: random.chance(0.5) ? mutateText(random, 'web-01.example.org\n') : `${random.word()}\n`,
      machineId: random.chance(0.5) ? mutateText(random, random.hex(32)) : random.hex(32),
      authorizedKeys: mutateLines(
        random,
        `#from /root/.ssh/authorized_keys\n${randomAuthorizedKey(random)}\n`,
      ),
    }),
  decode: input => {
    const { value, notes } = capturedIdentity(
      { hostKeys: new Map(), ...(JSON.parse(textOf(input)) as Omit<IdentityFiles, 'hostKeys'>) },
      1_795_824_000,
    );
    const { problems } = resolveConfiguration({ commandLine: '', files: [], captured: { value, notes } });
    if (problems.length > 0) throw new Error(`invalid: ${JSON.stringify(problems)}`);
    return Object.keys(value).length === 0 ? 'refused' : undefined;
  },
};

export const captureTargets: Target[] = [
  { name: 'captured ip -json', generate: json, decode },
  { name: 'captured DNS', generate: dns, decode },
  { name: 'captured leases', generate: leased, decode },
  { name: 'captured units', generate: units, decode },
  here,
  identity,
];
