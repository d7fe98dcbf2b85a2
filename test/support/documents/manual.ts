import { run } from '../../../agent/host/exec.ts';
import { fileURLToPath } from 'node:url';

/** docs/man/dabei.8 and run.8: from what the programs print for --help. man(7), groff_man(7). */

const checkout = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A line of --help: a command or an option with its arguments, and what it does. */
export interface Entry {
  term: string;
  text: string;
}

export interface Help {
  entries: Entry[];
  exitCodes: Entry[];
}

/** What the program itself prints. */
export async function helpOf(program: 'dabei' | 'run'): Promise<string> {
  const argv: [string, ...string[]] =
    program === 'dabei'
      ? [
          process.execPath,
          '--import=tsx',
          `--import=${checkout('test/support/nix-text.mjs')}`,
          checkout('agent/main.ts'),
          '--help',
        ]
      : ['sh', '-c', '. ./limits.sh && . ./options.sh && usage'];
  const cwd = checkout(program === 'dabei' ? '.' : 'image/media/bundle/lib');
  const { stdout } = await run({
    doing: `asking ${program} for its options`,
    argv,
    cwd,
    timeoutSeconds: 120,
  });
  return stdout;
}

/** Two blanks separate a term from its text; lines further to the right continue the text. */
export function parseHelp(help: string): Help {
  const [options = '', codes = ''] = help.split(/^exit codes:$/m);
  return {
    entries: entriesOf(options, /^ {2}(\S.*?)(?: {2,}(\S.*))?$/),
    exitCodes: entriesOf(codes, /^ +(\d+) {2}(\S.*)$/),
  };
}

function entriesOf(text: string, first: RegExp): Entry[] {
  const entries: Entry[] = [];
  for (const line of text.split('\n')) {
    const [found, term = '', rest = ''] = first.exec(line) ?? [];
    const last = entries.at(-1);
    if (found !== undefined) entries.push({ term, text: rest });
    else if (/^ {8,}\S/.test(line) && last !== undefined) last.text = `${last.text} ${line.trim()}`.trim();
  }
  return entries;
}

interface Page {
  name: string;
  summary: string;
  synopsis: string[];
  description: string[];
  /** Heading of what --help lists. */
  heading: 'COMMANDS' | 'OPTIONS';
  exitCodes?: Entry[];
  files: Entry[];
  examples: Entry[];
  seeAlso: string;
}

const pages: Readonly<Record<'dabei' | 'run', Page>> = {
  dabei: {
    name: 'dabei',
    summary: 'install NixOS on encrypted ZFS from an initrd',
    synopsis: ['dabei COMMAND [OPTION]...'],
    description: [
      'dabei runs inside the nix-dabei image. It reads a configuration, brings up the network and SSH, checks everything, and ' +
        'then installs NixOS on the disks that the configuration selects. With nothing to install, the machine is a rescue system.',
      'The first process of the image starts "dabei boot" once. The other commands are for people who log in over SSH.',
    ],
    heading: 'COMMANDS',
    exitCodes: [
      { term: '0', text: 'success' },
      { term: '1', text: 'failure; the error and what to do about it are printed' },
      { term: '2', text: 'the command line is wrong' },
      { term: '10', text: 'preflight refuses; the reasons are printed' },
    ],
    files: [
      { term: '/dabei.json', text: 'configuration, readable only by root; kexec and iPXE put it there' },
      { term: '/var/log/dabei.jsonl', text: 'every message and every command; "dabei logs" shows it' },
    ],
    examples: [
      {
        term: 'dabei plan --config host.json',
        text: 'print what an installation would do, or why it would be refused',
      },
      { term: 'dabei install', text: 'install, or resume an installation that stopped' },
    ],
    seeAlso: 'run(8), zpool(8), nixos-rebuild(8)',
  },
  run: {
    name: 'run',
    summary: 'leave a running Linux for nix-dabei by kexec',
    synopsis: ['run [OPTION]...'],
    description: [
      'run is part of the kexec bundle of nix-dabei. It captures addresses, routes, name servers, SSH host keys and authorized ' +
        'keys of the running system, checks the machine, and starts nix-dabei by kexec.',
      'Without --install, --flake or --config it starts the rescue system, which changes no disk; a restart brings the old system back.',
      'run shows what it keeps and what it erases, and asks before it erases anything.',
    ],
    heading: 'OPTIONS',
    files: [{ term: 'SHA256SUMS', text: 'hashes of the files of the bundle; run compares them first' }],
    examples: [
      { term: './kexec/run --dry-run', text: 'show what would happen' },
      {
        term: './kexec/run --install --disk /dev/sda --wipe',
        text: 'install; ask for confirmation and for the passphrase',
      },
      { term: './kexec/run --config host.json --disk-key-file key --yes', text: 'install without prompting' },
    ],
    seeAlso: 'dabei(8), kexec(8)',
  },
};

/** @returns the manual page as troff */
export async function manual(program: 'dabei' | 'run'): Promise<string> {
  const page = pages[program];
  const { entries, exitCodes } = parseHelp(await helpOf(program));
  const lines = [
    '.\\" Generated from --help by test/unit/documents/manual.test.ts.',
    `.TH ${page.name.toUpperCase()} 8 "" nix\\-dabei`,
    '.SH NAME',
    `${page.name} \\- ${troff(page.summary)}`,
    '.SH SYNOPSIS',
    ...page.synopsis.map(line => `.B ${troff(line)}`),
    '.SH DESCRIPTION',
    ...page.description.flatMap((text, index) => [...(index === 0 ? [] : ['.PP']), troff(text)]),
    `.SH ${page.heading}`,
    ...list(entries),
    '.SH "EXIT STATUS"',
    ...list(page.exitCodes ?? exitCodes),
    '.SH FILES',
    ...list(page.files),
    '.SH EXAMPLES',
    ...list(page.examples),
    '.SH "SEE ALSO"',
    troff(page.seeAlso),
    '.PP',
    'docs/index.md of nix\\-dabei lists all documents.',
  ];
  return `${lines.join('\n')}\n`;
}

function list(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ term, text }) => [
    '.TP',
    `.B ${troff(term)}`,
    troff(text === '' ? unexplained(term) : text),
  ]);
}

/** groff_char(7): a dash that can be copied is "\-"; a line must not begin with a control character. */
function troff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replace(/^([.'])/, '\\&$1');
}

/** --help and --version explain themselves on a terminal. */
function unexplained(term: string): string {
  return term.includes('--version')
    ? 'print the version, or the list of commands'
    : 'print the list of options';
}
