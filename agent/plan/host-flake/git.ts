import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/**
 * A git repository with one commit, without git(1), which the image has no room for: loose objects (gitformat-loose(5),
 * gitglossary(7)) and an index (gitformat-index(5)), since Nix sees only files that the index has.
 */

/** Of the modes that git knows (git-fast-import(1), filemodify), those that Nix takes from a tree. */
export type GitMode = '100644' | '100755' | '120000';

export interface GitFile {
  /** Below the repository: "hosts/web-01.nix". */
  path: string;
  mode: GitMode;
  /** The content; of a link what it says. One is held in memory at a time. */
  read: () => Buffer;
}

export interface CommitOf {
  files: readonly GitFile[];
  message: string;
  /** "NAME <ADDRESS>" */
  author: string;
  /** Unix time. */
  seconds: number;
}

/** @param write is given the files of the directory .git; without the last, HEAD, it is no repository yet */
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
  // Git compares bytes.
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

/** Directories first become objects, then entries. Git sorts a directory as if its name ended with a slash. */
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

/** Version 2, every time and inode zero: git then looks at the file itself, and puts them in. */
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
