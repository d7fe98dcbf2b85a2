import { isIP } from 'node:net';
import type { CapturedFiles } from './network.ts';

/** Name servers of the old system. Formats: resolv.conf(5), resolved.conf(5), NetworkManager's keyfiles. */

/**
 * Servers that listen on the old system itself (systemd-resolved's 127.0.0.53, a local cache) are not there any more,
 * so the others count: those that systemd-resolved and NetworkManager ask.
 */
export function dnsOf(files: CapturedFiles): {
  servers: string[];
  search: string[];
  warnings: string[];
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
  const usable = named.map(withoutDecoration).filter(server => isIP(server) !== 0 && !isLocal(server));
  const local = named.filter(server => isLocal(withoutDecoration(server)));
  if (usable.length === 0 && local.length > 0) {
    warnings.push(`the only name server is on the machine itself (${local[0]}): names cannot be resolved`);
  }
  const search = sources.flatMap(source => source.search).map(domain => domain.replace(/^~|\.$/g, ''));
  return {
    servers: [...new Set(usable)],
    search: [...new Set(search.filter(domain => /^[\w-]+(\.[\w-]+)*$/.test(domain)))],
    warnings,
  };
}

function readResolvConf(text: string): { servers: string[]; search: string[] } {
  const lines = text.split('\n').map(line =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
  const servers = lines.filter(([key]) => key === 'nameserver').map(([, server = '']) => server);
  // The last of "search" and "domain" counts.
  const search = lines.findLast(([key]) => key === 'search' || key === 'domain') ?? [];
  return { servers, search: search.slice(1) };
}

/** "DNS=192.0.2.53 2001:db8::53", "dns=192.0.2.53;2001:db8::53;" */
function readAssignments(
  text: string,
  dns: string,
  domains: string,
): { servers: string[]; search: string[] } {
  const values = (wanted: string) =>
    text.split('\n').flatMap(line => {
      const [, key, value = ''] = /^\s*([\w.-]+)\s*=(.*)$/.exec(line) ?? [];
      // NetworkManager has one such key for each family, and says which only by the section.
      return key === wanted ? value.split(/[\s;,]+/).filter(Boolean) : [];
    });
  return { servers: values(dns), search: values(domains) };
}

/** resolved.conf(5): "[2001:db8::53]:853%eth0#dns.example"; what remains of a zone would name another machine's link. */
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
