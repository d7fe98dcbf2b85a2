import { z } from 'zod';
import { DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { infraFlake } from '../plan/host-flake/infra-flake.ts';
import { receivedInfos } from '../plan/report/received.ts';

/** `dabei collect` makes one infrastructure flake from the runtime-info.json of several machines, or from what they reported. */

/** The keys of runtime-info.json that the flake itself needs. Only its modules need the others. */
const known = z.looseObject({
  version: z.literal(1),
  hostName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/),
  // It becomes a part of Nix code.
  stateVersion: z.string().regex(/^\d\d\.\d\d$/),
  hostId: z.string().regex(/^[0-9a-f]{8}$/),
  pool: z.looseObject({ name: z.string() }).nullable(),
});

/**
 * Writes hosts/NAME/runtime-info.json and the shared modules, also over old ones. It writes the other files of an infrastructure
 * flake only if they do not exist, because they belong to the owner of the flake.
 * @param machines paths of each machine's runtime-info.json, of the directory with it, or of what a receiver of reports stored
 * @param output directory of the flake
 * @returns text for people: the files that were written or kept, and the next command
 * @throws DabeiError USAGE for a file that is missing or is not a valid runtime-info.json, and for two machines of the same name
 */
export function collect(doors: Doors, machines: readonly string[], output: string): string {
  const { files } = doors;
  const hosts = machines.flatMap(file => read(doors, file));
  const names = hosts.map(({ hostName }) => hostName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw wrong(`two machines have the name ${twice}`, 'give one of them another name');
  const lines = infraFlake(hosts).flatMap(({ path, content, owners }) => {
    const target = `${output}/${path}`;
    const there = files.readText(target);
    if (there === content) return [];
    if (owners && files.exists(target)) return [`kept     ${path}`];
    files.writeAtomic(target, content, 0o644);
    return [`${there === null ? 'new     ' : 'changed '} ${path}`];
  });
  return [...lines, `next: git -C ${output} add --all && git -C ${output} commit`, ''].join('\n');
}

function read({ files }: Doors, file: string) {
  const path = files.exists(`${file}/runtime-info.json`) ? `${file}/runtime-info.json` : file;
  const text = files.readText(path);
  if (text === null) throw wrong(`there is no file ${path}`);
  const received = receivedInfos(text);
  if (received !== null && received.infos.length === 0)
    throw wrong(
      `${path} has events, but of no machine that was installed`,
      'the last event of an installation, named "dabei", has runtime_info',
    );
  return (received?.infos ?? [parsed(path, text)]).map(value => valid(path, value));
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(`${path} is not valid JSON`);
  }
}

function valid(path: string, value: unknown) {
  const { success, data, error } = known.safeParse(value);
  if (success) return data;
  throw wrong(`${path} is not a valid runtime-info.json: ${z.prettifyError(error)}`);
}

function wrong(
  problem: string,
  remedy = 'copy /etc/nixos/runtime-info.json from an installed machine, or name the file of a receiver of reports',
): DabeiError {
  return new DabeiError('USAGE', { doing: 'collecting machines', problem, remedy });
}
