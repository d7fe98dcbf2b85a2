import { z } from 'zod';
import type { InterfaceInput, NetworkInput } from '../config/schema.ts';
import { interfaceSchema, networkSchema } from '../config/schema.ts';
import { shown } from './shown.ts';

/**
 * Keeps unusual values of an old system from making the configuration invalid, since a machine without a valid configuration
 * has no network. It removes the smallest invalid part: an address, a name server, an MTU. It removes a route, a rule or the
 * definition of a bond as a whole, because the remaining part would mean something else.
 */

/** @returns a network that the schema accepts, and a note about each part that was removed */
export function onlyValid(network: NetworkInput): { network: NetworkInput; notes: string[] } {
  // Usually everything is valid, and with 10,000 routes one check of the whole is cheaper than one of each part.
  if (networkSchema.safeParse(network).success) return { network, notes: [] };
  const notes: string[] = [];
  const kept = validParts(networkSchema, network, null, notes, {
    interfaces: (item: InterfaceInput, index: number) => {
      const what = shown(item.name ?? `interface ${index + 1}`);
      const rest = validParts(interfaceSchema, item, what, notes, {});
      // A bond, VLAN or bridge without its definition would configure a network card of the same name.
      const isMade = (each: InterfaceInput) => (each.bond ?? each.vlan ?? each.bridge) !== undefined;
      return rest !== null && isMade(rest) === isMade(item) ? rest : null;
    },
  });
  return { network: kept ?? {}, notes };
}

type Repair = (item: never, index: number) => object | null;

/**
 * Removes the members that the schema refuses from an object; from lists, it removes only the refused elements.
 * @param owner what the object is called in notes
 * @param repairs how to save a part of a list's element
 * @returns null if the schema refuses the rest, too
 */
function validParts<T extends object>(
  schema: z.ZodObject,
  value: T,
  owner: string | null,
  notes: string[],
  repairs: Readonly<Record<string, Repair>>,
): T | null {
  const leaveOut = (what: string) => notes.push(`${what} of the old system is not understood, and left out`);
  const part = (what: string) => (owner === null ? what : `${owner}: ${what}`);
  const takes = (type: z.core.$ZodType, item: unknown) => z.safeParse(type, item).success;
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    const type = schema.shape[key] as z.core.$ZodType | undefined;
    if (type === undefined) {
      leaveOut(part(nameOf(key, item)));
      return [];
    }
    if (takes(type, item)) return [[key, item]];
    const element = elementOf(type);
    if (element !== null && Array.isArray(item)) {
      const some = item.flatMap((each: unknown, index) => {
        if (takes(element, each)) return [each];
        const repaired = repairs[key]?.(each as never, index) ?? null;
        if (repaired === null) leaveOut(part(nameOf(key, each)));
        return repaired === null ? [] : [repaired];
      });
      // Each element is valid, but the list is too long: keep as many of the first elements as the schema accepts.
      let fitting = some;
      while (fitting.length > 0 && !takes(type, fitting)) fitting = fitting.slice(0, fitting.length >> 1);
      if (fitting.length < some.length)
        leaveOut(part(`${some.length - fitting.length} of ${some.length} ${key}`));
      return fitting.length > 0 ? [[key, fitting]] : [];
    }
    const inner = unwrapped(type);
    if (inner instanceof z.ZodObject && typeof item === 'object' && item !== null) {
      const rest = validParts<object>(inner, item as object, part(key), notes, {});
      return rest === null ? [] : [[key, rest]];
    }
    leaveOut(part(nameOf(key, item)));
    return [];
  });
  const rest = Object.fromEntries(entries) as T;
  if (schema.safeParse(rest).success) return rest;
  leaveOut(owner ?? 'the network');
  return null;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return isWrapped ? unwrapped(schema.unwrap()) : schema;
}

function elementOf(schema: z.core.$ZodType): z.core.$ZodType | null {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodArray ? inner.element : null;
}

/** "the route to 10.0.0.0/8", "rule 100", "servers fe80::1%2"; shortened, since the old system's text may be of any length. */
function nameOf(key: string, value: unknown): string {
  const { destination, priority, name } = (value ?? {}) as Record<string, unknown>;
  if (name !== undefined) return shown(name);
  if (destination !== undefined) return `the route to ${shown(destination)}`;
  if (priority !== undefined) return `rule ${shown(priority)}`;
  return `${key} ${shown(value)}`;
}
