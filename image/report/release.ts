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
  /** SHA-256 of the files in `out` by name. */
  found: Readonly<Record<string, string>>;
  /** Where they are, and the command that puts them there. */
  out: string;
  command: string;
}

/** Every reason against a release; empty if there is none. */
export function refusals({
  version,
  changelog,
  gitStatus,
  now,
  image,
  found,
  out,
  command,
}: ReleaseInput): string[] {
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
          `Debian's own files stand in for ${image.fallbacks.length} smaller replacements: build with ${command} --strict`,
        ]
      : []),
    ...(isPastLastDay(now)
      ? [
          `NixOS ${nixosRelease.name}, the default of system.nixpkgs, has had no security updates since ${nixosRelease.lastDay}: ` +
            'make a newer release the default in agent/config/nixos-release.ts, and build again',
        ]
      : []),
    ...wrong.map(([name]) => `${join(out, name)} is missing or not what image.json says: run ${command}`),
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

/** What `npm run image` built for one architecture. */
export interface ReleasedImage {
  /** Where it put the files. */
  out: string;
  /** Where they go, below the release's directory; '' is that directory itself. */
  place: string;
  /** As people are told to make it. */
  command: string;
  kernelChanges: readonly string[];
  debianArchitecture: string;
}

type Common = Omit<ReleaseInput, 'image' | 'found' | 'out' | 'command'> &
  Pick<Materials, 'zfsChanges' | 'npm'>;

/**
 * Copies what was built into a new directory, and signs it.
 * @returns the names of the files in the new directory
 * @throws BuildError RELEASE with every reason against the release, before it writes anything
 */
export async function makeRelease(
  images: readonly ReleasedImage[],
  directory: string,
  release: Common,
  keys: ReleaseKeys,
): Promise<string[]> {
  const checked = await Promise.all(images.map(async each => check(each, release)));
  const against = [...new Set(checked.flatMap(({ against }) => against))];
  if (files.exists(directory))
    against.push(`${directory} exists already: remove it, or name another with --output`);
  if (against.length > 0)
    throw new BuildError('RELEASE', {
      doing: `releasing ${release.version}`,
      problem: against.join('\n'),
      remedy: 'docs/release.md has the steps',
    });

  files.makeDirectory(directory);
  for (const { copies } of checked)
    for (const copy of copies) await copyImage(copy, join(directory, copy.from.place), release, keys);
  const names = files.walk(directory).map(path => path.slice(directory.length + 1));
  const sums = await Promise.all(
    names.sort().map(async name => `${await files.sha256(join(directory, name))}  ${name}\n`),
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
  return [...names, 'SHA256SUMS', 'SHA256SUMS.sig'].sort();
}

interface Copy {
  from: ReleasedImage;
  image: ImageDescription;
  /** Names of the files that image.json describes and that are there. */
  present: readonly string[];
}

interface Checked {
  /** None where there is no image. */
  copies: readonly Copy[];
  against: readonly string[];
}

async function check(from: ReleasedImage, release: Common): Promise<Checked> {
  const { out, command } = from;
  const path = join(out, 'image.json');
  if (!files.exists(path)) return { copies: [], against: [`there is no ${path}: run ${command} --strict`] };
  const image = JSON.parse(files.readText(path)) as ImageDescription;
  const present = Object.keys(image.files).filter(name => files.exists(join(out, name)));
  const found = Object.fromEntries(
    await Promise.all(present.map(async name => [name, await files.sha256(join(out, name))] as const)),
  );
  const against = refusals({ ...release, image, found, out, command });
  return { copies: [{ from, image, present }], against };
}

async function copyImage(
  { from: { out, kernelChanges, debianArchitecture }, image, present }: Copy,
  directory: string,
  release: Common,
  { cms }: ReleaseKeys,
): Promise<void> {
  files.makeDirectory(directory);
  for (const name of [...present, 'image.json']) files.copy(join(out, name), join(directory, name));
  const script = files.readText(join(out, 'netboot.ipxe'));
  files.write(join(directory, 'netboot.ipxe'), cms ? verifyingScript(script) : script);
  const { version, zfsChanges, npm } = release;
  const spdx = spdxDocument({
    ...{ version, zfsChanges, npm, kernelChanges, debianArchitecture },
    built: image.built,
    imageSha256: await files.sha256(join(out, 'image.json')),
    kernel: image.kernel,
    debian: image.packages,
    zfs: image.packages['zfsutils-linux'] ?? 'unknown',
  });
  files.write(join(directory, `nix-dabei-${version}.spdx.json`), `${JSON.stringify(spdx, null, 2)}\n`);
  if (cms)
    for (const [, name = ''] of script.matchAll(/^(?:kernel|initrd) (\S+)/gm))
      if (present.includes(name)) await signCms(join(directory, name), cms);
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
