import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { collect } from './commands/collect.ts';
import { nixosFacter, nixosGenerateConfig } from './commands/hardware-answers.ts';
import { boot, install } from './commands/boot.ts';
import { confirm, facts, logs, plan, status } from './commands/commands.ts';
import { setup } from './commands/setup.ts';
import { preflightCommand } from './commands/preflight.ts';
import { sign, verify } from './commands/sign.ts';
import { bootGeneration, enter, generations, lock, log, notStage1, unlock } from './commands/rescue.ts';
import { rescueEntry } from './commands/rescue-entry.ts';
import { nixosInstall } from './commands/nixos-install.ts';
import { realDoors as doors } from './host/doors.ts';
import { openStandardError } from './host/terminal/standard-error.ts';
import { openTerminal } from './host/terminal/terminal.ts';
import { drawOnce } from './stages/screen/watch.ts';
import { isOtherName, type OtherName } from './names.ts';
import { DabeiError, asDabeiError, formatError, reasonsOf } from './errors.ts';
import { version } from './version.ts';

const usage = `usage: dabei COMMAND

  install [--config FILE]  install as configured; erases the disks that the configuration names
  setup [--config FILE] [--save FILE]
                           asks what an installation needs, shows the plan, asks before it erases a disk, and installs; --save: where
                           the answers go, without secrets (/run/dabei/setup.json)
  plan [--config FILE]     print exactly the commands that install would run
  status [--json]          progress, errors, addresses and host keys
  confirm                  cancel the automatic return to the old system (formerly: stay)
  facts [--json]           what this machine is: firmware, disks, network cards, what has no driver
  logs [--json]            the log since the start
  collect --output DIR FILE...
                           adds machines, by their runtime-info.json or by what they reported, to an infrastructure flake;
                           see docs/fleets.md
  preflight --capture DIR --image DIR [--config FILE] [--command-line FILE] [--second-initrd FILE] [--result FILE] [--json]
                           check whether a running Linux can be left by kexec; exit code 10: refused
  sign --key KEY [--principal NAME] FILE
                           sign a configuration for machines that fetch it, after checking it; writes FILE.sig
  verify --signers ALLOWED_SIGNERS FILE
                           verify FILE by FILE.sig, as a machine does
  screen                   draw the status screen again, on the consoles that have one
  unlock                   in the rescue system of an installed machine: ask for the passphrase, mount everything at /mnt
  enter                    a shell in the installed system, after unlock
  log                      warnings of its last start, after unlock
  lock                     unmount it and export its pool
  generations              which generations its boot menu has; needs no passphrase
  boot                     what the machine runs automatically after the start
  boot GENERATION [--once]
                           in the rescue system: make this generation start, from now on or only next
  rescue-entry [--root DIR] [--refresh]
                           write this system to the boot menu of the system mounted at DIR; without --root, renew the kernel and the
                           initrd of the entries that are there; --refresh: keys and addresses alone
  --version, --help
`;

/**
 * Runs the command that the arguments, or the name of this program, name.
 * @returns exit code; for an error that is thrown, the code at the end of this file sets 2 for a wrong command line and 1 otherwise
 */
async function main(argv: readonly string[]): Promise<number> {
  const name = basename(process.argv0);
  if (isOtherName(name)) return answer(name, argv);
  const { values, positionals } = parse(argv);
  if (values.version) return print(`dabei ${version}\n`);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) return print(usage);
  if (command === 'collect') return print(collect(doors, machinesOf(rest, values), values.output!));
  if (command === 'sign' || command === 'verify') return print(await signature(command, rest, values));
  if (command === 'boot' && rest.length === 1)
    return print(await bootGeneration(doors, rest[0]!, values.once ?? false));
  if (rest.length > 0) throw wrongUsage(`unexpected: ${rest.join(' ')}`);
  switch (command) {
    case 'boot':
      return boot(doors);
    case 'install':
      return installAtTerminal(values.config);
    case 'setup':
      return guidedInstallation(values);
    case 'plan':
      return print(await plan(doors, values.config));
    case 'preflight':
      return preflightOf(values);
    case 'status':
      return print(status(doors, values.json ?? false));
    case 'confirm':
    case 'stay': // the name of "confirm" until 0.1
      return print(await confirm(doors));
    case 'screen':
      drawOnce(doors);
      return 0;
    case 'facts':
      return print(await facts(doors, values.json ?? false));
    case 'logs':
      return print(logs(doors, values.json ?? false));
    case 'unlock':
      return print(await unlock(doors));
    case 'enter':
      return enter(doors);
    case 'log':
      return print(await log(doors));
    case 'lock':
      return print(await lock(doors));
    case 'rescue-entry':
      return print(await rescueEntry(doors, values.root, values.refresh ?? false));
    case 'generations':
      return print(await generations(doors));
    default:
      throw wrongUsage(`there is no command ${command}`);
  }
}

