import { parseArgs } from 'node:util';
import { BuildError } from '../lib/errors.ts';
import { targetOf } from '../lib/target.ts';

/** The command line of `npm run disk-image`. Pure. */

export const usage = `usage: npm run disk-image -- --config host.json [OPTION]...

  --config FILE        the configuration that the image is installed with
  --firmware uefi|bios what the machines start by (uefi)
  --format raw.zst|qcow2
                       of the image (raw.zst)
  --size GIB           of the disk that is installed to; copies may be larger (8)
  --memory MIB         of the virtual machine that installs (2048)
  --minutes MINUTES    until the installation is given up (120)
  --output DIRECTORY   where the image and its manifest go (out/disk-image; with --arch, out/NAME/disk-image)
  --arch NAME          what the machines are, as uname -m names it (that of this machine)
  --shared-key         accept that all copies of an encrypted disk have the same master key
`;

export const formats = ['raw.zst', 'qcow2'] as const;
export type Format = (typeof formats)[number];

export interface Options {
  config: string;
  firmware: 'bios' | 'uefi';
  format: Format;
  sizeMiB: number;
  memoryMiB: number;
  minutes: number;
  /** null: the default. */
  output: string | null;
  sharedKey: boolean;
}

/**
 * @returns null where only help is asked for
 * @throws BuildError USAGE
 */
export function readOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help === true) return null;
  const { config, firmware = 'uefi', format = 'raw.zst' } = values;
  if (config === undefined) throw wrong('--config is missing');
  if (firmware !== 'bios' && firmware !== 'uefi')
    throw wrong(`--firmware is ${JSON.stringify(firmware)}, neither uefi nor bios`);
  const { machine, grubBiosTarget } = targetOf(args);
  if (firmware === 'bios' && grubBiosTarget === null)
    throw wrong(`--firmware is "bios", which no ${machine} machine has`);
  const known = formats.find(name => name === format);
  if (known === undefined)
    throw wrong(`--format is ${JSON.stringify(format)}, which is not one of ${formats.join(', ')}`);
  return {
    config,
    firmware,
    format: known,
    sizeMiB: 1024 * whole('size', values.size ?? '8', 3, 4096),
    memoryMiB: whole('memory', values.memory ?? '2048', 256, 1_048_576),
    minutes: whole('minutes', values.minutes ?? '120', 1, 10_080),
    output: values.output ?? null,
    sharedKey: values['shared-key'] === true,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const named = {
    config: text,
    arch: text,
    firmware: text,
    format: text,
    size: text,
    memory: text,
    minutes: text,
  };
  try {
    return parseArgs({ args: [...args], options: { ...named, output: text, 'shared-key': flag, help: flag } })
      .values;
  } catch (thrown) {
    throw wrong((thrown as Error).message.replace(/\.$/, ''));
  }
}

function whole(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw wrong(`--${name} is ${JSON.stringify(value)}, which is not a whole number from ${least} to ${most}`);
}

function wrong(problem: string): BuildError {
  return new BuildError('USAGE', { doing: 'reading the command line', problem, remedy: usage.trimEnd() });
}
