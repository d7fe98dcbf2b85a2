import { readFileSync } from 'node:fs';

const bundle = new URL('../../image/media/bundle', import.meta.url).pathname;

/** The parts that `run` reads, in its order, as paths. */
export const runParts: readonly string[] = [
  ...readFileSync(`${bundle}/run`, 'utf8').matchAll(/^\. "\$here\/(lib\/\w+\.sh)"$/gm),
].map(([, path]) => `${bundle}/${path}`);
