import { cleanLine } from '../clean-text.ts';

/** What the old system says about itself, fit for a terminal and a log. */
export function shown(value: unknown, longest = 80): string {
  return cleanLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)), longest);
}
