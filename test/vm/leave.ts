import assert from 'node:assert/strict';
import { join } from 'node:path';
import { bundleNames } from '../../image/bundle.ts';
import * as files from '../../image/files.ts';
import { checkout } from '../../image/host.ts';
import { debianCpu, makeDebian, type DebianOptions } from './debian.ts';
import { stageDone } from './install.ts';
import type { Machine } from './machine.ts';
import { serveFiles } from './serve.ts';
import type { GuestOptions, Site } from './site.ts';
import type { Ssh } from './ssh.ts';

/** A running Debian that is left by the bundle's own `run`, over SSH, for real. */
export interface Old {
  /** Where what `run` says is kept. */
  directory: string;
  machine: Machine;
  ssh: Ssh;
  /** Starts the same disk again, as the machine's boot loader would. */
  again: () => Promise<Machine>;
}

/** Debian up, and the bundle unpacked on it. */
export async function openDebian(
  site: Site,
  debian: DebianOptions,
  options: Omit<GuestOptions, 'cpu'>,
): Promise<Old> {
  const { disk, boot } = await makeDebian(site, debian);
  const start = (name: string) =>
    site.start({
      name,
      cpu: debianCpu,
      limitSeconds: 900,
      ...options,
      disks: [disk, ...(options.disks ?? [])],
      boot,
    });
  const machine = await start('debian');
  const ssh = site.ssh();
  await debianUp(machine, ssh);
  const server = await serveFiles({ bundle: join(checkout('out'), bundleNames.tarball) });
  // A minimal system has neither curl nor wget.
  const fetch = `set -e
exec 3<>/dev/tcp/10.0.2.2/${server.port}
printf 'GET /bundle HTTP/1.0\\r\\n\\r\\n' >&3
while IFS= read -r line <&3 && [ "$line" != $'\\r' ]; do :; done
tar -xz -C /root <&3
`;
  await ssh.run('bash -s', { stdin: fetch, seconds: 240 });
  await server.close();
  return { directory: site.directory, machine, ssh, again: () => start('debian-again') };
}

export async function debianUp(machine: Machine, ssh: Ssh): Promise<void> {
  await machine.console.waitFor(/login: $/m, 400);
  await ssh.waitUntilUp(120);
}

/** Starts `run`; what it says ends with the announcement that nixos-anywhere looks for. */
export async function leave({ directory, ssh }: Old, options: string): Promise<string> {
  const said = await ssh.run(`./kexec/run ${options} 2>&1`, { seconds: 300 });
  files.write(join(directory, 'run.txt'), said);
  assert.match(said, /machine will boot into nixos/);
  return said;
}

/** Waits for the rescue system, under the same host key and the same authorized key. */
export async function arrive({ machine, ssh }: Old): Promise<void> {
  await stageDone(machine, 'rescue', 240);
  await ssh.waitUntilUp(60);
}
