import { build } from 'esbuild';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';

/** Files that modules import as text. Node itself needs test/support/nix-text.mjs for them. */
export const textLoader = { '.nix': 'text', '.sh': 'text' } as const;

/**
 * Bundles the agent in the form that a single executable requires: CommonJS, Node 20. nix/packages/dabei.nix calls it, too.
 * @param output path of the file
 */
export async function bundle(output: string): Promise<void> {
  const { version } = JSON.parse(files.readText(checkout('package.json'))) as { version: string };
  await build({
    entryPoints: [checkout('agent/main.ts')],
    outfile: output,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: false,
    legalComments: 'none',
    loader: textLoader,
    // jsonc-parser's `main` is UMD, whose inner `require` calls esbuild cannot follow; its `module` holds the same
    // as ES modules.
    mainFields: ['module', 'main'],
    // A single executable has no import(): what is imported late becomes a late require().
    supported: { 'dynamic-import': false },
    define: { DABEI_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
}
