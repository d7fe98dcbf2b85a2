import { posix } from 'node:path';
import { DabeiError } from '../errors.ts';
import type { Config } from '../config/schema.ts';
import type { Facts } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { parseFstab } from '../plan/disko/mounts.ts';
import type { Closure, PrebuiltLayout } from '../plan/nix/closure.ts';
import { storeDirectory } from '../plan/nix/narinfo.ts';
import { hostIdOf } from '../plan/host-flake/runtime-info.ts';

/**
 * Looks into a prebuilt system while it still lies in its binary cache: a machine whose disk holds a system that it cannot
 * start would be lost.
 */

/**
 * @returns the store path of its initrd; null where it has none
 * @throws DabeiError CLOSURE_SYSTEM for something else than a NixOS system, another processor's, or one that would not
 * import the pool
 */
export async function inspectToplevel(
  doors: Doors,
  { toplevel, substituters, sizes }: Closure,
  config: Config,
  facts: Facts,
): Promise<string | null> {
  const refuse = (problem: string, remedy: string) =>
    new DabeiError('CLOSURE_SYSTEM', { doing: `looking into ${toplevel}`, problem, remedy });
  // Nix reads all of an archive into memory to find one file in it.
  if ((sizes.get(toplevel) ?? 0) > mostToplevelBytes) {
    throw refuse(
      'it is too large to be a toplevel of NixOS, which has little more than symbolic links',
      noToplevel,
    );
  }
  const system = await readFromAny(doors, substituters, `${toplevel}/system`);
  if (system === null) {
    throw refuse('it has no file "system", so it is not a NixOS toplevel', noToplevel);
  }
  const platform = system.toString('utf8').trim();
  if (platform !== facts.system) {
    const remedy = `build it for ${facts.system}`;
    throw refuse(`it is a system for ${platform}, and this machine is ${facts.system}`, remedy);
  }
  if (!config.system.allowDisabledSsh) await requireSsh(doors, toplevel, substituters);
  const initrd = await initrdOf(doors, toplevel, substituters);
  // The pools of another layout are the system's own, and are exported in the end.
  if (config.disks?.layout === 'disko') return initrd;
  // Written by NixOS as the processor has it, least byte first (nixos/modules/tasks/network-interfaces.nix).
  const bytes = await readFromAny(doors, substituters, `${toplevel}/etc/hostid`);
  if (bytes?.length !== 4) {
    doors.log({
      event: 'warning',
      text: `${toplevel} sets no networking.hostId, without which ZFS may fail to start`,
    });
    return initrd;
  }
  const hostId = bytes.readUInt32LE().toString(16).padStart(8, '0');
  if (hostId === hostIdOf(config)) return initrd;
  throw refuse(
    `its networking.hostId is ${hostId}, and the pool would belong to ${hostIdOf(config)}: it would not be imported`,
    `set hostId to "${hostId}", or build the system with the other one`,
  );
}

/** A script of disko has some 20 KB. */
const mostScriptBytes = 2 ** 20;

/**
 * Reads the disko script, and what the system will mount, from the binary caches.
 * @throws DabeiError CLOSURE_SYSTEM for what is not a script, and for a system without an fstab
 */
export async function inspectLayout(
  doors: Doors,
  { toplevel, substituters }: Closure,
  script: Closure,
): Promise<PrebuiltLayout> {
  const refuse = (path: string, problem: string, remedy: string) =>
    new DabeiError('CLOSURE_SYSTEM', { doing: `looking into ${path}`, problem, remedy });
  const noScript = 'give the path that config.system.build.diskoScriptNoDeps has, as system.diskoScript';
  // The path is a link to a file in another one (nixpkgs, pkgs/build-support/writers/scripts.nix); with nixpkgs 24.05, the file itself.
  const isSmall = (path: string) => (script.sizes.get(storePathOf(path)) ?? 0) <= mostScriptBytes;
  const bytes = await readFromAny(doors, script.substituters, script.toplevel, isSmall);
  const text = bytes?.toString('utf8') ?? '';
  if (!text.startsWith('#!')) throw refuse(script.toplevel, 'it is not a script', noScript);
  const fstab = await readFromAny(doors, substituters, `${toplevel}/etc/fstab`);
  const fileSystems = parseFstab(fstab?.toString('utf8') ?? '');
  if (fileSystems.length === 0)
    throw refuse(
      toplevel,
      'it has no etc/fstab, with which the mounts of the disko script could be compared',
      'give a system whose fileSystems are those of its layout (disko.enableConfig)',
    );
  return { script, text, fileSystems };
}

/**
 * NixOS writes sshd_config exactly where services.openssh.enable is true (nixpkgs, nixos/modules/services/networking/ssh/sshd.nix).
 * @throws DabeiError NO_LOGIN
 */
