import assert from 'node:assert/strict';
import { join } from 'node:path';
import { image } from '../harness/image.ts';
import * as files from '../../../image/lib/files.ts';
import { makeDebian, type DebianOptions, type OldSystem } from './debian.ts';
import { stageDone, unlessItEnds } from './install.ts';
import type { Machine } from '../harness/machine/machine.ts';
import { serveFiles } from '../harness/serve.ts';
import type { GuestOptions, Site } from '../harness/site.ts';
import type { Ssh } from '../harness/ssh.ts';
import { target } from '../../../image/lib/target.ts';

/** A running Linux that is left by the bundle's own `run`, over SSH, for real. */
export interface Old {
  /** Where what `run` says is kept. */
  directory: string;
  machine: Machine;
  ssh: Ssh;
  /** Starts the same disk again, as the machine's boot loader would. */
  again: () => Promise<Machine>;
}

/** How the bundle comes to an old system and is unpacked there, as an argument of ssh and a script for it. */
export interface Fetching {
  shell: string;
  script: (port: number) => string;
}

/** A minimal Debian has neither curl nor wget. */
export const byBash: Fetching = {
  shell: 'bash -s',
  script: port => `set -e
exec 3<>/dev/tcp/10.0.2.2/${port}
printf 'GET /bundle HTTP/1.0\\r\\n\\r\\n' >&3
while IFS= read -r line <&3 && [ "$line" != $'\\r' ]; do :; done
tar -xz -C /root <&3
`,
};

export const byWget: Fetching = {
  shell: 'sh -s',
  script: port => `set -e\nwget -q -O - http://10.0.2.2:${port}/bundle | tar -xz -C /root\n`,
};

export type OldOptions = Omit<GuestOptions, 'cpu' | 'firmware'>;

/** Debian up, and the bundle unpacked on it. */
export async function openDebian(site: Site, debian: DebianOptions, options: OldOptions): Promise<Old> {
  return openOld(site, await makeDebian(site, debian), options);
}

/** An old system up, and the bundle unpacked on it. */
export async function openOld(
  site: Site,
  system: OldSystem,
  options: OldOptions,
  fetching: Fetching = byBash,
): Promise<Old> {
  const old = await startOld(site, system, options);
  const server = await serveFiles({ bundle: image.bundle });
  await old.ssh.run(fetching.shell, { stdin: fetching.script(server.port), seconds: 240 });
  await server.close();
  return old;
}

/** An old system up, as it is. */
export async function startOld(
  site: Site,
  { disks, ...started }: OldSystem,
  options: OldOptions,
): Promise<Old> {
  const start = (name: string) =>
    site.start({
      name,
      cpu: target.qemu.debianProcessor,
      limitSeconds: 900,
      ...options,
      ...started,
      disks: [...disks, ...(options.disks ?? [])],
    });
  const machine = await start('old');
  const ssh = site.ssh();
  await oldUp(machine, ssh);
  return { directory: site.directory, machine, ssh, again: () => start('old-again') };
}

/** A login prompt is not waited for: systemd gives up a serial port that udev does not announce within 90 s of a busy host's time. */
export async function oldUp(machine: Machine, ssh: Ssh): Promise<void> {
  await unlessItEnds(machine, ssh.waitUntilUp(520));
}

/**
 * Starts `run`; what it says ends with the announcement that nixos-anywhere looks for.
 * @param around makes another command line of the command
 */
export async function leave(
  { directory, ssh }: Old,
  options: string,
  around: (command: string) => string = command => `${command} 2>&1`,
): Promise<string> {
  const said = await ssh.run(around(`./kexec/run ${options}`), { seconds: 300 });
  files.write(join(directory, 'run.txt'), said);
  assert.match(said, /machine will boot into nixos/);
  return said;
}

/** Waits for the rescue system, under the same host key and the same authorized key. */
export async function arrive({ machine, ssh }: Old): Promise<void> {
  await stageDone(machine, 'rescue', 240);
  await ssh.waitUntilUp(60);
}

/** Public halves of the host keys that sshd shows in the rescue system, sorted. */
export async function servedKeys(ssh: Ssh): Promise<string> {
  return ssh.run(
    'sshd -T | sed -n "s/^hostkey //p" | while read -r key; do ssh-keygen -y -f $key | cut -d" " -f1,2; done | sort',
  );
}
