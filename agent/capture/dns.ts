import { isIP } from 'node:net';
import type { CapturedFiles, LeftOut } from './types.ts';
import { shown } from './shown.ts';

/** Name servers of the old system. Formats: resolv.conf(5), resolved.conf(5), NetworkManager's keyfiles. */

/**
 * Collects name servers and search domains. Servers on the old system itself (systemd-resolved's 127.0.0.53, a local cache) end
 * with it; dabei uses those that systemd-resolved and NetworkManager query instead.
 */
export function dnsOf(files: CapturedFiles): {
  servers: string[];
  search: string[];
  warnings: string[];
  leftOut: LeftOut[];
} {
  const warnings: string[] = [];
  const sources = [
    readResolvConf(files['resolv.conf'] ?? ''),
    ...Object.keys(files)
      .filter(name => name.startsWith('resolved/'))
      .sort()
      .map(name => readAssignments(files[name]!, 'DNS', 'Domains')),
    readAssignments(files['nm-dns'] ?? '', 'dns', 'dns-search'),
  ];
  const named = sources.flatMap(({ servers }) => servers);
  const plain = [...new Set(named.map(withoutDecoration))];
  const usable = plain.filter(server => isIP(server) !== 0 && !isLocal(server) && !server.includes('%'));
  const local = named.filter(server => isLocal(withoutDecoration(server)));
  const leftOut = plain
    .filter(server => !usable.includes(server) && !isLocal(server))
    .map(server => ({
      name: `the name server ${shown(server)}`,
      why:
        isIP(server) === 0
          ? 'is not a valid IP address'
          : 'is reachable through one link of the old system only',
    }));
  if (usable.length === 0 && local.length > 0) {
    warnings.push(`the only name server is on the machine itself (${local[0]}): names cannot be resolved`);
  }
  // "~" marks a route-only domain (resolved.conf(5)); "." alone is not a search domain.
  const domains = sources.flatMap(source => source.search).map(domain => domain.replace(/^~|\.$/g, ''));
  const search = [...new Set(domains)].filter(domain => domain !== '');
  const isDomain = (domain: string) => /^[\w-]+(\.[\w-]+)*$/.test(domain);
  leftOut.push(
    ...search
      .filter(domain => !isDomain(domain))
      .map(domain => ({ name: `the search domain ${shown(domain)}`, why: 'is not a valid domain name' })),
  );
  return { servers: usable, search: search.filter(isDomain), warnings, leftOut };
}

function readResolvConf(text: string): { servers: string[]; search: string[] } {
  const lines = text.split('\n').map(line =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
  const servers = lines.filter(([key]) => key === 'nameserver').map(([, server = '']) => server);
  // The last "search" or "domain" line wins (resolv.conf(5)).
  const search = lines.findLast(([key]) => key === 'search' || key === 'domain') ?? [];
  return { servers, search: search.slice(1) };
}

/**
 * Reads "DNS=192.0.2.53#dns.example 2001:db8::53" and "dns=192.0.2.53;2001:db8::53;". `ini` would lose all servers but the
 * first: it ends a value at the first ";" or "#", while systemd.syntax(7) and NetworkManager allow comments only at the start of
 * a line. A repeated key adds to the list.
 */
function readAssignments(
  text: string,
  dns: string,
  domains: string,
): { servers: string[]; search: string[] } {
  const values = (wanted: string) =>
    text.split('\n').flatMap(line => {
      const [, key, value = ''] = /^\s*([\w.-]+)\s*=(.*)$/.exec(line) ?? [];
      // NetworkManager uses this key once in each family's section.
      return key === wanted ? value.split(/[\s;,]+/).filter(Boolean) : [];
    });
  return { servers: values(dns), search: values(domains) };
}

/** Removes port, link and TLS name: "[2001:db8::53]:853%eth0#dns.example" (resolved.conf(5)). A bare IPv6 zone remains. */
function withoutDecoration(server: string): string {
  const plain = server.replace(/#.*/, '');
  const bracketed = /^\[([^\]]+)\]/.exec(plain)?.[1];
  if (bracketed !== undefined) return bracketed;
  const v4 = /^(\d+\.\d+\.\d+\.\d+)(:\d+)?(%.*)?$/.exec(plain)?.[1];
  return v4 ?? plain;
}

function isLocal(server: string): boolean {
  return server.startsWith('127.') || server === '::1' || server === '0.0.0.0' || server === '::';
}