async function requireSsh(doors: Doors, toplevel: string, caches: readonly string[]): Promise<void> {
  for (const cache of caches) {
    if (await exists(doors, cache, `${toplevel}/etc/ssh/sshd_config`)) return;
    // Every NixOS has it: what is not beside it, is not in the system.
    if (!(await exists(doors, cache, `${toplevel}/etc/os-release`))) continue;
    throw new DabeiError('NO_LOGIN', {
      doing: `looking into ${toplevel}`,
      problem: 'it has no SSH server (services.openssh.enable is false), so nobody could log in to it',
      remedy:
        'set services.openssh.enable to true; if there is another way to log in, set system.allowDisabledSsh',
    });
  }
  doors.log({
    event: 'warning',
    text: `no cache shows the /etc of ${toplevel}: whether its SSH server is enabled is unknown`,
  });
}

const noToplevel = 'give the path that config.system.build.toplevel has, as system.storePath';
/** Some 100 KB are usual. */
const mostToplevelBytes = 32 * 2 ** 20;

/** The toplevel's "initrd" is a symbolic link to a file in a store path of its own (nixpkgs, top-level.nix). */
async function initrdOf(doors: Doors, toplevel: string, caches: readonly string[]): Promise<string | null> {
  for (const cache of caches) {
    const file = await followFirstLink(doors, cache, `${toplevel}/initrd`);
    if (file?.startsWith(`${storeDirectory}/`)) return storePathOf(file);
  }
  return null;
}

function storePathOf(file: string): string {
  return file.split('/').slice(0, 4).join('/');
}

/**
 * A closure may be spread over several caches.
 * @param isSmall whether a file may be read: Nix reads all of its store path into memory
 */
async function readFromAny(
  doors: Doors,
  caches: readonly string[],
  path: string,
  isSmall: (path: string) => boolean = () => true,
): Promise<Buffer | null> {
  for (const cache of caches) {
    const content = await readThrough(doors, cache, path, isSmall);
    if (content !== null) return content;
  }
  return null;
}

const mostLinks = 8;

/**
 * Where Nix keeps the archives that it reads files from (its setting local-nar-cache of binary caches, "nix help-stores"): without it,
 * Nix fetches a path's whole archive for each file in it.
 */
export const archiveDirectory = '/run/dabei/archives';

const keepingArchives = (cache: string) =>
  `${cache}${cache.includes('?') ? '&' : '?'}local-nar-cache=${archiveDirectory}`;

/** A file in a cache, through symbolic links, as the running system will see it; null where there is none. */
async function readThrough(
  doors: Doors,
  cache: string,
  path: string,
  isSmall: (path: string) => boolean,
  links = 0,
): Promise<Buffer | null> {
  if (!isSmall(path)) return null;
  const argv = ['nix', 'store', 'cat', '--store', keepingArchives(cache), path];
  const read = await doors.exec.attempt({
    doing: `reading ${path}`,
    argv,
    binary: true,
    timeoutSeconds: 120,
  });
  if (read.exitCode === 0) return Buffer.from(read.stdout, 'latin1');
  if (links >= mostLinks) return null;
  const followed = await followFirstLink(doors, cache, path);
  return followed === null ? null : readThrough(doors, cache, followed, isSmall, links + 1);
}

/** Whether a cache has a file or a link, through symbolic links above it. */
async function exists(doors: Doors, cache: string, path: string, links = 0): Promise<boolean> {
  const argv = ['nix', 'store', 'ls', '--json', '--store', keepingArchives(cache), path];
  const { exitCode } = await doors.exec.attempt({ doing: `looking at ${path}`, argv, timeoutSeconds: 120 });
  if (exitCode === 0) return true;
  const followed = links < mostLinks ? await followFirstLink(doors, cache, path) : null;
  return followed !== null && exists(doors, cache, followed, links + 1);
}

/** The path with its first symbolic link, the last part included, replaced by what it points to; null without any. */
async function followFirstLink(doors: Doors, cache: string, path: string): Promise<string | null> {
  const parts = path.split('/');
  // "", "nix", "store" and the store path, which may be a link itself.
  for (let length = 4; length <= parts.length; length++) {
    const prefix = parts.slice(0, length).join('/');
    const argv = ['nix', 'store', 'ls', '--json', '--store', keepingArchives(cache), prefix];
    const { exitCode, stdout } = await doors.exec.attempt({
      doing: `looking at ${prefix}`,
      argv,
      timeoutSeconds: 120,
    });
    if (exitCode !== 0) return null;
    const { target } = JSON.parse(stdout) as { target?: string };
    if (target === undefined) continue;
    const from = target.startsWith('/') ? target : `${parts.slice(0, length - 1).join('/')}/${target}`;
    return posix.normalize([from, ...parts.slice(length)].join('/'));
  }
  return null;
}
