import type { CapturedFiles } from '../../../agent/capture/types.ts';

/** What nothing looks at, and what changes at every run. */
const noise =
  /^(qdisc|group|txqlen|promiscuity|allmulti|(min|max)_mtu|num_.*|g[sr]o_.*|tso_.*|linkmode|operstate|broadcast|brd|label|pref|mcast_.*|.*_timer|valid_life_time|ad_.*_state.*|ad_info|parent(bus|dev)|fdb_.*|inet6_.*|link_failure_count|root_.*|bridge_id|topology_.*|vlan_(stats|default).*|mst_.*|no_linklocal_learn|group_.*|ageing_time|max_age|hello_time)$/;

/** A capture in little space: parsed, without noise, and of the table "local" only what one address has. */
export function trim(captured: CapturedFiles): Record<string, unknown> {
  const files = Object.entries(captured).map(([name, text]): [string, unknown] => {
    if (!name.endsWith('.json')) return [name, text];
    const value = JSON.parse(text.trim() || '[]', (key, item: unknown) =>
      noise.test(key) ? undefined : item,
    ) as Record<string, unknown>[];
    const items = value.filter(item => !isEverywhere(item));
    // The rest of what it prints is that of link.json.
    const short =
      name === 'addr.json' ? items.map(({ ifname, addr_info }) => ({ ifname, addr_info })) : items;
    return [name, short];
  });
  return Object.fromEntries(files.filter(([, content]) => !Array.isArray(content) || content.length > 0));
}

/** Routes of the table "local", the kernel's own rules, and tunnels that are always there. */
function isEverywhere(item: Record<string, unknown>): boolean {
  return (
    (item['table'] === 'local' && item['dst'] !== '192.0.2.7') ||
    (item['dst'] === 'fe80::/64' && item['dev'] !== 'eth1') ||
    item['ifname'] === 'sit0' ||
    (item['priority'] === 32767 && item['table'] === 'default')
  );
}

/** One line a file. */
export function formatFixtures(worlds: Readonly<Record<string, Record<string, unknown>>>): string {
  const blocks = Object.entries(worlds).map(([name, files]) => {
    const lines = Object.entries(files).map(
      ([file, content]) => `${JSON.stringify(file)}:${JSON.stringify(content)}`,
    );
    return `${JSON.stringify(name)}:{\n${lines.join(',\n')}\n}`;
  });
  return `{\n${blocks.join(',\n')}\n}\n`;
}
