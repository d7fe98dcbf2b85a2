import { z } from 'zod';
import type { InterfaceInput, NetworkInput } from '../config/schema.ts';
import { interfaceSchema, networkSchema } from '../config/schema.ts';
import { shown } from './shown.ts';

/**
 * What a strange old system says must not make the configuration invalid, since a machine without a configuration has
 * no network. The smallest part that is wrong is left out: an address, a name server, an MTU. Routes, rules and what
 * makes a bond go as a whole, since their parts mean something else.
 */

/** @returns a network that the schema takes, and a sentence about everything that is missing in it */
export function onlyValid(network: NetworkInput): { network: NetworkInput; notes: string[] } {
  // Nearly always nothing is wrong, and with 10,000 routes one look is cheaper than one each.
  if (networkSchema.safeParse(network).success) return { network, notes: [] };
  const notes: string[] = [];
  const kept = validParts(networkSchema, network, null, notes, {
    interfaces: (item: InterfaceInput, index: number) => {
      const what = shown(item.name ?? `interface ${index + 1}`);
      const rest = validParts(interfaceSchema, item, what, notes, {});
      // Without what it is made of, its name would be that of a card.
      const isMade = (each: InterfaceInput) => (each.bond ?? each.vlan ?? each.bridge) !== undefined;
      return rest !== null && isMade(rest) === isMade(item) ? rest : null;
    },
  });
  return { network: kept ?? {}, notes };
}

type Repair = (item: never, index: number) => object | null;

/**
 * An object without the members that its schema refuses; lists lose only the elements that are refused.
 * @param owner what the object is called in notes
 * @param repairs how to save a part of a list's element
 * @returns null where the rest is refused as well
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
      // Everything is right, and it is too much: a beginning of it that fits is better than nothing.
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

/** "the route to 10.0.0.0/8", "rule 100", "servers fe80::1%2"; shortened, since the old system may say anything. */
function nameOf(key: string, value: unknown): string {
  const { destination, priority, name } = (value ?? {}) as Record<string, unknown>;
  if (name !== undefined) return shown(name);
  if (destination !== undefined) return `the route to ${shown(destination)}`;
  if (priority !== undefined) return `rule ${shown(priority)}`;
  return `${key} ${shown(value)}`;
}
