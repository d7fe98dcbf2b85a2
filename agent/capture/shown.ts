import { cleanLine } from '../clean-text.ts';

/** Makes text from the old system safe for a terminal and a log. */
export function shown(value: unknown, longest = 80): string {
  return cleanLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)), longest);
}
