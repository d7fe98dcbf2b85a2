import { spawnSync } from 'node:child_process';
import { test, type Test } from 'tap';
import { runParts } from '../../../../support/run-parts.ts';

/** The shell side of the kexec bundle, under every shell that an old system may have as /bin/sh. */
export const bundle = new URL('../../../../../image/media/bundle', import.meta.url).pathname;

export const shells = [['dash'], ['bash', '--norc', '--posix'], ['busybox', 'ash']];

/** Runs lines in a shell that has read all parts of `run`; standard output and standard error, and the exit code. */
export function shell(argv: readonly string[], script: string, variables: Record<string, string> = {}) {
  const [program = '', ...args] = argv;
  const lines = ['set -eu; umask 077', ...runParts.map(path => `. ${path}`), script];
  const env = { PATH: process.env['PATH'] ?? '', here: bundle, memory: '/nonexistent', ...variables };
  const { stdout, stderr, status } = spawnSync(program, [...args, '-c', lines.join('\n')], {
    env,
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

export function underEachShell(
  name: string,
  body: (t: Test, argv: readonly string[]) => void | Promise<void>,
): void {
  for (const argv of shells) test(`${name} (${argv[0]})`, async t => body(t, argv));
}
