import { gitRepository } from '../plan/git.ts';
import type { CommitStep } from '../plan/step.ts';
import { now } from './clock.ts';
import { exists, readBytes, walk, writeAtomic } from './files.ts';

/** Puts all that lies in a directory into a new git repository there, as one commit; nothing where it is one already. */
export function commitAll({ directory, message, author }: Omit<CommitStep, 'kind' | 'doing'>): void {
  if (exists(`${directory}/.git/HEAD`)) return;
  const files = Object.fromEntries(
    // What a power cut left of an earlier attempt is no content.
    walk(directory)
      .filter(path => !path.startsWith('.git/'))
      .map(path => [path, readBytes(`${directory}/${path}`) ?? Buffer.alloc(0)]),
  );
  const seconds = Math.floor(now().getTime() / 1000);
  const repository = gitRepository({ files, message, author, seconds });
  for (const [path, content] of Object.entries(repository)) {
    writeAtomic(`${directory}/.git/${path}`, content, path.startsWith('objects/') ? 0o444 : 0o644);
  }
}
