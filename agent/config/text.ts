import { z } from 'zod';

/** Text of a configuration: bounded, and without characters that a screen cannot show or a settings file cannot hold. */

/**
 * Controls (Cc), halves of surrogate pairs (Cs), and separators that break a line on some screens (Zl, Zp): a line break
 * would begin another setting in an INI file, NUL ends a program's argument, and an escape sequence can hide text.
 */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Replaces unprintable characters, such as an escape by "\u001b", so that a message may quote the text. */
export function escapeUnprintable(text: string): string {
  return text.replaceAll(new RegExp(unprintable, 'gu'), escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * One line of text.
 * @param maximum in UTF-16 code units; the check stops at a longer one
 * @param tabs whether the line may contain tabs
 */
export function line(maximum: number, { tabs = false } = {}) {
  const find = (value: string) => unprintable.exec(tabs ? value.replaceAll('\t', ' ') : value);
  return z
    .string()
    .max(maximum, { abort: true })
    .refine(value => find(value) === null, {
      abort: true,
      error: ({ input }) => whereUnprintable(find(String(input))),
    });
}

/** As `line`, for secrets: the message names neither the character nor its position. */
export function secretLine(maximum: number) {
  return z
    .string()
    .max(maximum, { abort: true })
    .refine(value => !unprintable.test(value), {
      abort: true,
      error: 'has a control character or a line break, which cannot be typed to unlock the machine',
    });
}

/** Several lines, such as a private key. */
export function secretLines(maximum: number) {
  return z
    .string()
    .max(maximum, { abort: true })
    .refine(value => !unprintable.test(value.replace(/[\r\n]/g, '')), {
      abort: true,
      error: 'has a control character',
    });
}

function whereUnprintable(found: RegExpExecArray | null): string {
  if (found === null) return 'has a control character';
  const what = /[\n\r\u0085\u2028\u2029]/.test(found[0]) ? 'a line break' : 'a control character';
  return `has ${what}, ${escaped(found[0])}, as character ${found.index + 1}`;
}

/** As `line`, and not empty. */
export const text = (maximum: number) => line(maximum).min(1);
