import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/**
 * Has Node import *.nix and *.sh files as text, which esbuild does for the bundle (image/agent/agent.ts, loader).
 * Used as `node --import ./test/support/nix-text.mjs`; Node then loads this file again as its own hook.
 */

if (isMainThread) register(import.meta.url);

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!/\.(nix|sh)$/.test(url)) return nextLoad(url, context);
  const text = await readFile(new URL(url), 'utf8');
  return { format: 'module', shortCircuit: true, source: `export default ${JSON.stringify(text)};` };
}
