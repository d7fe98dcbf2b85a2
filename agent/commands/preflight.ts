import { dirname } from 'node:path';
import { z } from 'zod';
import { consolePolicy } from '../console/policy.ts';
import { resolveConfiguration, type Resolution } from '../config/resolve.ts';
import { DabeiError, formatError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { readAppendedFiles } from '../host/old-system/appended.ts';
import { readCaptured, startedByNixosAnywhere } from '../host/old-system/captured.ts';
import { missingFirmware, readModuleIndex } from '../host/machine/devices.ts';
import { readOldSystem } from '../host/old-system/old-system.ts';
import { describeAuthorizedKey, readAuthorizedKeys } from '../keys/authorized-keys.ts';
import { fingerprint } from '../keys/fingerprint.ts';
import { hostKeyType, hostPublicKey } from '../keys/host-key.ts';
import type { CapturedIdentity } from '../capture/identity.ts';
import { keptNetwork } from '../capture/summary.ts';
import { defaultRoutes } from '../plan/network/default-routes.ts';
import { namesOfLinks } from '../plan/network/names-of-links.ts';
import { neededModules } from '../plan/preflight/drivers.ts';
import type { NewSystem, OldSystem } from '../plan/preflight/systems.ts';
import { judge, standInForPassphrase } from '../plan/preflight/judge.ts';
import { renderTable } from '../plan/preflight/preflight-table.ts';
import { arch } from '../arch.ts';
import { carryKernelBytes } from '../limits.ts';
import { wantsRescue } from '../config/schema/system.ts';

/** `dabei preflight`: the kexec bundle's `run` starts it on the old system. It changes nothing except the file of `--result`. */

export interface PreflightOptions {
  /** Directory that `run` wrote: DIR/dabei/capture. DIR also has the other files that `run` will append to the initrd. */
  capture: string;
  /** Directory with the kernel, the initrd and image.json. */
  image: string;
  /** Configuration file that replaces the appended ones. */
  config?: string | undefined;
  /** File with the command line of the new kernel. */
  commandLine?: string | undefined;
  /** Second initrd that `run` will append. */
  secondInitrd?: string | undefined;
  /** File to write for `run`: "erases=yes" or "erases=no", then, if they apply, "passphrase=missing", "kernel=wanted" and "devices=[...]". */
  result?: string | undefined;
  json: boolean;
}

const refusedExitCode = 10;

/** @returns exit code 0, or 10 if dabei refuses; the reasons are on standard error, or in the JSON text of `--json` */
export async function preflightCommand(
  doors: Doors,
  options: PreflightOptions,
  print: (text: string) => void,
): Promise<number> {
  const { files, clock } = doors;
  const appended = dirname(dirname(options.capture));
  const captured = readCaptured(doors, appended);
  const resolve = (withPassphrase: boolean) => resolveBy(doors, options, appended, captured, withPassphrase);
  const asked = resolve(false);
  const asks = (asked.config ?? asked.reachability).network;
  const network = keptNetwork(
    name => files.readText(`${options.capture}/${name}`),
    asks,
    defaultRoutes(asks),
  );
  const old = await readOldSystem(doors, network.defaultLinks, namesOfLinks(asks), appended);
  const { mode, config: whole } = asked.config === null ? resolve(true) : asked;
  const writesEntry = mode === 'install' && whole !== null && wantsRescue(whole.system);
  // After nixos-anywhere's installation, somebody may want "dabei rescue-entry" (docs/nixos-anywhere.md).
  const carriesKernel =
    (writesEntry || files.exists(`${appended}/dabei/nixos-anywhere`)) &&
    old.facts.memoryBytes >= carryKernelBytes;
  const image = await readImage(doors, options, old, appended, carriesKernel);
  const now = clock.epochSeconds();
  const { resolution, config, installs, asksPassphrase, refusals, found } = judge(resolve, old, image, now);
  const { ssh, rootAuthorizedKeys } = resolution.reachability;
  const { consoleQuestion } = resolution;
  const secrets = asksPassphrase ? 'elsewhere' : consoleQuestion.secrets;
  const logins = readAuthorizedKeys(rootAuthorizedKeys, now);
  const table = {
    old,
    found,
    network,
    leftOut: resolution.notes,
    hostKeys: ssh.hostKeys.map(key => {
      return `${fingerprint(hostPublicKey(key))} (${hostKeyType(key).toUpperCase()})`;
    }),
    authorizedKeys: logins.map(describeAuthorizedKey),
    config,
    installs,
    returnAfterSeconds: Number(files.readText(`${appended}/dabei/return-after`)) || null,
    console: consolePolicy({ ...consoleQuestion, secrets }),
  };
  if (options.result !== undefined) {
    const lines = [
      `erases=${installs ? 'yes' : 'no'}`,
      ...(asksPassphrase ? ['passphrase=missing'] : []),
      ...(carriesKernel ? ['kernel=wanted'] : []),
      ...(found.selectors.length > 0 ? [`devices=${JSON.stringify(found.selectors)}`] : []),
    ];
    files.writeAtomic(options.result, lines.join('\n') + '\n', 0o600);
  }
  if (options.json) {
    const reasons = refusals.map(({ code, message, remedy }) => ({ code, message, remedy }));
    const { links, routes, dns } = network;
    const erased = found.targets.map(({ path, model, serial, sizeBytes }) => ({
      path,
      model,
      serial,
      sizeBytes,
    }));
    const kept = {
      links,
      routes,
      dns,
      hostKeys: table.hostKeys,
      logins: logins.filter(({ use }) => use === 'shell').length,
    };
    print(JSON.stringify({ refusals: reasons, warnings: found.warnings, kept, erased }) + '\n');
  } else {
    print(renderTable(table));
    for (const text of found.warnings) print(`warning: ${text}\n`);
    for (const refusal of refusals) process.stderr.write(`${formatError(refusal)}\n`);
  }
  return refusals.length === 0 ? 0 : refusedExitCode;
}

/** @param withPassphrase add a placeholder for the passphrase that people have not entered yet */
function resolveBy(
  doors: Doors,
  options: PreflightOptions,
  appended: string,
  captured: CapturedIdentity,
  withPassphrase: boolean,
): Resolution {
  const files =
    options.config === undefined
      ? readAppendedFiles(doors, appended)
      : [{ path: options.config, bytes: configBytes(doors, options.config) }];
  return resolveConfiguration({
    commandLine: commandLineOf(doors, options),
    files: withPassphrase ? [...files, standInForPassphrase] : files,
    // No bundle has any, whatever programs the old system has.
    variants: [],
    captured,
  });
}

function configBytes({ files }: Doors, path: string): Buffer {
  const bytes = files.readBytes(path);
  if (bytes !== null) return bytes;
  const problem = `there is no file ${path}`;
  throw new DabeiError('FILE', { doing: 'reading the configuration', problem });
}

function commandLineOf({ files }: Doors, { commandLine }: PreflightOptions): string {
  return commandLine === undefined ? '' : (files.readText(commandLine) ?? '');
}

const imageJson = z.looseObject({
  files: z.record(z.string(), z.looseObject({ bytes: z.number() })),
});

async function readImage(
  doors: Doors,
  options: PreflightOptions,
  old: OldSystem,
  appended: string,
  carriesKernel: boolean,
): Promise<NewSystem> {
  const { files } = doors;
  const described = parseImage(files.readText(`${options.image}/image.json`) ?? '');
  const modules = readModuleIndex(doors);
  const loading = kernelLoadingBytes(files.readText(`${options.image}/kernel`) ?? '');
  const firmware = new Map(
    await Promise.all(
      neededModules(old, modules).map(
        async module => [module, await missingFirmware(doors, module, modules.release)] as const,
      ),
    ),
  );
  return {
    processor: arch.machine,
    files: [arch.kernel.image, 'initrd'].map(name => ({
      name,
      expectedBytes: described[name]?.bytes ?? 0,
      bytes: files.sizeOf(`${options.image}/${name}`),
    })),
    ...(loading === null ? {} : { kernelLoadingBytes: loading }),
    modules,
    firmware,
    commandLine: commandLineOf(doors, options),
    appendedBytes:
      files.treeBytes(appended) + (carriesKernel ? (described[arch.kernel.image]?.bytes ?? 0) : 0),
    secondInitrdBytes: options.secondInitrd === undefined ? 0 : (files.sizeOf(options.secondInitrd) ?? 0),
    forNixosAnywhere: startedByNixosAnywhere(doors, appended),
  };
}

/** The second line of the bundle's file `kernel`, as kernel_kib of image/media/bundle/lib/preflight.sh reads it. */
function kernelLoadingBytes(text: string): number | null {
  const [, line = ''] = text.split('\n');
  return /^\d+$/.test(line) ? Number(line) : null;
}

/** Reads the sizes of the files. If image.json is not valid, the result is empty, and every file has the wrong size. */
function parseImage(text: string): Record<string, { bytes: number }> {
  try {
    return imageJson.parse(JSON.parse(text)).files;
  } catch {
    return {};
  }
}
