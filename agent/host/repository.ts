import { gitRepository, type GitFile } from '../plan/host-flake/git.ts';
import type { CommitStep } from '../plan/step.ts';
import type { Doors } from './doors.ts';

/** Makes a directory a git repository, with one commit of all its files. Does nothing if it already is one. */
export function commitAll(
  { files, clock }: Doors,
  { directory, message, author }: Omit<CommitStep, 'kind' | 'doing'>,
): void {
  if (files.exists(`${directory}/.git/HEAD`)) return;
  const committed = files
    .tree(directory)
    // An attempt that a power cut interrupted leaves a .git; git refuses this name in trees at any depth.
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
