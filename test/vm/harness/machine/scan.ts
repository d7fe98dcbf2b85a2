/** Reading what a machine printed: signs of trouble, and the grammar of stages and errors. Pure. */

export interface Sign {
  pattern: RegExp;
  means: string;
  /** Nothing good can follow: whoever waits for something may stop waiting. */
  fatal?: boolean;
  /** The kernel measured how long something took: an emulated processor is as slow as the host is busy. */
  timing?: boolean;
  /** An old system that kexec is leaving may print it. */
  leaving?: boolean;
}

/**
 * Looked for on the console of every machine after every world. Kernel messages as of Linux 6.12; ZFS messages as of
 * OpenZFS 2.3 (module/zfs, cmd/zpool).
 */
export const signs: readonly Sign[] = [
  { pattern: /Kernel panic - not syncing.*/, means: 'the kernel gave up', fatal: true },
  { pattern: /Attempted to kill init.*/, means: 'PID 1 ended', fatal: true },
  { pattern: /\bOops: .*/, means: 'a kernel bug was hit' },
  { pattern: /BUG: (?!soft lockup).*/, means: 'a kernel bug was hit' },
  { pattern: /kernel BUG at .*/, means: 'a kernel assertion failed' },
  { pattern: /general protection fault.*/, means: 'the kernel touched what it must not' },
  { pattern: /\bWARNING: CPU: \d+ PID: \d+ at .*/, means: 'a kernel consistency check failed' },
  { pattern: /BUG: soft lockup.*/, means: 'a processor was stuck in the kernel', timing: true },
  {
    pattern: /INFO: task .* blocked for more than \d+ seconds.*/,
    means: 'a program hangs in the kernel',
    timing: true,
  },
  // Documentation/RCU/stallwarn.rst: 21 s. An emulated processor that swapped took more than 180 s, and went on.
  {
    pattern: /rcu: INFO: rcu_\w+ (self-)?detected stalls?.*/,
    means: 'a processor did not come back from a section',
    timing: true,
  },
  { pattern: /Out of memory: Killed process.*/, means: 'the kernel ended a program for lack of memory' },
  { pattern: /invoked oom-killer.*/, means: 'memory ran out' },
  { pattern: /page allocation failure.*/, means: 'the kernel got no memory' },
  {
    pattern: /Initramfs unpacking failed: .*/,
    means: 'the initrd is broken or does not fit, the kernel boots on with a part',
  },
  {
    pattern: /invalid magic at start of compressed archive/,
    means: 'an initrd member starts at an odd offset',
  },
  {
    pattern: /(?:Buffer )?I\/O error.*(?:dev \S+|device).*/,
    means: 'a disk failed to read or write',
    leaving: true,
  },
  { pattern: /critical (?:target|medium|space allocation) error.*/, means: 'a disk reported an error' },
  {
    pattern: /(?:EXT4-fs|XFS|BTRFS|SQUASHFS|FAT-fs)[^\n]*\berror\b.*/,
    means: 'a file system found damage',
    leaving: true,
  },
  { pattern: /SQUASHFS error:.*/, means: 'the image cannot be read' },
  { pattern: /VERIFY3?[A-Z]?\(.*\) failed.*/, means: 'an assertion of ZFS failed' },
  { pattern: /PANIC at \S+\.c:\d+:\w+\(\)/, means: 'ZFS gave up' },
  { pattern: /Pool '.*' has encountered an uncorrectable I\/O failure.*/, means: 'ZFS suspended a pool' },
  { pattern: /zio pool=\S+ .*error=\d+.*/, means: 'ZFS failed to read or write' },
  { pattern: /\b(?:\w+)\[\d+\]: segfault at .*/, means: 'a program crashed' },
  { pattern: /traps: \S+\[\d+\] (?:trap|general protection).*/, means: 'a program crashed' },
  { pattern: /modprobe: FATAL: .*/, means: 'a kernel module is missing' },
  {
    pattern: /Unknown kernel command line parameters "(?:[^"]*\s)?dabei.*/,
    means: 'a parameter of ours went to PID 1',
  },
];

/** Why waiting is pointless, from what was heard; null while there is hope. */
export function isBad(text: string): string | null {
  for (const { pattern, fatal, means } of signs) {
    const match = fatal ? pattern.exec(text) : null;
    if (match) return `${means}: ${match[0]}`;
  }
  return null;
}

/**
 * Every sign of trouble in a console text, as "what it means: the line".
 * @param expected lines that match one of these are part of the world and are not reported
 * @param emulated processors are: what took long tells of the host, and a real hang ends at the limit of the world
 */
export function scan(text: string, expected: readonly RegExp[] = [], emulated = false): string[] {
  let isLeaving = false;
  return text.split('\n').flatMap(line => {
    if (expected.some(pattern => pattern.test(line))) return [];
    isLeaving = lastAct.test(line) || (isLeaving && hasTime.test(line));
    const sign = signs.find(({ pattern }) => pattern.test(line));
    if (sign === undefined || (emulated && sign.timing) || (isLeaving && sign.leaving)) return [];
    return [`${sign.means}: ${line.trim()}`];
  });
}

/**
 * What `run` does last in an old system. Then kexec shuts its devices down while programs still run, and virtio disks fail every request
 * from there on (virtio_dev_shutdown in drivers/virtio/virtio.c). The next kernel, ours, prints no times.
 */
const lastAct = /sysrq: Emergency Remount R\/O/;
const hasTime = /^\[ *\d+\.\d+\] /;

/** ECMA-48 control sequences (CSI, OSC) and carriage returns: firmware and GRUB paint, people and patterns read. */
export function stripTerminal(text: string): string {
  return text
    .replaceAll(/\u001b\[[0-9;?=]*[A-Za-z]|\u001b\][^\u0007]*\u0007|\u001b[()][A-Z0-9]|\u001bc/g, '')
    .replaceAll('\r', '');
}

/** Cuts off a control sequence at the end of a text that is not complete yet. @returns what is whole, and the rest */
export function splitIncomplete(text: string): [whole: string, rest: string] {
  const start = text.search(/\u001b(?:\[[0-9;?=]*|\][^\u0007]{0,200}|[()])?$/);
  return start < 0 ? [text, ''] : [text.slice(0, start), text.slice(start)];
}

export interface StageLine {
  index: number;
  of: number;
  name: string;
  state: 'started' | 'done' | 'failed';
  /** Null when it only started. */
  seconds: number | null;
}

const stagePattern = new RegExp(
  `^stage (\\d+)/(\\d+) ([\\w-]+): (started|done|failed)(?: \\((\\d+\\.\\d) s\\))?$`,
  'gm',
);

/** The stage lines in a console text, in order. */
export function stagesIn(text: string): StageLine[] {
  return [...text.matchAll(stagePattern)].map(([, index, of, name, state, seconds]) => ({
    index: Number(index),
    of: Number(of),
    name: name!,
    state: state as StageLine['state'],
    seconds: seconds === undefined ? null : Number(seconds),
  }));
}

/** The stage that failed last, with the code of the error told for it; null when none failed. */
export function failureIn(text: string): { stage: string; code: string | null } | null {
  const failed = stagesIn(text).filter(line => line.state === 'failed');
  const stage = failed.at(-1)?.name;
  if (stage === undefined) return null;
  return { stage, code: [...text.matchAll(/^error ([A-Z][A-Z0-9_]*): /gm)].at(-1)?.[1] ?? null };
}
