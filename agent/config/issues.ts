import { z } from 'zod';
import { withinBounds } from './bounds.ts';
import { placeOf, toJson, valueAt, type Located } from './located.ts';
import { nearest } from './nearest.ts';
import { formatPath, publicPath, type Path, type Problem } from './report.ts';

/** Translates zod's issues for the person who wrote the configuration. */

export type Issue = z.core.$ZodIssue;

/** An issue, independent of its union; each one describes one thing to correct. */
interface Finding {
  path: Path;
  message: string;
  remedy?: string;
  /** The value is missing; a syntax error elsewhere may be the cause. */
  missing?: true;
  unknownKey?: true;
  /** An object lacks a key; a misspelt key of the object may be the cause. */
  aboutWhole?: true;
}

interface LocatedProblem extends Problem {
  missing: boolean;
  unknownKey: boolean;
}

/** Checks a value against a schema and reports all problems. */
export function check<S extends z.ZodType>(
  schema: S,
  located: Located,
): { data: z.output<S> | null; problems: LocatedProblem[] } {
  const { located: bounded, overlong } = withinBounds(schema, located);
  const result = schema.safeParse(toJson(bounded));
  if (result.success && overlong.length === 0) return { data: result.data, problems: [] };
  const found = [
    ...overlong.map(({ path, maximum }): Finding => ({ path, message: `has more than ${maximum} items` })),
    ...(result.error?.issues ?? []).flatMap(issue => findings(issue, [], located, schema)),
  ];
  const withUnknownKeys = new Set(
    found.filter(({ unknownKey }) => unknownKey).map(({ path }) => formatPath(path.slice(0, -1))),
  );
  const problems = found
    .filter(({ aboutWhole, path }) => !(aboutWhole && withUnknownKeys.has(formatPath(path))))
    .map(({ path, message, remedy, missing, unknownKey }) => ({
      code: 'CONFIG_SCHEMA' as const,
      ...(unknownKey ? keyPlace(located, path) : placeOf(located, publicPath(path))),
      message,
      ...(remedy === undefined ? {} : { remedy }),
      missing: missing ?? false,
      unknownKey: unknownKey ?? false,
    }));
  return { data: null, problems };
}

function keyPlace(located: Located, path: Path) {
  const parent = valueAt(located, path.slice(0, -1));
  const entry = parent?.kind === 'object' ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.key ?? placeOf(located, path);
}

function findings(issue: Issue, prefix: Path, located: Located, schema: z.ZodType): Finding[] {
  const path = [...prefix, ...(issue.path as (string | number)[])];
  const here = valueAt(located, path);
  switch (issue.code) {
    case 'invalid_type': {
      if (here === undefined) return [{ path, message: 'is missing', missing: true, ...remedyFor(path) }];
      const expected = expectation(issue);
      const quoted = typeOf(here) === 'string' && ['number', 'int', 'boolean'].includes(issue.expected);
      const remedy = quoted ? { remedy: 'write it without quotes' } : {};
      return [{ path, message: `expected ${expected}, got ${typeOf(here)}`, ...remedy }];
    }
    case 'invalid_value': {
      if (here === undefined) return [{ path, message: 'is missing', missing: true }];
      const allowed = issue.values.map(String);
      const near = here.kind === 'scalar' ? nearest(String(here.value), allowed) : null;
      const remedy = near === null ? {} : { remedy: `did you mean "${near}"?` };
      return [
        { path, message: `must be ${list(issue.values.map(value => JSON.stringify(value)))}`, ...remedy },
      ];
    }
    case 'too_small':
      if (issue.origin === 'string') return [{ path, message: 'is empty' }];
      if (issue.origin === 'array') return [{ path, message: 'is empty', ...remedyFor(path) }];
      return [{ path, message: `must be at least ${issue.minimum}` }];
    case 'too_big':
      if (issue.origin === 'string') return [{ path, message: `is longer than ${issue.maximum} characters` }];
      if (issue.origin === 'array') return [{ path, message: `has more than ${issue.maximum} items` }];
      return [{ path, message: `must be at most ${issue.maximum}` }];
    case 'unrecognized_keys':
      return issue.keys.map(key => ({
        path: [...path, key],
        message: 'unknown key',
        unknownKey: true,
        ...suggestion(key, path, schema),
      }));
    case 'invalid_union': {
      const branch = branchMeant(issue.errors);
      if (branch) return branch.flatMap(inner => findings(inner, path, located, schema));
      if (here === undefined) return [{ path, message: 'is missing', missing: true }];
      const expected = list([...new Set(issue.errors.flat().map(expectation))]);
      const quoted = here.kind === 'scalar' && /^(true|false)$/.test(String(here.value));
      const remedy = quoted && typeOf(here) === 'string' ? { remedy: 'write it without quotes' } : {};
      return [{ path, message: `expected ${expected}, got ${typeOf(here)}`, ...remedy }];
    }
    default:
      return [
        {
          path,
          message: issue.message,
          ...remedyOf(issue),
          ...(here?.kind === 'object' ? { aboutWhole: true } : {}),
        },
      ];
  }
}

