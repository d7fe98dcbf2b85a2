import { z } from 'zod';
import { DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { infraFlake } from '../plan/host-flake/infra-flake.ts';

/** `dabei collect` makes one infrastructure flake from the runtime-info.json of several machines. */

/** The keys of runtime-info.json that the flake itself needs. Only its modules need the others. */
const known = z.looseObject({
  version: z.literal(1),
  hostName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/),
  stateVersion: z.string(),
  hostId: z.string(),
  pool: z.looseObject({ name: z.string() }),
});

/**
 * Writes hosts/NAME/runtime-info.json and the shared modules, also over old ones. It writes the other files of an infrastructure
 * flake only if they do not exist, because they belong to the owner of the flake.
 * @param machines paths of each machine's runtime-info.json, or of the directory with it
 * @param output directory of the flake
 * @returns text for people: the files that were written or kept, and the next command
 * @throws DabeiError USAGE for a file that is missing or is not a valid runtime-info.json, and for two machines of the same name
 */
export function collect(doors: Doors, machines: readonly string[], output: string): string {
  const { files } = doors;
  const hosts = machines.map(file => read(doors, file));
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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong(`${path} is not valid JSON`);
  }
  const parsed = known.safeParse(value);
  if (!parsed.success)
    throw wrong(`${path} is not a valid runtime-info.json: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function wrong(
  problem: string,
  remedy = 'copy /etc/nixos/runtime-info.json from an installed machine',
): DabeiError {
  return new DabeiError('USAGE', { doing: 'collecting machines', problem, remedy });
}
