import { gitRepository, type GitFile } from '../plan/host-flake/git.ts';
import type { CommitStep } from '../plan/step.ts';
import { now } from './clock.ts';
import { exists, readBytes, readLink, tree, writeAtomic } from './files.ts';

/** Puts all that lies in a directory into a new git repository there, as one commit; nothing where it is one already. */
export function commitAll({ directory, message, author }: Omit<CommitStep, 'kind' | 'doing'>): void {
  if (exists(`${directory}/.git/HEAD`)) return;
  const files = tree(directory)
    // What a power cut left of an earlier attempt is no content, and git refuses the name anywhere.
    .filter(({ path }) => !path.split('/').includes('.git'))
    .map(({ path, kind, executable }): GitFile => {
      const absolute = `${directory}/${path}`;
      return kind === 'link'
        ? { path, mode: '120000', read: () => Buffer.from(readLink(absolute) ?? '') }
        : {
            path,
            mode: executable ? '100755' : '100644',
            read: () => readBytes(absolute) ?? Buffer.alloc(0),
          };
    });
  const seconds = Math.floor(now().getTime() / 1000);
  gitRepository({ files, message, author, seconds }, (path, content) =>
    writeAtomic(`${directory}/.git/${path}`, content, path.startsWith('objects/') ? 0o444 : 0o644),
  );
}