/** The remedy that the schema supplies (`params` of a refinement). */
function remedyOf(issue: Issue): { remedy: string } | object {
  const remedy = issue.code === 'custom' ? (issue.params?.['remedy'] as unknown) : undefined;
  return typeof remedy === 'string' ? { remedy } : {};
}

/** The alternative of a union whose type the value has: its issues are the useful ones. */
export function branchMeant(branches: readonly Issue[][]): Issue[] | undefined {
  return branches.find(issues =>
    issues.every(
      ({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'),
    ),
  );
}

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type') return issue.expected === 'int' ? 'whole number' : issue.expected;
  if (issue.code === 'invalid_value') return list(issue.values.map(value => JSON.stringify(value)));
  return issue.message;
}

function typeOf(located: Located): string {
  if (located.kind !== 'scalar') return located.kind;
  return located.value === null ? 'null' : typeof located.value;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function remedyFor(path: Path): { remedy: string } | object {
  if (path.join('.') === 'disks.devices') return { remedy: nameTheDisks };
  return {};
}

export const nameTheDisks =
  'name the disks in disks.devices, or with dabei.disks=single:/dev/disk/by-id/…; "only" selects the sole suitable disk';

function suggestion(key: string, path: Path, schema: z.ZodType): { remedy: string } | object {
  const known = keysAt(schema, path);
  const near = nearest(key, known);
  if (near !== null) return { remedy: `did you mean "${near}"?` };
  const home = keysOf(schema).home.get(key);
  if (home !== undefined) return { remedy: `it belongs to ${home || 'the top level'}` };
  return known.length === 0 ? {} : { remedy: `known here: ${known.join(', ')}` };
}

/** The keys that the schema allows in the object at a path; it ignores the indices of lists. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  return keysOf(schema).at.get(path.filter(part => typeof part === 'string').join('.')) ?? [];
}

interface Keys {
  /** "disks" -> ["layout", "devices", …] */
  at: ReadonlyMap<string, readonly string[]>;
  /** "layout" -> "disks": the outermost object that has a key of this name; "" is the top level. */
  home: ReadonlyMap<string, string>;
}

const keysOfSchemas = new WeakMap<z.ZodType, Keys>();

/** All keys of a schema, outermost first; computed once per schema. */
function keysOf(schema: z.ZodType): Keys {
  const known = keysOfSchemas.get(schema);
  if (known) return known;
  const at = new Map<string, string[]>();
  const home = new Map<string, string>();
  for (let level: [string, z.ZodType][] = [['', schema]]; level.length > 0;) {
    const next: [string, z.ZodType][] = [];
    for (const [path, type] of level) {
      for (const [key, value] of objectsIn(type).flatMap(shape => Object.entries(shape))) {
        at.set(path, [...(at.get(path) ?? []), key]);
        if (!home.has(key)) home.set(key, path);
        next.push([path === '' ? key : `${path}.${key}`, value as z.ZodType]);
      }
    }
    level = next;
  }
  const keys = { at, home };
  keysOfSchemas.set(schema, keys);
  return keys;
}

/** The object schemas inside defaults, optionals, lists, unions and transforms. */
function objectsIn(type: z.core.$ZodType): z.core.$ZodShape[] {
  if (type instanceof z.ZodObject) return [type.shape];
  if (type instanceof z.ZodDefault || type instanceof z.ZodPrefault || type instanceof z.ZodOptional)
    return objectsIn(type.def.innerType);
  if (type instanceof z.ZodArray) return objectsIn(type.def.element);
  if (type instanceof z.ZodUnion) return type.def.options.flatMap(objectsIn);
  return [];
}
