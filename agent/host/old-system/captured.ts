import { capturedIdentity, type CapturedIdentity } from '../../capture/identity.ts';
import { capturedNetwork } from '../../capture/beside.ts';
import { readCapture } from './capture.ts';
import type { Doors } from '../doors.ts';
import { readPort } from '../../keys/sshd-options.ts';
import { machineConfig } from '../../plan/rescue/machine.ts';
import { readRescuedMachine } from './rescued-machine.ts';
import { paths } from '../../paths.ts';

/**
 * Reads the files about the old system that `run` appended to the initrd (below /run/dabei/boot). The archive of a rescue entry has the
 * same files for keys, and its machine's network and name in one of its own.
 */

/** @param directory directory with the files; a test has its own */
export function readCaptured(doors: Doors, directory: string = paths.bootDirectory): CapturedIdentity {
  const { files, clock } = doors;
  const names = files.list(`${directory}/ssh`).filter(name => /^ssh_host_\w+_key$/.test(name));
  const capture = (name: string) => files.readText(`${directory}/dabei/capture/${name}`);
  const machine = readRescuedMachine(doors, directory);
  const identity = capturedIdentity(
    {
      hostKeys: new Map(
        names.map(name => [name, files.readBytes(`${directory}/ssh/${name}`) ?? Buffer.alloc(0)]),
      ),
      authorizedKeys: files.readText(`${directory}/ssh/authorized_keys`),
      hostName: capture('hostname'),
      machineId: capture('machine-id'),
      sshd: capture('sshd'),
      sshPort: capture('ssh-port'),
      comesBackElsewhere: startedByNixosAnywhere(doors, directory),
      isRescueEntry: machine !== null,
    },
    clock.epochSeconds(),
  );
  const network = capturedNetwork(readCapture(doors, `${directory}/dabei/capture`));
  return {
    value: {
      ...identity.value,
      ...network.value,
      ...(machine !== null && !('problem' in machine) && machineConfig(machine)),
    },
    notes: [
      ...identity.notes,
      ...network.notes,
      ...(machine !== null && 'problem' in machine
        ? [`the machine of this rescue entry is unknown, so all cards ask for DHCP: ${machine.problem}`]
        : []),
    ],
  };
}

/**
 * The firmware by which the machine starts. Without EFI's runtime services (efi=noruntime, the default of real-time kernels), kexec
 * passes on no information about UEFI, so neither the old kernel nor this one has /sys/firmware/efi; `run` reads the old kernel's log.
 */
export function capturedFirmware(
  { files }: Doors,
  directory: string = paths.bootDirectory,
): 'bios' | 'uefi' | null {
  const text = files.readText(`${directory}/dabei/capture/firmware`)?.trim();
  return text === 'uefi' || text === 'bios' ? text : null;
}

/** The old system's values of `console=`, in order. */
export function capturedConsoles({ files }: Doors, directory: string = paths.bootDirectory): string[] {
  return (files.readText(`${directory}/dabei/capture/consoles`) ?? '').split('\n').filter(Boolean);
}

/** Whether nixos-anywhere started `run`, which leaves a mark. */
export function startedByNixosAnywhere({ files }: Doors, directory: string = paths.bootDirectory): boolean {
  return files.exists(`${directory}/dabei/nixos-anywhere`);
}

/**
 * The SSH port by which nixos-anywhere was connected to the old system: it may connect to that port again, so sshd also listens there.
 * null if nixos-anywhere did not start `run`.
 */
export function capturedOtherPort(doors: Doors, directory: string = paths.bootDirectory): number | null {
  if (!startedByNixosAnywhere(doors, directory)) return null;
  return readPort(doors.files.readText(`${directory}/dabei/capture/ssh-port`));
}

/** Host certificates of the old system: file name -> text. */
export function capturedHostCertificates(
  { files }: Doors,
  directory: string = paths.bootDirectory,
): Map<string, string> {
  const names = files.list(`${directory}/ssh`).filter(name => /^ssh_host_\w+_key-cert\.pub$/.test(name));
  return new Map(names.map(name => [name, files.readText(`${directory}/ssh/${name}`) ?? '']));
}
