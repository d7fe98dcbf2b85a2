import { DabeiError } from '../../errors.ts';

/** A flake reference with attribute, taken apart: what the configuration's system.flake may say. */
export interface FlakeReference {
  /** What a flake's `inputs.NAME.url` takes: "github:me/infra". */
  url: string;
  /** Name below the flake's nixosConfigurations: "web-01". */
  attribute: string;
}

/** Where a whole flake that is sent along lies in the initramfs: it becomes /etc/nixos as it is. */
export const sentDirectory = '/dabei/flake';

/** Whether it is the flake that was sent along. */
export function isSentAlong({ url }: FlakeReference): boolean {
  return url.replace(/^path:/, '').replace(/\/+$/, '') === sentDirectory;
}

/**
 * What the image's Nix fetches without other programs (Nix 2.26 manual, nix flake, types; tried in
 * test/unit/plan/nix/references.test.ts). Everything else is refused: Nix reads what it does not know as a path, and says so
 * only where it is evaluated, which may be after the disks are erased.
 */
const known: readonly RegExp[] = [
  /^(github|gitlab|sourcehut):[^/?#@:]+\/[^/?#]+(\/[^?#]+)?(\?[^#]*)?$/,
  // Any answer that is an archive; the address of a repository answers with a web page.
  /^(tarball\+)?https?:\/\/[^/?#]+\/(?![^?#]*\.git\/?($|\?))[^#]*$/,
  /^(path:)?\/[^?#]*(\?[^#]*)?$/,
  /^(tarball\+)?file:\/\/\/[^#]+$/,
];

const archive =
  'use the address of an archive instead: github:OWNER/REPOSITORY, gitlab:OWNER/REPOSITORY, sourcehut:~OWNER/REPOSITORY, ' +
  'or https://….tar.gz';
const address = 'give an address that the machine can fetch, such as github:me/infra#web-01';

/** What people write instead, with the reason why it does not work; the first that matches. */
const unknown: readonly [pattern: RegExp, problem: string, remedy: string][] = [
  // Nix starts git(1) and hg(1) for these; the image has neither (src/libfetchers/git-utils.cc, fetch; mercurial.cc).
  [
    /^(git|hg)(\+|:)|^ssh(\+|:)|^[^/?#:]+@[^/?#:]+:/i,
    'it needs git, which the installer does not have',
    archive,
  ],
  [/^https?:.*\.git\/?($|\?)/i, 'it needs git, which the installer does not have', archive],
  [/^~/, 'the installer does not expand "~", and has no such directory', address],
  [/^(path:)?\.{0,2}(\/|$)/, 'it is relative to a directory, and the installer has none', address],
  [/^path:/, 'it is relative to a directory, and the installer has none', address],
  [
    /^(github|gitlab|sourcehut):/i,
    'it is incomplete',
    'write OWNER/REPOSITORY after the colon, and lower case before it: github:me/infra#web-01',
  ],
  [/^file\+/i, 'it names a single file, but a flake is a directory', archive],
  [/^(flake:|indirect:|[^:/]+(\/|$))/, 'the installer has no flake registry to look up the name', address],
  [/^[a-z+]*[A-Z][A-Za-z+]*:/, 'Nix accepts schemes in lower case only', 'write it in lower case'],
];

/**
 * Takes "URL#attribute" apart, as nixos-rebuild(8) reads its --flake: the attribute is one name, dots included, and the
 * host's own name where none is given. What leads there in the flake's outputs may be written out.
 * @throws DabeiError CONFIG_SCHEMA for references that mean nothing on the machine being installed
 */
export function flakeReference(reference: string, hostName: string): FlakeReference {
  const hash = reference.indexOf('#');
  const url = hash < 0 ? reference : reference.slice(0, hash);
  const fragment = hash < 0 ? '' : decode(reference.slice(hash + 1), reference);
  if (!known.some(pattern => pattern.test(url))) {
    const [, problem, remedy] = unknown.find(([pattern]) => pattern.test(url)) ?? [
      null,
      'the installer cannot fetch such an address',
      archive,
    ];
    throw wrong(reference, problem, remedy);
  }
  const written = /^nixosConfigurations\.(.+?)(\.config\.system\.build\.toplevel)?$/.exec(fragment);
  const name = (written?.[1] ?? fragment).replace(/^"(.*)"$/, '$1');
  if (/[\^"]|^(packages|legacyPackages|devShells|nixosModules)\./.test(name)) {
    throw wrong(
      reference,
      `${JSON.stringify(name)} is not a valid name under nixosConfigurations`,
      'give the name of the system after #: github:me/infra#web-01',
    );
  }
  return { url, attribute: name === '' ? hostName : name };
}

/** Nix percent-decodes the fragment (Nix manual, nix flake, URL-like syntax). */
function decode(fragment: string, reference: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw wrong(reference, 'the part after # is not percent-encoded', 'write a percent sign as %25');
  }
}

function wrong(reference: string, problem: string, remedy: string): DabeiError {
  return new DabeiError('CONFIG_SCHEMA', {
    doing: `reading system.flake ${JSON.stringify(reference)}`,
    problem,
    remedy,
  });
}
