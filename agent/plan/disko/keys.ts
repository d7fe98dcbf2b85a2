import { DabeiError } from '../../errors.ts';

/** Which keys a disko script takes from where. Pure. */

/** Files from which it reads keys: cryptsetup(8), --key-file and luksAddKey; `passwordFile` of disko, by cat; zfsprops(7), keylocation. */
const keyReaders: readonly RegExp[] = [
  /--key-file[ =](?!<\()["']?(\/[^\s"')]+)/g,
  /\$\(cat ["']?(\/[^\s"')]+)["']?\)/g,
  /\bluksAddKey ["']?[^\s"']+["']? ["']?(\/[^\s"')]+)/g,
  /\bkeylocation=["']?file:\/\/(\/[^\s"')]+)/g,
];

/**
 * Files that the script reads as keys, each once. A file that also stands elsewhere in the script, as where a hook writes it, is left out.
 * Variables alone are no reading: disko gives each hook all its settings as variables.
 */
export function keyFilesReadBy(text: string): string[] {
  let code = commandsOf(text).join('\n');
  const found = new Set<string>();
  for (const reader of keyReaders) {
    for (const [, path = ''] of code.matchAll(reader)) found.add(path);
    code = code.replace(reader, '');
  }
  const rest = new Set(code.split(/[\s"'`;|&()<>=]+/));
  return [...found].filter(path => !rest.has(path));
}

/**
 * Whether the script asks a person: bash's `read` without echo, or a ZFS dataset that is created with a key that ZFS would ask for
 * (zfsprops(7): keylocation is "prompt" unless it is given). A key location that is set afterwards is asked for at the next start.
 */
export function asksForKey(text: string): boolean {
  const commands = commandsOf(text);
  const reads = /(?:^|[\s;])read(?: -[a-z]+)* -[a-z]*s[a-z]*(?: |$)/;
  const creates = /\b(?:zfs|zpool) create\b.* -[oO] keyformat=/;
  return commands.some(
    command =>
      reads.test(command) ||
      (creates.test(command) && !/ -[oO] keylocation=["']?(?!["']?prompt)\w/.test(command)),
  );
}

/** Lines of a script, continued ones as one, without comments, and without those that only set variables. */
function commandsOf(text: string): string[] {
  return text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map(line => line.trim().replace(/ +/g, ' '))
    .filter(line => line !== '' && !line.startsWith('#') && !isAssignment(line));
}

/** As disko writes the settings of each type for its hooks (lib.toShellVars of nixpkgs). */
function isAssignment(line: string): boolean {
  return /^(?:declare -[aA] \w+=\(.*\)|[A-Za-z_]\w*=(?:'[^']*'|"[^"$]*"|[^\s'"$]*))$/.test(line);
}

/**
 * @param unreadable those of `keyFilesReadBy` that the script will not find
 * @param asks as `asksForKey`
 * @returns DISKO_KEY for each key that the script would not get: it would stop half way, with the disks erased
 */
export function keyFaults(unreadable: readonly string[], asks: boolean): DabeiError[] {
  const refuse = (problem: string, remedy: string) =>
    new DabeiError('DISKO_KEY', {
      doing: 'looking for the keys that the disko script reads',
      problem,
      remedy,
    });
  return [
    ...unreadable.map(path =>
      refuse(
        `it reads ${JSON.stringify(path)}, which is not in disks.keyFiles`,
        /^\/(tmp|run|root)\//.test(path)
          ? 'give the file as disks.keyFiles'
          : 'let the layout read the key from a file below /tmp, and give the file as disks.keyFiles',
      ),
    ),
    ...(asks
      ? [
          refuse(
            'it asks for a passphrase, and nobody would answer',
            'let the layout read it from a file (passwordFile of LUKS, keylocation "file:///tmp/disk.key" of ZFS), and give the file as disks.keyFiles',
          ),
        ]
      : []),
  ];
}
