import { parseArgs, type ParseArgsConfig } from 'node:util';
import { DabeiError } from '../errors.ts';
import { facterReport } from '../hardware/facter.ts';
import { hardwareConfiguration } from '../hardware/hardware-configuration.ts';
import { readHardware } from '../host/machine/hardware.ts';
import type { Doors } from '../host/doors.ts';

/** What nixos-anywhere asks with --generate-hardware-config. It makes whatever comes on the standard output a file of a flake. */

const configUsage = 'nixos-generate-config --show-hardware-config --no-filesystems';

/**
 * This program under the name of nixos-generate-config(8), of which it is one use: the module on the standard output,
 * without file systems.
 * @returns the module; what was asked for, where that was help
 * @throws DabeiError USAGE for every other use
 */
export async function nixosGenerateConfig(doors: Doors, argv: readonly string[]): Promise<string> {
  const given = parse(configUsage, argv, {
    'show-hardware-config': { type: 'boolean' },
    'no-filesystems': { type: 'boolean' },
    help: { type: 'boolean' },
  });
  if (given['help']) return `usage: ${configUsage}\n`;
  if (!given['show-hardware-config'])
    throw wrongUsage(configUsage, 'this system prints the module and writes no files');
  if (!given['no-filesystems'])
    throw wrongUsage(configUsage, 'this system does not write fileSystems; whoever laid out the disks does');
  return hardwareConfiguration(await readHardware(doors));
}

const facterUsage = 'nixos-facter [--output FILE]';

/**
 * This program under the name of nixos-facter: the report of `dabei facts --json`.
 * @param tell receives what the report does not have; it must not come between the report's lines
 * @returns the report; nothing where it was written to a file
 * @throws DabeiError USAGE for options of nixos-facter that ask for more
 */
export async function nixosFacter(
  doors: Doors,
  argv: readonly string[],
  tell: (text: string) => void,
): Promise<string> {
  const given = parse(facterUsage, argv, {
    output: { type: 'string', short: 'o' },
    help: { type: 'boolean', short: 'h' },
  });
  if (given['help']) return `usage: ${facterUsage}\n`;
  const report = `${JSON.stringify(facterReport(await readHardware(doors)), null, 2)}\n`;
  tell(
    "note: this report is nix-dabei's own. It has what disks, network, processor and firmware need, and nothing of " +
      'monitors, cameras, fingerprint readers and Bluetooth.\n',
  );
  if (given['output'] === undefined) return report;
  doors.files.writeAtomic(String(given['output']), report, 0o644);
  return '';
}

function parse(usage: string, argv: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw wrongUsage(usage, error instanceof Error ? error.message : String(error));
  }
}

function wrongUsage(usage: string, problem: string): DabeiError {
  return new DabeiError('USAGE', {
    doing: `reading the options of ${usage.split(' ')[0]}`,
    problem,
    remedy: usage,
  });
}
