import { join, posix } from 'node:path';
import { elfClosure } from '../elf/elf.ts';
import type { Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import { absentPrograms } from './disko-programs.ts';
import { droppedApplets, manifest, type Part } from './manifest.ts';
import { ownParts } from './own-parts.ts';
import { copyModules } from './modules.ts';
import { flakeRegistry } from './registry.ts';
import { runTarget } from '../debian/emulator.ts';
import type { Packages } from '../debian/packages.ts';
import { installerPrograms } from '../debian/package-sets.ts';
import { otherNames } from '../../agent/names.ts';

/** Assembles the root file system of the image in an empty directory. */

export interface Parts {
  /** With binutils for the target. */
  toolchain: Packages;
  packages: Packages;
  /** Runs the programs of the packages; null: this machine does. */
  emulator: Packages | null;
  kernel: Built;
  /** ICU's reduced data; null: Debian's own. */
  icu: Built | null;
  /** Files of Debian's installer that replace others of the same name; null: none. */
  installer: Packages | null;
  /** Libraries and programs that are smaller than Debian's, under the same names; only those that could be built. */
  rebuilt: readonly Built[];
  agent: Built;
}

export type Owners = ReadonlyMap<string, readonly string[]>;

/** Debian merges these into /usr; programs and scripts name both. */
const mergedDirectories = ['bin', 'sbin', 'lib', 'lib64'];
const emptyDirectories = [
  'dev',
  'proc',
  'sys',
  'run',
  'tmp',
  'mnt',
  'nix',
  'root/.ssh',
  'var/log',
  'var/empty',
  'var/tmp',
];

/**
 * @returns the part of the manifest for each of Debian's files, by path without a leading slash; of what only further initrds need, every
 *   part that needs it
 */
export async function assembleRoot(root: string, parts: Parts): Promise<Owners> {
  for (const name of mergedDirectories) files.symlink(`usr/${name}`, join(root, name));
  for (const name of emptyDirectories) files.makeDirectory(join(root, name));
  for (const name of ['tmp', 'var/tmp']) files.setMode(join(root, name), 0o1777);
  files.setMode(join(root, 'root'), 0o700);
  files.symlink('../run', join(root, 'var/run'));

  const owners = await copyPrograms(root, parts);
  await copyModules(root, parts);
  for (const path of files.walk(join(root, 'usr/lib/modules'))) {
    const relative = path.slice(root.length + 1);
    const own = ownParts.find(part => part.files.test(relative));
    if (own !== undefined && isFurther(own)) owners.set(relative, [own.name]);
  }
  files.symlink('../../bin/udevadm', join(root, 'usr/lib/systemd/systemd-udevd'));
  files.symlink('bash', join(root, 'usr/bin/sh'));
  // dabei chooses its command by the name that starts it.
  for (const name of otherNames) files.symlink('dabei', join(root, 'usr/bin', name));
  for (const name of absentPrograms) files.symlink('../lib/dabei/absent', join(root, 'usr/bin', name));
  // Debian's Nix binds this file as the sandbox's /bin/sh; busybox chooses its applet by the name that starts it.
  files.symlink('busybox', join(root, 'usr/bin/bash-static'));
  await linkApplets(root, parts);
  files.write(join(root, 'etc/ssl/certs/ca-certificates.crt'), certificates(parts.packages.path));
  copyOwnFiles(root);
  files.write(join(root, 'etc/nix/registry.json'), flakeRegistry());
  return owners;
}

/** Copies image/rootfs/root; only root may read `shadow`. */
function copyOwnFiles(root: string): void {
  const own = checkout('image/rootfs/root');
  for (const path of files.walk(own)) {
    const place = join(root, path.slice(own.length));
    files.copyOwn(path, place);
    if (posix.basename(path) === 'shadow') files.setMode(place, 0o600);
  }
}

const isFurther = ({ initrd }: Pick<Part, 'initrd'>): boolean => initrd !== undefined;
const furtherParts = new Set(manifest.filter(isFurther).map(({ name }) => name));

/** Copies the manifest's files with every library they need; reduced files, and dabei's own, replace Debian's. */
async function copyPrograms(
  root: string,
  { packages, agent, icu, installer, rebuilt }: Parts,
): Promise<Map<string, string[]>> {
  const built = (from: readonly Built[]) =>
    from.flatMap(({ path }) => files.list(path).map(name => join(path, name)));
  const smaller = [
    ...built(icu === null ? [agent] : [agent, icu]).filter(path => path.includes('.so.')),
    ...built(rebuilt),
    ...Object.entries(installerPrograms).flatMap(([name, paths]) =>
      installer === null ? [] : paths.map(path => join(installer.path, name, path)),
    ),
  ];
  const replaced = Object.fromEntries(smaller.map(path => [posix.basename(path), path]));
  const owners = new Map<string, string[]>();
  // What the image itself needs is in no further initrd.
  for (const part of manifest.toSorted((a, b) => Number(isFurther(a)) - Number(isFurther(b)))) {
    const expanded = part.files.flatMap(path =>
      files.kind(join(packages.path, path)) === 'directory'
        ? files.walk(join(packages.path, path)).map(file => file.slice(packages.path.length))
        : [path],
    );
    for (const path of await elfClosure(packages.path, expanded, replaced)) {
      const place = join(root, path);
      const known = owners.get(path.slice(1));
      if (known !== undefined) {
        if (isFurther(part) && known.every(name => furtherParts.has(name))) known.push(part.name);
        continue;
      }
      owners.set(path.slice(1), [part.name]);
      files.copy(replaced[posix.basename(path)] ?? join(packages.path, path), place);
    }
  }
  files.copy(join(agent.path, 'dabei'), join(root, 'usr/bin/dabei'));
  return owners;
}

/** Links busybox for each applet, unless a real program has that name. */
async function linkApplets(root: string, { packages, emulator }: Parts): Promise<void> {
  const { stdout } = await runTarget(emulator, {
    doing: 'listing the applets of busybox',
    root: packages.path,
    argv: ['/usr/bin/busybox', '--list-full'],
    timeoutSeconds: 20,
  });
  for (const applet of stdout.split('\n').filter(Boolean)) {
    const name = posix.basename(applet);
    const taken = ['usr/bin', 'usr/sbin'].some(directory => files.kind(join(root, directory, name)) !== null);
    if (taken || droppedApplets.includes(name)) continue;
    // Other programs refer to nologin and init by their paths below /sbin.
    const directory = /sbin\//.test(applet) ? 'usr/sbin' : 'usr/bin';
    files.symlink(directory === 'usr/bin' ? 'busybox' : '../bin/busybox', join(root, directory, name));
  }
}

/** Joins the certificates into one bundle, in the same order as the package's postinst script does. */
function certificates(packages: string): string {
  const directory = join(packages, 'usr/share/ca-certificates/mozilla');
  return files
    .walk(directory)
    .map(path => files.readText(path).trimEnd() + '\n')
    .join('');
}
