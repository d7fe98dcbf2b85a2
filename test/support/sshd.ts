import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, type Finished } from '../../agent/host/exec.ts';
import * as clock from '../../agent/host/clock.ts';
import { readBanner } from '../../agent/host/tcp.ts';
import { checkout } from '../../image/lib/host.ts';
import { freePort } from '../vm/harness/machine/machine.ts';

/**
 * The OpenSSH of the image's packages with the image's configuration, in a root and a process namespace of its own, on a port
 * of the loopback interface.
 */
export interface Sshd {
  /** The root that it runs in; /root, /etc, /run and /var are the test's own. */
  root: string;
  port: number;
  authorize: (text: string) => void;
  /** As root, with a private key; no other key, agent or configuration counts. */
  ssh: (identity: string, ...args: readonly string[]) => Promise<Finished>;
  stop: () => Promise<void>;
}

/** The root for it: what is the test's own, and links to where the packages will be mounted. */
function makeRoot(root: string): void {
  for (const name of ['usr', 'etc/ssh/sshd_config.d', 'root/.ssh', 'run/sshd', 'tmp', 'var/log', 'stubs'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  for (const name of ['root', 'root/.ssh', 'run/sshd']) chmodSync(join(root, name), 0o700);
  const own = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n',
    'etc/shadow': 'root:*:1::::::\nsshd:!:1::::::\n',
    'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  };
  for (const [name, text] of Object.entries(own)) writeFileSync(join(root, name), text);
}

/** Arguments that run a program in the root, with further directories of this machine in it. */
function inRoot(root: string, packages: string, mounts: Readonly<Record<string, string>> = {}): string[] {
  const all = { '/usr': join(packages, 'usr'), ...mounts };
  return [
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', checkout('image/lib/chroot.sh'), root],
    ...Object.entries(all).map(([inside, outside]) => `${outside}=${inside}`),
    '--',
  ];
}

/**
 * @param root an empty directory
 * @param argv instead of sshd itself
 */
export async function startSshd(
  root: string,
  packages: string,
  argv: readonly string[] = ['/usr/sbin/sshd', '-D', '-E', '/var/log/sshd.log'],
  mounts: Readonly<Record<string, string>> = {},
): Promise<Sshd> {
  makeRoot(root);
  const port = await freePort();
  const configuration = checkout('image/rootfs/root/etc/ssh/sshd_config');
  await attempt({
    doing: 'copying',
    argv: ['cp', configuration, join(root, 'etc/ssh/')],
    timeoutSeconds: 20,
  });
  // A client that fails again and again is kept waiting otherwise.
  const limits = 'PerSourcePenalties no\nMaxStartups 100\n';
  writeFileSync(
    join(root, 'etc/ssh/sshd_config.d/test.conf'),
    `Port ${port}\nListenAddress 127.0.0.1\n${limits}`,
  );
  const hostKey = join(root, 'etc/ssh/ssh_host_ed25519_key');
  await attempt({
    doing: 'making a host key',
    argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', hostKey],
    timeoutSeconds: 60,
  });
  const [program = '', ...args] = [...inRoot(root, packages, mounts), ...argv];
  const child = spawn(program, args, {
    stdio: 'ignore',
    env: { PATH: '/stubs:/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const answers = await clock.poll(() => readBanner('127.0.0.1', port, 10), 60, 0.1);
  if (answers === null) throw new Error('sshd does not answer');
  return {
    root,
    port,
    authorize: text => writeFileSync(join(root, 'root/.ssh/authorized_keys'), text, { mode: 0o600 }),
    ssh: (identity, ...more) =>
      attempt({
        doing: 'logging in',
        argv: ['ssh', ...sshOptions(identity), '-p', String(port), 'root@127.0.0.1', ...more],
        timeoutSeconds: 60,
      }),
    stop: () => ended(child),
  };
}

export function sshOptions(identity: string): string[] {
  const options = {
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    LogLevel: 'ERROR',
    ControlPath: 'none',
  };
  return [
    '-F',
    '/dev/null',
    '-i',
    identity,
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  ];
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await end;
}
