import { anyIndex, formatPath, publicPath, type Path, type Place } from './report.ts';

/** JSON values with their place in the source, which they keep when they are merged and validated. */
export type Located = LocatedObject | LocatedArray | LocatedScalar;

export interface LocatedObject {
  kind: 'object';
  place: Place;
  /** A Map, because "__proto__" is an ordinary key in JSON. */
  entries: Map<string, Entry>;
}

export interface Entry {
  key: Place;
  value: Located;
}

export interface LocatedArray {
  kind: 'array';
  place: Place;
  items: Located[];
}

export interface LocatedScalar {
  kind: 'scalar';
  place: Place;
  value: string | number | boolean | null;
}

/** Makes a located value without line and column, such as the value of a kernel parameter. */
export function locate(value: unknown, source: string, path: Path = []): Located {
  const place = { source, path: formatPath(path), line: null, column: null };
  if (Array.isArray(value)) {
    return {
      kind: 'array',
      place,
      items: value.map((item, index) => locate(item, source, [...path, index])),
    };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]): [string, Entry] => {
        const located = locate(item, source, [...path, key]);
        return [key, { key: located.place, value: located }];
      });
    return { kind: 'object', place, entries: new Map(entries) };
  }
  return { kind: 'scalar', place, value: value as LocatedScalar['value'] };
}

export function toJson(located: Located): unknown {
  switch (located.kind) {
    case 'object':
      return Object.fromEntries([...located.entries].map(([key, entry]) => [key, toJson(entry.value)]));
    case 'array':
      return located.items.map(toJson);
    case 'scalar':
      return located.value;
  }
}

/** Lists that accumulate over the sources; a later source replaces all other lists. */
const additive = ['rootAuthorizedKeys', 'ssh.hostKeys', 'configSigners'];

/** Merges two values: `later` wins, objects merge key by key, arrays named by `adds` are joined, other arrays replaced. */
export function merge(
  earlier: Located,
  later: Located,
  adds: readonly string[] = additive,
  path: Path = [],
): Located {
  if (earlier.kind === 'object' && later.kind === 'object') {
    const entries = new Map(earlier.entries);
    for (const [key, entry] of later.entries) {
      const before = entries.get(key);
      entries.set(
        key,
        before ? { ...entry, value: merge(before.value, entry.value, adds, [...path, key]) } : entry,
      );
    }
    return { ...later, entries };
  }
  if (earlier.kind === 'array' && later.kind === 'array' && adds.includes(formatPath(path))) {
    return { ...later, items: [...earlier.items, ...later.items] };
  }
  return later;
}

/** The value at a path, or undefined. */
export function valueAt(located: Located, path: Path): Located | undefined {
  let here: Located | undefined = located;
  for (const part of path) {
    if (here?.kind === 'object') here = here.entries.get(String(part))?.value;
    else if (here?.kind === 'array') here = here.items[Number(part)];
    else return undefined;
  }
  return here;
}

/** Every value that a pattern of paths names, with its own path. */
export function valuesAt(located: Located, pattern: readonly string[]): { path: Path; value: Located }[] {
  let found: { path: Path; value: Located }[] = [{ path: [], value: located }];
  for (const part of pattern)
    found = found.flatMap(({ path, value }) => {
      if (part === anyIndex)
        return value.kind === 'array'
          ? value.items.map((item, at) => ({ path: [...path, at], value: item }))
          : [];
      const below = valueAt(value, [part]);
      return below === undefined ? [] : [{ path: [...path, part], value: below }];
    });
  return found;
}

/**
 * Where the value at a path was written. For a path that does not exist, such as the path of a missing key: the place of its
 * innermost existing parent, with the rest of the path appended.
 */
export function placeOf(located: Located, path: Path): Place {
  for (let length = path.length; length >= 0; length--) {
    const found = valueAt(located, path.slice(0, length));
    if (!found) continue;
    const rest = formatPath(path.slice(length));
    const joint = found.place.path === '' || rest === '' || rest.startsWith('[') ? '' : '.';
    return { ...found.place, path: `${found.place.path}${joint}${rest}` };
  }
  return located.place;
}

/** All leaves, each with its source: "disks.devices[0]" -> "dabei.config". */
export function originsOf(located: Located, path: Path = []): [string, string][] {
  switch (located.kind) {
    case 'object':
      return [...located.entries].flatMap(([key, entry]) => originsOf(entry.value, [...path, key]));
    case 'array':
      return located.items.flatMap((item, index) => originsOf(item, [...path, index]));
    case 'scalar':
      return [[formatPath(publicPath(path)), located.place.source]];
  }
}
