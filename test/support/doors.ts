import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as clock from '../../agent/host/clock.ts';
import { realDoors, type Doors } from '../../agent/host/doors.ts';
import { DabeiError } from '../../agent/errors.ts';
import type { Command, Daemon } from '../../agent/host/exec.ts';
import * as files from '../../agent/host/files.ts';
import type { LogEntry } from '../../agent/host/log.ts';

/**
 * The real doors, opened onto a directory in place of the machine: files lie below it, programs are shell scripts that really
 * run, and a wait only moves the clock. What fails is one call of a real door.
 */
export interface TestDoors extends Doors {
  /** Where the machine's root is. */
  root: string;
  /** What was reported. */
  told: LogEntry[];
  /** Command lines of what was started, in order; daemons too. */
  ran: string[];
  /** Paths that were written or removed, in order. */
  written: string[];
  /** Text of a file of this machine; null where there is none. */
  read: (path: string) => string | null;
}

export interface World {
  /** Path on the machine -> text. */
  files?: Readonly<Record<string, string>>;
  /** Name of a program -> shell script; one that is not named does not exist, but for those of `real`. */
  programs?: Readonly<Record<string, string>>;
  /** Programs that run as this system has them. */
  real?: readonly string[];
  /** Limit of every program, instead of its own. */
  programSeconds?: number;
  /** Calls of the file door that fail: which, on which paths, and how. */
  failing?: readonly [call: keyof typeof files, path: RegExp, errno: Errno][];
  network?: Partial<Doors['network']>;
  /** Seconds since the start of the machine. */
  uptime?: number;
  /** Seconds since 1970-01-01 UTC, instead of what this system's clock shows. */
  epoch?: number;
  /** How many times as long as asked each wait takes, as on a busy machine: fewer programs have to run. */
  waiting?: number;
  claim?: Doors['claim'];
}

/** As Node says them. */
const errnos = {
  ENOENT: 'ENOENT: no such file or directory',
  EACCES: 'EACCES: permission denied',
  ENOSPC: 'ENOSPC: no space left on device',
  EROFS: 'EROFS: read-only file system',
  EIO: 'EIO: i/o error',
} as const;
type Errno = keyof typeof errnos;

const writing: readonly string[] = ['writeAtomic', 'writeKernelFile', 'makeDirectory', 'remove'];

/** @param root an empty directory */
export function doorsTo(root: string, world: World = {}): TestDoors {
  const told: LogEntry[] = [];
  const ran: string[] = [];
  const written: string[] = [];
  const place = (path: string, text: string, mode = 0o644) => {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    chmodSync(target, mode);
  };
  for (const [path, text] of Object.entries(world.files ?? {})) place(path, text);
  for (const [name, script] of Object.entries(world.programs ?? {}))
    place(name.startsWith('/') ? name : `/bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
  mkdirSync(join(root, 'var/log'), { recursive: true });

  return {
    root,
    told,
    ran,
    written,
    read: path => files.readText(join(root, path)),
    exec: programs(root, world, ran),
    files: filesBelow(root, world.failing ?? [], written),
    network: { ...realDoors.network, ...world.network },
    clock: quickClock(world),
    log: entry => told.push(entry),
    claim: world.claim ?? (() => {}),
  };
}

function programs(root: string, world: World, ran: string[]): Doors['exec'] {
  const inside = <C extends Pick<Command, 'argv' | 'env'>>(command: C): C => {
    const [program = '', ...args] = command.argv;
    ran.push(command.argv.join(' '));
    const isReal = world.real?.includes(program) ?? false;
    const path = program.startsWith('/') ? join(root, program) : join(root, 'bin', program);
    return {
      ...command,
      argv: [isReal ? program : path, ...args],
      // For the scripts: PATH is this system's, for sh, cat and sleep.
      env: { ...command.env, ROOT: root },
    };
  };
  const limited = (command: Command): Command => ({
    ...inside(command),
    timeoutSeconds: world.programSeconds ?? command.timeoutSeconds,
  });
  return {
    run: async command => realDoors.exec.run(limited(command)),
    attempt: async command => realDoors.exec.attempt(limited(command)),
    interactive: async command =>
      realDoors.exec.interactive({
        ...inside(command),
        timeoutSeconds: world.programSeconds ?? command.timeoutSeconds,
      }),
    startDaemon: async (daemon: Daemon) =>
      realDoors.exec.startDaemon({ ...inside(daemon), logFile: join(root, daemon.logFile) }),
  };
}

/** Every call of the file door takes a path of the machine first. */
function filesBelow(root: string, failing: NonNullable<World['failing']>, written: string[]): Doors['files'] {
  const below = (path: string) => (path.startsWith(root) ? path : join(root, path));
  const wrapped = Object.entries(files).map(([name, call]) => {
    const wrapper = (path: unknown, ...rest: unknown[]): unknown => {
      if (typeof path !== 'string') return (call as (...all: unknown[]) => unknown)(path, ...rest);
      if (writing.includes(name)) written.push(path);
      const failure = failing.find(([which, pattern]) => which === name && pattern.test(path));
      if (failure) {
        throw new DabeiError('FILE', {
          doing: `${writing.includes(name) ? 'writing' : 'reading'} ${path}`,
          problem: errnos[failure[2]],
        });
      }
      const answer = (call as (...all: unknown[]) => unknown)(below(path), ...rest);
      // Links lead to other places of the same machine.
      return name === 'realPath' && typeof answer === 'string' ? answer.slice(root.length) : answer;
    };
    return [name, wrapper] as const;
  });
  return Object.fromEntries(wrapped) as unknown as Doors['files'];
}

/** Time passes as it does, but a wait is over at once. */
function quickClock({ uptime = 100, waiting: times = 1, epoch }: World): Doors['clock'] {
  const started = clock.uptimeSeconds();
  let waited = 0;
  const uptimeSeconds = () => uptime + waited + clock.uptimeSeconds() - started;
  const sleep = async (seconds: number) => {
    waited += seconds * times;
  };
  const poll: typeof clock.poll = (ask, seconds, every) =>
    clock.poll(ask, seconds, every, { uptimeSeconds, sleep });
  const fixed = epoch === undefined ? {} : { epochSeconds: () => epoch, now: () => new Date(epoch * 1000) };
  return { ...clock, ...fixed, uptimeSeconds, sleep, poll };
}
