import { asciiLine } from './ascii.ts';
import { headline, passwordOf, waysIn } from './render.ts';
import type { ScreenState } from './state.ts';

/**
 * The status for a console that takes no control sequences: lines as in a log, once something new is known. While dabei works, its log
 * says what these lines would. Pure.
 */
export function plainLines(state: ScreenState): string[] {
  if (state.phase === 'running') return [];
  const [key] = state.hostKeys;
  return [
    `${state.product}, ${state.hostName}: ${headline(state)}`,
    ...[...waysIn(state), ...passwordOf(state), ...(key === undefined ? [] : [`host key ${key}`])].map(
      line => `  ${line}`,
    ),
  ].map(asciiLine);
}