function installAtTerminal(configFile: string | undefined): Promise<number> {
  const { isConsole, write } = openStandardError();
  return install(doors, configFile, isConsole ? undefined : write);
}

/** Under the name of another program. */
async function answer(name: OtherName, argv: readonly string[]): Promise<number> {
  const { write: tell } = openStandardError();
  switch (name) {
    case 'nixos-install':
      return nixosInstall(doors, argv, tell);
    case 'nixos-generate-config':
      return print(await nixosGenerateConfig(doors, argv));
    case 'nixos-facter':
      return print(await nixosFacter(doors, argv, tell));
    case 'unlock':
      throw notStage1(doors);
  }
}

function machinesOf(
  files: readonly string[],
  { output }: ReturnType<typeof parse>['values'],
): readonly string[] {
  if (files.length === 0 || output === undefined) throw wrongUsage('collect needs --output and files');
  return files;
}

/** Programs start in another directory: paths are made absolute here. */
function signature(
  command: 'sign' | 'verify',
  [file, ...others]: readonly string[],
  { key, principal = 'operator', signers }: ReturnType<typeof parse>['values'],
): Promise<string> {
  if (file === undefined || others.length > 0) throw wrongUsage(`${command} needs one file`);
  if (command === 'verify') {
    if (signers === undefined) throw wrongUsage('verify needs --signers');
    return verify(doors, resolve(file), resolve(signers));
  }
  if (key === undefined) throw wrongUsage('sign needs --key');
  return sign(doors, resolve(file), resolve(key), principal);
}

function guidedInstallation({
  config,
  save = '/run/dabei/setup.json',
}: ReturnType<typeof parse>['values']): Promise<number> {
  const terminal = openTerminal();
  if (terminal !== null) return setup(doors, terminal, { config, save: resolve(save) });
  throw new DabeiError('USAGE', {
    doing: 'starting the guided installation',
    problem: 'standard input and output are not a terminal',
    remedy: 'run it on a console, or with "ssh -t root@ADDRESS dabei setup"',
  });
}

function preflightOf(values: ReturnType<typeof parse>['values']): Promise<number> {
  const { capture, image, config, result, json = false } = values;
  const { 'command-line': commandLine, 'second-initrd': secondInitrd } = values;
  if (capture === undefined || image === undefined) throw wrongUsage('preflight needs --capture and --image');
  const options = { capture, image, config, commandLine, secondInitrd, result, json };
  return preflightCommand(doors, options, print);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        capture: { type: 'string' },
        image: { type: 'string' },
        'command-line': { type: 'string' },
        'second-initrd': { type: 'string' },
        result: { type: 'string' },
        output: { type: 'string' },
        save: { type: 'string' },
        key: { type: 'string' },
        principal: { type: 'string' },
        signers: { type: 'string' },
        json: { type: 'boolean' },
        once: { type: 'boolean' },
        root: { type: 'string' },
        refresh: { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw wrongUsage(error instanceof Error ? error.message : String(error));
  }
}

function wrongUsage(problem: string): DabeiError {
  return new DabeiError('USAGE', { doing: 'reading the command line', problem, remedy: 'dabei --help' });
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

main(process.argv.slice(2)).then(
  code => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    const error = asDabeiError(thrown, 'running dabei');
    for (const reason of reasonsOf(error)) process.stderr.write(`${formatError(reason)}\n`);
    process.exitCode = error.code === 'USAGE' ? 2 : 1;
  },
);
