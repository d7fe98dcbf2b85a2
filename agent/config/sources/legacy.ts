import { isIPv4 } from 'node:net';
import { defaultRoute, prefixLength } from './ip-parameter.ts';
import { locate, type Entry, type Located, type LocatedObject } from '../located.ts';
import { saysSomething } from '../../keys/authorized-keys.ts';
import type { Place } from '../report.ts';

/**
 * The runtime-info.json of the first installer (2021), written by its capture script on the old system:
 * {hostName, hostId, rootAuthorizedKeys, diskToFormat, networkInterface, networkInterfaceModule,
 *  ipv4: {address, prefixLength, gateway, netmask}, ipv6: {address, prefixLength, gateway}}
 */
const legacyKeys = ['diskToFormat', 'networkInterface', 'networkInterfaceModule', 'ipv4', 'ipv6'] as const;

export interface Upgrade {
  value: Located;
  /** Set if the conversion changed anything. */
  note: string | null;
}

/**
 * Converts the 2021 format to version 1; returns anything else unchanged. Values keep their places; the schema reports invalid
 * ones. Keys of version 1 override the old ones.
 */
export function upgradeLegacy(value: Located): Upgrade {
  if (value.kind !== 'object' || !legacyKeys.some(key => value.entries.has(key)))
    return { value, note: null };
  const entries = new Map(value.entries);
  const old = new Map(legacyKeys.map(key => [key, entries.get(key)]));
  for (const key of legacyKeys) entries.delete(key);

  const keys = entries.get('rootAuthorizedKeys');
  if (keys?.value.kind === 'array') {
    // The capture copied every line of authorized_keys.
    const items = keys.value.items.filter(item => !isText(item) || saysSomething(item.value));
    entries.set('rootAuthorizedKeys', { ...keys, value: { ...keys.value, items } });
  }

  const disk = old.get('diskToFormat');
  if (disk) {
    const devices = array(disk.key, [disk.value]);
    const given = entries.get('disks')?.value;
    const others = given?.kind === 'object' ? given.entries : [];
    entries.set('disks', entry(object(disk.key, [['devices', devices], ...valuesOf(others)])));
  }

  const link = upgradeInterface(old.get('networkInterface'), [old.get('ipv4'), old.get('ipv6')]);
  if (link && !entries.has('network')) {
    entries.set('network', entry(object(link.place, [['interfaces', array(link.place, [link])]])));
  }

  const notes = ['uses the 2021 format; converted to version 1'];
  if (old.get('networkInterfaceModule')) notes.push('networkInterfaceModule is no longer needed');
  if (disk) notes.push('dabei erases a disk that holds data only with "disks": {"wipe": true} or dabei.wipe');
  return { value: { ...value, entries }, note: notes.join('; ') };
}

function upgradeInterface(name: Entry | undefined, families: (Entry | undefined)[]): LocatedObject | null {
  const addresses: Located[] = [];
  const routes: Located[] = [];
  for (const family of families) {
    if (!family || isAbsent(family.value)) continue;
    if (family.value.kind !== 'object') {
      addresses.push(family.value);
      continue;
    }
    const field = (key: string) => {
      const found = family.value.kind === 'object' ? family.value.entries.get(key)?.value : undefined;
      return found === undefined || isAbsent(found) ? undefined : found;
    };
    const [address, gateway] = [field('address'), field('gateway')];
    if (!address) continue;
    const cidr = cidrOf(address, field('prefixLength'), field('netmask'));
    addresses.push(scalar(address.place, cidr));
    if (gateway) routes.push(routeOf(cidr, gateway));
  }
  if (!name && addresses.length === 0) return null;
  const place = name?.key ?? addresses[0]!.place;
  return object(place, [
    name ? ['name', name.value] : ['only', scalar(place, true)],
    ['addresses', array(place, addresses)],
    ['routes', array(place, routes)],
  ]);
}

/** "192.0.2.7/24", or only the address without a usable length: the schema reports what is missing. */
function cidrOf(address: Located, length: Located | undefined, netmask: Located | undefined): string {
  const host = textOf(address);
  const v4 = isIPv4(host);
  const prefix = prefixLength(textOf(length), v4) ?? prefixLength(textOf(netmask), v4);
  return prefix === null ? host : `${host}/${prefix}`;
}

function routeOf(cidr: string, gateway: Located): Located {
  const route = [['destination', scalar(gateway.place, 'default')]] as [string, Located][];
  route.push(['gateway', gateway]);
  try {
    if (defaultRoute(cidr, textOf(gateway)).onlink) route.push(['onlink', scalar(gateway.place, true)]);
  } catch {
    // One of the two is not a valid address; the schema reports it.
  }
  return object(gateway.place, route);
}

function isText(value: Located): value is Located & { kind: 'scalar'; value: string } {
  return value.kind === 'scalar' && typeof value.value === 'string';
}

/** The capture wrote "" or null if the machine did not have the address. */
function isAbsent(value: Located): boolean {
  return value.kind === 'scalar' && (value.value === '' || value.value === null);
}

function textOf(value: Located | undefined): string {
  return value?.kind === 'scalar' ? String(value.value) : '';
}

function scalar(place: Place, value: string | boolean): Located {
  return { ...locate(value, place.source), place };
}

function array(place: Place, items: Located[]): Located {
  return { kind: 'array', place, items };
}

function entry(value: Located): Entry {
  return { key: value.place, value };
}

function object(place: Place, values: [string, Located][]): LocatedObject {
  return { kind: 'object', place, entries: new Map(values.map(([key, value]) => [key, entry(value)])) };
}

function valuesOf(entries: Iterable<[string, Entry]>): [string, Located][] {
  return [...entries].map(([key, { value }]) => [key, value]);
}
