import { gitRepository, type GitFile } from '../plan/host-flake/git.ts';
import type { CommitStep } from '../plan/step.ts';
import type { Doors } from './doors.ts';

/** Puts all that lies in a directory into a new git repository there, as one commit; nothing where it is one already. */
export function commitAll(
  { files, clock }: Doors,
  { directory, message, author }: Omit<CommitStep, 'kind' | 'doing'>,
): void {
  if (files.exists(`${directory}/.git/HEAD`)) return;
  const committed = files
    .tree(directory)
    // What a power cut left of an earlier attempt is no content, and git refuses the name anywhere.
    .filter(({ path }) => !path.split('/').includes('.git'))
    .map(({ path, kind, executable }): GitFile => {
      const absolute = `${directory}/${path}`;
      return kind === 'link'
        ? { path, mode: '120000', read: () => Buffer.from(files.readLink(absolute) ?? '') }
        : {
            path,
            mode: executable ? '100755' : '100644',
            read: () => files.readBytes(absolute) ?? Buffer.alloc(0),
          };
    });
  const seconds = Math.floor(clock.now().getTime() / 1000);
  gitRepository({ files: committed, message, author, seconds }, (path, content) =>
    files.writeAtomic(`${directory}/.git/${path}`, content, path.startsWith('objects/') ? 0o444 : 0o644),
  );
}
