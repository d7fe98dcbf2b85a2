import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/**
 * Writes a git repository with one commit without git(1), for which the image has no room: loose objects (gitformat-loose(5),
 * gitglossary(7)) and an index (gitformat-index(5)), because Nix sees only files in the index.
 */

/** The modes of git (git-fast-import(1), filemodify) that Nix accepts in a tree: file, executable file, symbolic link. */
export type GitMode = '100644' | '100755' | '120000';

export interface GitFile {
  /** Relative to the repository: "hosts/web-01.nix". */
  path: string;
  mode: GitMode;
  /** Returns the contents; of a link, its target. `gitRepository` keeps only one file in memory at a time. */
  read: () => Buffer;
}

export interface CommitOf {
  files: readonly GitFile[];
  message: string;
  /** "NAME <ADDRESS>" */
  author: string;
  /** Seconds since 1970-01-01 UTC. */
  seconds: number;
}

/**
 * Creates the files of a git repository.
 * @param write called for each file, with the path below .git. HEAD is the last one: without HEAD, git does not accept the directory
 *   as a repository, so an interrupted call leaves no broken one
 */
export function gitRepository(
  { files, message, author, seconds }: CommitOf,
  write: (path: string, content: Buffer) => void,
): void {
  const store = (type: 'blob' | 'tree' | 'commit', content: Buffer): string => {
    const object = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    const id = sha1(object).toString('hex');
    write(`objects/${id.slice(0, 2)}/${id.slice(2)}`, deflateSync(object));
    return id;
  };
  // git sorts by bytes.
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const blobs = sorted.map(({ path, mode, read }): Blob => {
    const content = read();
    return { path, mode, size: content.length, id: store('blob', content) };
  });
  const tree = storeTree(blobs, store);
  const stamp = `${author} ${seconds} +0000`;
  const commit = store(
    'commit',
    Buffer.from(`tree ${tree}\nauthor ${stamp}\ncommitter ${stamp}\n\n${message}\n`),
  );
  const config =
    '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n';
  write('config', Buffer.from(config));
  write('index', index(blobs));
  write('refs/heads/main', Buffer.from(`${commit}\n`));
  write('HEAD', Buffer.from('ref: refs/heads/main\n'));
}

interface Blob {
  path: string;
  mode: GitMode;
  size: number;
  id: string;
}

/**
 * Stores a tree and all trees below it. git sorts a directory as if its name ended with a slash.
 * @returns the id of the tree
 */
function storeTree(blobs: readonly Blob[], store: (type: 'tree', content: Buffer) => string): string {
  const directories = new Map<string, Blob[]>();
  const entries: { key: string; mode: string; name: string; id: string }[] = [];
  for (const blob of blobs) {
    const [name = '', ...rest] = blob.path.split('/');
    const below = { ...blob, path: rest.join('/') };
    const inside = directories.get(name);
    if (rest.length === 0) entries.push({ key: name, mode: blob.mode, name, id: blob.id });
    else if (inside === undefined) directories.set(name, [below]);
    else inside.push(below);
  }
  for (const [name, inside] of directories) {
    entries.push({ key: `${name}/`, mode: '40000', name, id: storeTree(inside, store) });
  }
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return store(
    'tree',
    Buffer.concat(
      entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
    ),
  );
}

/** An index of version 2 with zero for all times and inode numbers: git then compares the files, and fills in the values. */
function index(blobs: readonly Blob[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('DIRC');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(blobs.length, 8);
  const entries = blobs.map(({ path, mode, size, id }) => {
    const name = Buffer.from(path);
    const entry = Buffer.alloc(Math.ceil((62 + name.length + 1) / 8) * 8);
    entry.writeUInt32BE(parseInt(mode, 8), 24);
    entry.writeUInt32BE(size, 36);
    Buffer.from(id, 'hex').copy(entry, 40);
    entry.writeUInt16BE(Math.min(name.length, 0xfff), 60);
    name.copy(entry, 62);
    return entry;
  });
  const content = Buffer.concat([head, ...entries]);
  return Buffer.concat([content, sha1(content)]);
}

function sha1(content: Buffer): Buffer {
  return createHash('sha1').update(content).digest();
}
