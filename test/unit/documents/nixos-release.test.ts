import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { nixosRelease } from '../../../agent/config/nixos-release.ts';
import { walk } from '../../../agent/host/files.ts';

/** Files that cannot import agent/config/nixos-release.ts name the same release. */

const root = join(import.meta.dirname, '../../..');
const files = ['docs', 'nix', 'test/golden']
  .flatMap(directory => walk(join(root, directory)).map(path => `${directory}/${path}`))
  .concat('README.md', 'flake.nix');

/** Example machines whose configuration names a release of its own. */
const ownRelease = /^test\/golden\/cupboard\//;

/** How a file names a release; the first group is its name. Unstable is never a default. */
const mentions = [
  /nixos-(unstable)\//g,
  /\bnixos-(\d\d\.\d\d)\b/g,
  /\bstateVersion"?\s*[:=]\s*"([\d.]+)"/g,
  /\bnixos-system-[a-z][\w-]*?-(\d\d\.\d\d)\b/g,
];
/** In prose for people; comments in nix/ name the release that changed something. */
const inProse = /\bNixOS (\d\d\.\d\d)\b/g;

function releasesIn(path: string, text: string): string[] {
  const patterns = path.endsWith('.md') ? [...mentions, inProse] : mentions;
  return patterns.flatMap(pattern => [...text.matchAll(pattern)].map(([, name = '']) => name));
}

t.test('every file names the default release', async t => {
  const all = new Map(files.map(path => [path, releasesIn(path, readFileSync(join(root, path), 'utf8'))]));
  for (const [path, releases] of all)
    if (!ownRelease.test(path))
      t.same(
        releases.filter(name => name !== nixosRelease.name),
        [],
        path,
      );
  const naming = [
    ...['flake.nix', 'nix/infra/flake.nix', 'nix/checks/runtime-info.json'],
    ...['docs/configuration.md', 'docs/fleets.md', 'docs/getting-started.md', 'docs/system/host-flake.md'],
    ...['test/golden/bios-dhcp/flake.nix', 'test/golden/bios-dhcp/runtime-info.json'],
  ];
  for (const path of naming) t.ok(all.get(path)!.length > 0, `${path} names one`);
});

t.test('the flakes of this project take nixpkgs from there', async t => {
  for (const path of ['flake.nix', 'nix/infra/flake.nix']) {
    const text = readFileSync(join(root, path), 'utf8');
    t.match(text, `  inputs.nixpkgs.url = "${nixosRelease.nixpkgs}";\n`, path);
  }
});
