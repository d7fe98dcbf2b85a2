import { DabeiError } from '../../errors.ts';

/** The parts of a flake reference with attribute, as in the configuration's system.flake. */
export interface FlakeReference {
  /** In the form for a flake's `inputs.NAME.url`: "github:me/infra". */
  url: string;
  /** Name below the flake's nixosConfigurations: "web-01". */
  attribute: string;
}

/** Directory of a bundled flake in the initramfs. dabei copies it unchanged to /etc/nixos. */
export const sentDirectory = '/dabei/flake';

/** Whether the reference is the bundled flake. */
export function isSentAlong({ url }: FlakeReference): boolean {
  return url.replace(/^path:/, '').replace(/\/+$/, '') === sentDirectory;
}

/**
 * References that the image's Nix can fetch without other programs (Nix 2.26 manual, nix flake, types; tried in
 * test/unit/plan/nix/references.test.ts). dabei refuses all others: Nix treats an unknown reference as a path, and reports the error
 * only during the evaluation, which may be after dabei has erased the disks.
 */
const known: readonly RegExp[] = [
  /^(github|gitlab|sourcehut):[^/?#@:]+\/[^/?#]+(\/[^?#]+)?(\?[^#]*)?$/,
  // Nix requires an archive as the answer; the address of a git repository answers with a web page.
  /^(tarball\+)?https?:\/\/[^/?#]+\/(?![^?#]*\.git\/?($|\?))[^#]*$/,
  /^(path:)?\/[^?#]*(\?[^#]*)?$/,
  /^(tarball\+)?file:\/\/\/[^#]+$/,
];

const archive =
  'use the address of an archive instead: github:OWNER/REPOSITORY, gitlab:OWNER/REPOSITORY, sourcehut:~OWNER/REPOSITORY, ' +
  'or https://….tar.gz';
const address = 'give an address that the machine can fetch, such as github:me/infra#web-01';

/** Common mistakes, with the reason why they do not work; the first match counts. */
const unknown: readonly [pattern: RegExp, problem: string, remedy: string][] = [
  // For these, Nix starts git(1) or hg(1) (src/libfetchers/git-utils.cc, fetch; mercurial.cc). The image has neither.
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
 * Splits "URL#attribute" as nixos-rebuild(8) does for --flake: the attribute is a single name, which may contain dots; its default is
 * the host name. The attribute may also be the full path, "nixosConfigurations.NAME.config.system.build.toplevel".
 * @throws DabeiError CONFIG_SCHEMA for references that the machine being installed cannot use
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
