import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import * as clock from '../../../agent/host/clock.ts';
import { attempt, run, type Finished } from '../../../agent/host/exec.ts';
import { image } from '../harness/image.ts';
import { timeScale } from '../harness/time-scale.ts';
import { makeKeys } from '../harness/keys.ts';
import { operatorHome, type Operator } from './operator.ts';
import type { Site } from '../harness/site.ts';

/** How nixos-anywhere talks to a machine, and how it leaves the system that it finds there. */

/** The temporary key of this run, made by the driver as nixos-anywhere makes one. */
export interface Remote {
  port: number;
  key: string;
}

export function sshOptions({ port, key }: Remote): string[] {
  return [
    ...['-o', 'IdentitiesOnly=yes', '-i', key, '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'StrictHostKeyChecking=no', '-p', String(port)],
  ];
}

/** Any exit code is an answer. */
export function tryRemote(
  remote: Remote,
  command: string,
  stdin?: string,
  terminal = false,
): Promise<Finished> {
  return attempt({
    doing: `running over SSH: ${command}`,
    argv: ['ssh', terminal ? '-tt' : '-T', ...sshOptions(remote), 'root@127.0.0.1', command],
    ...(stdin === undefined ? {} : { stdin }),
    timeoutSeconds: 300 * timeScale,
  });
}

export async function remotely(
  remote: Remote,
  command: string,
  stdin?: string,
  terminal = false,
): Promise<string> {
  const { exitCode, stdout, stderr } = await tryRemote(remote, command, stdin, terminal);
  assert.equal(exitCode, 0, `${command}\n${stdin ?? ''}\n${stdout}\n${stderr}`);
  return stdout;
}

/** What the installer must answer to be taken for one: each line NAME=y. */
export const facts = `
has() { command -v "$1" >/dev/null && echo y || echo n; }
yes() { "$@" >/dev/null 2>&1 && echo y || echo n; }
echo isOs=$(uname)
echo isArch=$(uname -m)
echo isNixos=$(yes grep -Eq 'ID(_LIKE)?="?nixos"?' /etc/os-release)
echo isInstaller=$(yes grep -Eq 'VARIANT_ID="?installer"?' /etc/os-release)
echo isRoot=$(test "$(id -u)" -eq 0 && echo y || echo n)
echo hasTar=$(has tar)
echo hasCpio=$(has cpio)
echo hasWget=$(has wget)
echo hasSetsid=$(yes setsid --wait true)
`;

/** What it runs on the source machine, without the download. */
const kexecScript = `set -eu
cd "$HOME/kexec"
tar -x --gzip -f kexec-tarball.tar.gz
TMPDIR="$HOME/kexec" setsid --wait "$HOME/kexec/kexec/run" --kexec-extra-flags '' 2>&1 | tee nixos-anywhere.log || true
grep -q 'machine will boot into nixos' nixos-anywhere.log
`;

/** Row 1: OpenSSH's own script adds the run's key to the logins, where `by` is a login already. */
export async function sendKey(site: Site, { port, key }: Remote, by: string): Promise<void> {
  // It makes its temporary file in there, and a machine that runs the tests may have none.
  files.makeDirectory(join(site.directory, '.ssh'));
  await run({
    doing: 'ssh-copy-id',
    env: { HOME: site.directory },
    argv: [
      ...(['ssh-copy-id', '-f', '-i', `${key}.pub`, '-o', 'ConnectTimeout=10', '-p', String(port)] as const),
      ...['-o', 'UserKnownHostsFile=/dev/null', '-o', 'StrictHostKeyChecking=no'],
      ...['-o', 'IdentitiesOnly=yes', '-o', `IdentityFile=${by}`, 'root@127.0.0.1'],
    ],
    timeoutSeconds: 120 * timeScale,
  });
}

/** Rows 1 to 4: from the old system to the installer. @returns how to reach it */
export async function leaveForInstaller(site: Site): Promise<Remote> {
  const temporary = (await makeKeys(join(site.directory, 'temporary'))).user;
  const remote: Remote = { port: site.sshPort, key: temporary.file };
  await sendKey(site, remote, site.keys.user.file);
  // Row 2.
  const answers = await remotely(remote, 'enableDebug= sh --', facts);
  assert.match(answers, /isInstaller=n[^]*hasTar=y\nhasCpio=y\n[^]*hasSetsid=y/);

  // Row 3.
  await remotely(
    remote,
    'mkdir -p "$HOME/kexec" && cat > "$HOME/kexec/nixos-anywhere-kexec.sh"',
    kexecScript,
  );
  const upload = `ssh -T ${sshOptions(remote).join(' ')} root@127.0.0.1 'cat > "$HOME/kexec/kexec-tarball.tar.gz"' <${image.bundle}`;
  await run({ doing: 'sending the bundle', argv: ['sh', '-c', upload], timeoutSeconds: 240 * timeScale });
  const said = await remotely(remote, 'bash "$HOME/kexec/nixos-anywhere-kexec.sh"', undefined, true);
  files.write(join(site.directory, 'run.txt'), said);
  assert.match(said, /machine will boot into nixos/);

  // Row 4: until the way down fails, then until the way up is there. The old system's SYN may be answered by the new one,
  // unless the port is closed for some seconds while the address is up.
  const answersAtAll = async (...options: string[]) => {
    const argv = ['ssh', ...sshOptions(remote), ...options, 'root@127.0.0.1', '--', 'exit 0'] as const;
    const { exitCode } = await attempt({
      doing: 'looking for SSH',
      argv: ['timeout', '10', ...argv],
      timeoutSeconds: 30,
    });
    return exitCode === 0;
  };
  const down = await clock.poll(async () => ((await answersAtAll()) ? null : true), 120 * timeScale, 1);
  assert.ok(down, 'the old system is left');
  const up = await clock.poll(
    async () => ((await answersAtAll('-o', 'ConnectTimeout=10')) ? true : null),
    240 * timeScale,
    5,
  );
  assert.ok(up, 'the installer answers');
  return remote;
}

/** The run's key where the operator's programs find it. @returns their environment */
function environment(remote: Remote, site: Site): Readonly<Record<string, string>> {
  const key = join(site.directory, 'operator/home/key');
  files.write(key, files.readText(remote.key), 0o600);
  return { NIX_SSHOPTS: sshOptions({ port: remote.port, key: `${operatorHome}/key` }).join(' ') };
}

/** `nix copy` as nixos-anywhere calls it; it starts `nix-store --serve --write` at the other end. */
export async function copy(
  operator: Operator,
  remote: Remote,
  site: Site,
  path: string,
  to: string,
): Promise<void> {
  await operator.run(`copying ${path} to ${to}`, ['nix', 'copy', '--to', to, path], {
    env: environment(remote, site),
    seconds: 600,
  });
}

/**
 * `nix build` as nixos-anywhere calls it with --build-on remote; it starts `nix-daemon --stdio` at the other end.
 * @param settings of the store, each after a "&"
 * @returns the path that was built, there
 */
export async function buildThere(
  operator: Operator,
  remote: Remote,
  site: Site,
  expression: string,
  settings: string,
): Promise<string> {
  const key = encodeURIComponent(`${operatorHome}/key`);
  const store = `ssh-ng://root@127.0.0.1?ssh-key=${key}&compress=true${settings}`;
  return operator.run(
    `building in ${store}`,
    [
      ...['nix', 'build', '--impure', '--print-out-paths', '--no-link', '--expr', expression],
      ...['--eval-store', 'auto', '--store', store],
    ],
    { env: environment(remote, site), seconds: 300 },
  );
}
