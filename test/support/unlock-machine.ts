import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { checkout } from '../../image/lib/host.ts';

/** A machine in stage 1 that test/fixtures/stage-1/program.sh plays, and `unlock` running on it. */

export const program = checkout('nix/host-flake/unlock.sh');
const programs = [
  'zfs',
  'zpool',
  'systemctl',
  'systemd-tty-ask-password-agent',
  'timeout',
  'hostid',
  'sleep',
];

/** Files below `state`: path -> text; null: no such file. */
export type State = Readonly<Record<string, string | null>>;

export interface Machine {
  root: string;
  /** Everything that was started, a line each. */
  calls(): string[];
  /** Waits until its clock, which is in a hurry, has counted so many seconds. */
  reaches(seconds: number): Promise<void>;
}

export function machine(t: Test, state: State, pools = ['rpool']): Machine {
  const root = t.testdir();
  const lines = pools.map(pool => `${pool} /dev/disk/by-partuuid -r ${pool}\n`).join('');
  const files: State = {
    'etc/unlock.conf': lines,
    'proc/partitions': '254 0 4194304 vda\n',
    'state/calls': '',
  };
  const own = Object.entries(state).map(([path, text]) => [`state/${path}`, text] as const);
  for (const [path, text] of [...Object.entries(files), ...own]) {
    if (text === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'bin'));
  for (const name of programs)
    symlinkSync(checkout('test/fixtures/stage-1/program.sh'), join(root, 'bin', name));
  return {
    root,
    calls: () => readFileSync(join(root, 'state/calls'), 'utf8').trimEnd().split('\n'),
    reaches: async seconds => {
      const clock = join(root, 'state/seconds');
      while (!existsSync(clock) || !(Number(readFileSync(clock, 'utf8')) >= seconds)) await setTimeout(50);
    },
  };
}

export interface Unlocking {
  ended: Promise<{ code: number | null; out: string; err: string }>;
  type(text: string): void;
  /** No more input. */
  close(): void;
  kill(signal: NodeJS.Signals): void;
  /** Waits for a text on its output. */
  says(pattern: RegExp): Promise<void>;
}

export function start(argv: readonly string[], { root }: Machine, file = program): Unlocking {
  const [shell = '', ...rest] = argv;
  const env = { PATH: `${root}/bin:/usr/bin:/bin`, UNLOCK_ROOT: root };
  const child = spawn(shell, [...rest, file], { env });
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
  child.stdin.on('error', () => {});
  return {
    ended: new Promise(resolve => child.on('close', code => resolve({ code, out, err }))),
    type: text => void child.stdin.write(text),
    close: () => child.stdin.end(),
    kill: signal => void child.kill(signal),
    says: pattern =>
      new Promise(resolve => {
        const listener = () => {
          if (!pattern.test(out)) return;
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
        listener();
      }),
  };
}

/** Runs it with everything typed at once. */
export async function unlock(argv: readonly string[], on: Machine, input: string | null) {
  const unlocking = start(argv, on);
  if (input !== null) {
    unlocking.type(input);
    unlocking.close();
  }
  return unlocking.ended;
}
