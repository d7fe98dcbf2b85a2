import { join } from 'node:path';
import { isPastLastDay, nixosRelease } from '../../agent/config/nixos-release.ts';
import { BuildError } from '../lib/errors.ts';
import * as files from '../lib/files.ts';
import { run } from '../lib/host.ts';
import { spdxDocument, type Materials } from './spdx.ts';

/**
 * Makes a directory to publish: what was built, its hashes, their signature, and what it is made of. docs/release.md
 */

/** The namespace of `ssh-keygen -Y`: a signature made for a release is not valid for anything else. */
export const signatureNamespace = 'nix-dabei-release';

/** The parts of image.json that a release needs (image/report/output.ts). */
export interface ImageDescription {
  built: string;
  files: Readonly<Record<string, { bytes: number; sha256: string }>>;
  kernel: string;
  fallbacks: readonly unknown[];
  packages: Readonly<Record<string, string>>;
}

export interface ReleaseInput {
  version: string;
  changelog: string;
  /** Output of `git status --porcelain`. */
  gitStatus: string;
  /** Seconds since 1970-01-01 UTC. */
  now: number;
  image: ImageDescription;
  /** SHA-256 of the files in out/ by name. */
  found: Readonly<Record<string, string>>;
}

/** Every reason against a release; empty if there is none. */
export function refusals({ version, changelog, gitStatus, now, image, found }: ReleaseInput): string[] {
  const changed = gitStatus.split('\n').filter(line => line !== '');
  const section = changelog.split('\n').find(line => line.startsWith(`## ${version} `));
  const wrong = Object.entries(image.files).filter(([name, { sha256 }]) => found[name] !== sha256);
  return [
    ...(changed.length > 0
      ? [
          `${changed.length} files differ from the last commit, for example ${changed[0]!.slice(3)}: commit them, and build again`,
        ]
      : []),
    ...(section === undefined
      ? [`CHANGELOG.md has no section "## ${version} (DATE)": write it`]
      : /^## \S+ \(\d{4}-\d\d-\d\d\)$/.test(section)
        ? []
        : [
            `CHANGELOG.md has ${JSON.stringify(section)}: give the section its date, "## ${version} (YYYY-MM-DD)"`,
          ]),
    ...(image.fallbacks.length > 0
      ? [
          `Debian's own files stand in for ${image.fallbacks.length} smaller replacements: build with npm run image -- --strict`,
        ]
      : []),
    ...(isPastLastDay(now)
      ? [
          `NixOS ${nixosRelease.name}, the default of system.nixpkgs, has had no security updates since ${nixosRelease.lastDay}: ` +
            'make a newer release the default in agent/config/nixos-release.ts, and build again',
        ]
      : []),
    ...wrong.map(([name]) => `out/${name} is missing or not what image.json says: run npm run image`),
  ];
}

/** iPXE runs only what a trusted certificate has signed (ipxe.org/cmd/imgtrust, ipxe.org/cmd/imgverify). */
export function verifyingScript(script: string): string {
  return script
    .split('\n')
    .flatMap(line => {
      const [command = '', name = ''] = line.split(' ');
      if (command === '#!ipxe') return [line, 'imgtrust'];
      const isImage = command === 'kernel' || (command === 'initrd' && name === 'initrd');
      return isImage ? [line, `imgverify ${name} ${name}.sig`] : [line];
    })
    .join('\n');
}

export interface ReleaseKeys {
  /** SSH private key that signs SHA256SUMS. */
  ssh: string;
  /** PEM files; the certificate must allow code signing (extended key usage codeSigning). */
  cms?: { key: string; certificate: string } | undefined;
}

/**
 * Copies what was built into a new directory, and signs it.
 * @param out directory in which `npm run image` put its files
 * @returns the names of the files in the new directory
 * @throws BuildError RELEASE with every reason against the release, before it writes anything
 */
export async function makeRelease(
  out: string,
  directory: string,
  release: Omit<ReleaseInput, 'image' | 'found'> &
    Omit<Materials, 'version' | 'built' | 'imageSha256' | 'kernel' | 'debian'>,
  keys: ReleaseKeys,
): Promise<string[]> {
  const doing = `releasing ${release.version}`;
  const imagePath = join(out, 'image.json');
  if (!files.exists(imagePath))
    throw fail(doing, ['there is no out/image.json: run npm run image -- --strict']);
  const image = JSON.parse(files.readText(imagePath)) as ImageDescription;
  const present = Object.keys(image.files).filter(name => files.exists(join(out, name)));
  const found = Object.fromEntries(
    await Promise.all(present.map(async name => [name, await files.sha256(join(out, name))] as const)),
  );
  const against = refusals({ ...release, image, found });
  if (files.exists(directory))
    against.push(`${directory} exists already: remove it, or name another with --output`);
  if (against.length > 0) throw fail(doing, against);

  const { version } = release;
  files.makeDirectory(directory);
  for (const name of [...present, 'image.json']) files.copy(join(out, name), join(directory, name));
  const script = files.readText(join(out, 'netboot.ipxe'));
  files.write(join(directory, 'netboot.ipxe'), keys.cms ? verifyingScript(script) : script);
  const imageSha256 = await files.sha256(imagePath);
  const materials = {
    ...release,
    built: image.built,
    imageSha256,
    kernel: image.kernel,
    debian: image.packages,
  };
  const spdx = spdxDocument(materials);
  files.write(join(directory, `nix-dabei-${version}.spdx.json`), `${JSON.stringify(spdx, null, 2)}\n`);
  if (keys.cms) {
    for (const [, name = ''] of script.matchAll(/^(?:kernel|initrd) (\S+)/gm))
      if (present.includes(name)) await signCms(join(directory, name), keys.cms);
  }
  const names = files.list(directory);
  const sums = await Promise.all(
    names.map(async name => `${await files.sha256(join(directory, name))}  ${name}\n`),
  );
  files.write(join(directory, 'SHA256SUMS'), sums.join(''));
  await run({
    doing: 'signing SHA256SUMS',
    // ssh-keygen(1): creates SHA256SUMS.sig; asks for the key's passphrase on the terminal, or uses ssh-agent.
    argv: [
      'ssh-keygen',
      '-Y',
      'sign',
      '-f',
      keys.ssh,
      '-n',
      signatureNamespace,
      join(directory, 'SHA256SUMS'),
    ],
    timeoutSeconds: 120,
  });
  return files.list(directory);
}

/** openssl-cms(1): a detached signature in DER, the form that iPXE requires (ipxe.org/crypto, "Code signing"). */
async function signCms(path: string, cms: { key: string; certificate: string }): Promise<void> {
  const detached = ['-binary', '-noattr', '-outform', 'DER', '-in', path, '-out', `${path}.sig`];
  await run({
    doing: `signing ${path}`,
    argv: ['openssl', 'cms', '-sign', '-signer', cms.certificate, '-inkey', cms.key, ...detached],
    timeoutSeconds: 120,
  });
}

function fail(doing: string, problems: readonly string[]): BuildError {
  return new BuildError('RELEASE', {
    doing,
    problem: problems.join('\n'),
    remedy: 'docs/release.md has the steps',
  });
}
