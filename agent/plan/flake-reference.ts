import { DabeiError } from '../errors.ts';

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
 * Takes "URL#attribute" apart, as nixos-rebuild(8) reads its --flake: the attribute is one name, dots included, and the
 * host's own name where none is given. "nixosConfigurations." in front of it may be written out.
 * @throws DabeiError CONFIG_SCHEMA for references that mean nothing on the machine being installed
 */
export function flakeReference(reference: string, hostName: string): FlakeReference {
  const hash = reference.indexOf('#');
  const url = hash < 0 ? reference : reference.slice(0, hash);
  const fragment = hash < 0 ? '' : decode(reference.slice(hash + 1), reference);
  const name = fragment.replace(/^nixosConfigurations\./, '').replace(/^"(.*)"$/, '$1');
  if (/^(path:)?\.{0,2}(\/|$)/.test(url) && !/^(path:)?\/./.test(url)) {
    throw wrong(
      reference,
      'it is relative to a directory, and the installer has none',
      'give an address that the machine can fetch, such as github:me/infra#web-01',
    );
  }
  // Nix starts git(1) for these; the image has none (src/libfetchers/git-utils.cc, fetch).
  if (/^(git\+|git:|hg\+)/.test(url) || /^ssh:/.test(url)) {
    throw wrong(
      reference,
      'it needs git, which the installer does not have',
      'give the address of an archive instead: github:OWNER/REPOSITORY, gitlab:, sourcehut:, or https://….tar.gz',
    );
  }
  return { url, attribute: name === '' ? hostName : name };
}

/** Nix percent-decodes the fragment (Nix manual, nix flake, URL-like syntax). */
function decode(fragment: string, reference: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw wrong(reference, 'the part behind # is not percent-encoded', 'write a percent sign as %25');
  }
}

function wrong(reference: string, problem: string, remedy: string): DabeiError {
  return new DabeiError('CONFIG_SCHEMA', {
    doing: `reading system.flake ${JSON.stringify(reference)}`,
    problem,
    remedy,
  });
}
