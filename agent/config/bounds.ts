import { z } from 'zod';
import type { Entry, Located } from './located.ts';
import type { Path } from './report.ts';

/** A list that is longer than the schema allows. */
export interface Overlong {
  path: Path;
  maximum: number;
}

/**
 * Cuts lists to the length that a schema allows, before zod validates them: zod checks all items before the length, and a list
 * of a hundred thousand invalid items would keep a small machine from its network.
 * @returns the value, unchanged unless a list is too long
 */
export function withinBounds(
  schema: z.ZodType,
  located: Located,
): { located: Located; overlong: Overlong[] } {
  const overlong: Overlong[] = [];
  return { located: bounded(schema, located, [], overlong), overlong };
}

function bounded(type: z.core.$ZodType, located: Located, path: Path, overlong: Overlong[]): Located {
  if (located.kind === 'scalar') return located;
  if (located.kind === 'array') {
    const list = listIn(type);
    if (list === null) return located;
    const { maximum, element } = list;
    if (located.items.length > maximum) overlong.push({ path, maximum });
    const items = located.items
      .slice(0, maximum)
      .map((item, index) => bounded(element, item, [...path, index], overlong));
    return { ...located, items };
  }
  const shape = shapeIn(type);
  const entries = [...located.entries].map(([key, entry]): [string, Entry] => {
    const member = Object.hasOwn(shape, key) ? shape[key] : undefined;
    return [
      key,
      member ? { ...entry, value: bounded(member, entry.value, [...path, key], overlong) } : entry,
    ];
  });
  return { ...located, entries: new Map(entries) };
}

function listIn(type: z.core.$ZodType): { maximum: number; element: z.core.$ZodType } | null {
  const inner = unwrapped(type);
  if (!(inner instanceof z.ZodArray)) return null;
  const maxima = (inner.def.checks ?? []).map(({ _zod: { def } }) =>
    'maximum' in def ? Number(def.maximum) : Infinity,
  );
  return { maximum: Math.min(...maxima, Infinity), element: inner.def.element };
}

function shapeIn(type: z.core.$ZodType): z.core.$ZodShape {
  const inner = unwrapped(type);
  if (inner instanceof z.ZodObject) return inner.shape;
  const alternatives = inner instanceof z.ZodUnion ? inner.def.options.map(unwrapped) : [];
  return alternatives.find(option => option instanceof z.ZodObject)?.shape ?? {};
}

function unwrapped(type: z.core.$ZodType): z.core.$ZodType {
  const isWrapper =
    type instanceof z.ZodDefault || type instanceof z.ZodPrefault || type instanceof z.ZodOptional;
  return isWrapper ? unwrapped(type.def.innerType) : type;
}
