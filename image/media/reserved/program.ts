import { build } from 'esbuild';
import { join } from 'node:path';
import { textLoader } from '../../agent/bundle.ts';
import { cached, tree } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import { checkout } from '../../lib/host.ts';
import type { Medium } from '../medium.ts';

/**
 * `dabei-image.mjs`: one file that runs wherever Node 20 runs, beside the media that it configures. ".mjs": Node takes other names by the
 * package.json of whatever directory the file lies in (nodejs.org/api/packages, "Determining module system").
 */
export const imageProgram: Medium = {
  name: 'dabei-image',
  files: ['dabei-image.mjs'],
  carriesImage: false,
  make: () => {
    const sources = [
      ...tree(checkout('agent')),
      ...['image/media', 'image/lib'].flatMap(directory => tree(checkout(directory))),
      ...['package-lock.json', 'image/agent/bundle.ts'].map(name => ({ file: checkout(name) })),
    ];
    return cached('dabei-image', ['dabei-image 1', ...sources], async directory =>
      bundleProgram(join(directory, 'dabei-image.mjs')),
    );
  },
};

/** @param output path of the file */
export async function bundleProgram(output: string): Promise<void> {
  await build({
    entryPoints: [checkout('image/media/reserved/main.ts')],
    outfile: output,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: '#!/usr/bin/env node' },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    loader: textLoader,
    // As in image/agent/bundle.ts.
    mainFields: ['module', 'main'],
    logLevel: 'warning',
  });
  files.setMode(output, 0o755);
}
