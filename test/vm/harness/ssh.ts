import { join } from 'node:path';
import { keyOf } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import * as clock from '../../../agent/host/clock.ts';
import { timeScale } from './time-scale.ts';
import { attempt, type Finished } from '../../../agent/host/exec.ts';

/** The real OpenSSH client against a machine, with the host key pinned. ssh(1), ssh_config(5) */

export interface SshTarget {
  port: number;
  /** Private key file of root's key. */
  identity: string;
  /** "ssh-ed25519 AAAA…" that the machine must have. */
  hostKey: string;
  /** Where known_hosts is written. */
  directory: string;
  /** Where it is not a forwarded port of 127.0.0.1: the machine's name, the way there, and the network in which the client runs. */
  away?: {
    host?: string;
    proxyCommand?: string;
    within: (argv: readonly string[]) => readonly string[];
  };
}

export interface SshOptions {
  /** Limit for the whole command, connecting included. */
  seconds?: number;
  stdin?: string | Buffer;
  onLine?: (line: string) => void;
}

export class Ssh {
  readonly #target: SshTarget;
  readonly #knownHosts: string;

  constructor(target: SshTarget) {
    this.#target = target;
    this.#knownHosts = join(target.directory, `known_hosts-${keyOf([target.hostKey]).slice(0, 8)}`);
    // One file a key: the same port leads to several servers, one after the other.
    files.write(this.#knownHosts, `${alias} ${target.hostKey}\n`);
  }

  /** The command line for people: what `npm run demo` prints. */
  get commandLine(): string {
    const { port, identity } = this.#target;
    return `ssh -i ${identity} -o UserKnownHostsFile=${this.#knownHosts} -o HostKeyAlias=${alias} -p ${port} root@127.0.0.1`;
  }

  /**
   * Waits until sshd lets us in.
   * @param seconds the limit
   * @param command what to try, the cheapest one by default; the unlock shell of an initrd may not take it
   * @throws with the client's last words
   */
  async waitUntilUp(seconds: number, command = 'true'): Promise<void> {
    let last = 'no answer';
    const up = await clock.poll(
      async () => {
        const result = await this.attempt(command, { seconds: 20 });
        if (result.exitCode === 0) return true;
        last = result.stderr.trim();
        // A refused key or a wrong host key does not get better by waiting.
        if (/Permission denied|Host key verification failed|HOST IDENTIFICATION HAS CHANGED/.test(last)) {
          throw new Error(`ssh: ${last}`);
        }
        return null;
      },
      seconds * timeScale,
      0.5,
    );
    if (up === null) throw new Error(`ssh: not up within ${seconds} s: ${last}`);
  }

  /** Runs a command; any exit code is an answer, 255 is the client's own (no connection, refused). */
  async attempt(command: string, options: SshOptions = {}): Promise<Finished> {
    const settings = {
      BatchMode: 'yes',
      StrictHostKeyChecking: 'yes',
      UserKnownHostsFile: this.#knownHosts,
      GlobalKnownHostsFile: '/dev/null',
      HostKeyAlias: alias,
      IdentitiesOnly: 'yes',
      PreferredAuthentications: 'publickey',
      LogLevel: 'ERROR',
      // slirp accepts at once and forwards later: the wait is for the banner, which ConnectTimeout covers too.
      ConnectTimeout: String(10 * timeScale),
      ServerAliveInterval: '15',
      ServerAliveCountMax: '4',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const { port, identity, away } = this.#target;
    const { host = '127.0.0.1', proxyCommand, within = (argv: readonly string[]) => argv } = away ?? {};
    if (proxyCommand !== undefined) flags.push('-o', `ProxyCommand=${proxyCommand}`);
    return attempt({
      doing: `running ${command} over SSH`,
      argv: within([
        ...['ssh', '-F', '/dev/null', ...flags, '-i', identity],
        ...['-p', String(port), `root@${host}`, '--', command],
      ]),
      timeoutSeconds: (options.seconds ?? 60) * timeScale,
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
      ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    });
  }

  /** Runs a command that must succeed and gives its output. A connection that never came about is tried three times. */
  async run(command: string, options: SshOptions = {}): Promise<string> {
    for (let tries = 1; ; tries++) {
      const result = await this.attempt(command, options);
      if (result.exitCode === 0) return result.stdout;
      if (tries < 3 && result.exitCode === 255 && neverConnected.test(result.stderr)) continue;
      const said = [result.stderr, result.stdout].map(text => text.trim()).filter(Boolean);
      throw new Error(`ssh: ${command}: exit code ${result.exitCode}: ${said.join('\n').slice(-2000)}`);
    }
  }
}

/** The name under which the host key is pinned: 127.0.0.1 is many machines. */
const alias = 'dabei-vm';

const neverConnected = /kex_exchange_identification|banner exchange|Connection (refused|timed out)/;

/**
 * The host keys that a machine shows, "ssh-ed25519 AAAA…" each. ssh-keyscan(1)
 *
 * One connection for each type asked for: sshd bars an address that keeps connecting without logging in
 * (PerSourcePenalties, sshd_config(5)), and every machine of a test comes from the same one.
 */
export async function scanHostKeys(port: number, seconds: number, types = ['ed25519']): Promise<string[]> {
  const keys = await clock.poll(
    async () => {
      const argv = ['ssh-keyscan', '-T', '10', '-t', types.join(), '-p', String(port), '127.0.0.1'];
      const { stdout } = await attempt({ doing: 'reading host keys', argv, timeoutSeconds: 60 });
      const found = [...stdout.matchAll(/^\S+ (\S+ \S+)$/gm)].map(match => match[1]!);
      return found.length > 0 ? found : null;
    },
    seconds * timeScale,
    3,
  );
  if (keys === null) throw new Error(`no SSH host key on port ${port} within ${seconds} s`);
  return keys;
}
