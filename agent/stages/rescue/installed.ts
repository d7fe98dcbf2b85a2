import { DabeiError } from '../../errors.ts';
import type { Facts, Link } from '../../facts.ts';
import type { NetworkConfig } from '../../config/schema.ts';
import type { Doors } from '../../host/doors.ts';
import { hostIdOf } from '../../plan/host-flake/runtime-info.ts';
import { runtimeNetwork } from '../../plan/host-flake/runtime-network.ts';
import type { Archive } from '../../plan/rescue/renew.ts';
import { parseMachine, type RescuedMachine } from '../../plan/rescue/machine.ts';
import { flakeDirectory } from '../../plan/target.ts';
import { readInstalled } from './installed-files.ts';

/** What the rescue entry of a mounted system is made of, whoever installed it. */

/** What this system knows of the machine, where the installed system has no runtime-info.json. */
export interface Here {
  network: NetworkConfig;
  links: readonly Link[];
  firmware: Facts['firmware'];
  consoles: readonly string[];
  hostName: string;
}

/** Where the unlock server of stage 1 has its host key: dabei's own place, and those of NixOS' manual. */
const stage1Keys = [
  '/etc/ssh/initrd_ssh_host_ed25519_key',
  '/etc/secrets/initrd/ssh_host_ed25519_key',
  '/etc/secrets/initrd/ssh_host_rsa_key',
];
/** Without such a server; nix/host-flake/rescue.nix takes it, too. */
const ownKey = '/etc/ssh/dabei_rescue_host_ed25519_key';

/** NixOS writes the keys of its configuration to the first of them. */
const keyFiles = ['/etc/ssh/authorized_keys.d/root', '/root/.ssh/authorized_keys'];

const doing = 'writing the rescue entry';

/**
 * @param root mount point of the installed system
 * @param esps mount points of its ESPs
 * @throws DabeiError RESCUE_ENTRY if nobody could log in
 */
export async function archiveOf(
  doors: Doors,
  root: string,
  esps: readonly { path: string; device: string }[],
  here: Here,
): Promise<Archive> {
  const { files } = doors;
  const keys = keyFiles.map(path => readInstalled(doors, root, path)?.toString('utf8').trim() ?? '');
  if (keys.every(text => text === ''))
    throw new DabeiError('RESCUE_ENTRY', {
      doing,
      problem: `root has no authorized key in the system at ${root}, so nobody could log in to the rescue system`,
      remedy: 'set users.users.root.openssh.authorizedKeys.keys',
    });
  const own = files.readText(`${root}${flakeDirectory}/runtime-info.json`);
  const machine = own === null ? null : parseMachine(own);
  const isKnown = machine !== null && !('problem' in machine);
  return {
    // As rescue.nix: keys are in their own file alone, where they can be revoked.
    machine: JSON.stringify({
      ...(isKnown ? machine : unknownMachine(doors, root, esps, here)),
      rootAuthorizedKeys: [],
    }),
    keys: `${[...new Set(keys.flatMap(text => text.split('\n')))].filter(Boolean).join('\n')}\n`,
    hostKeys: await hostKeys(doors, root),
    parameters: ['dabei.rescue', ...here.consoles.map(console => `console=${console}`)].join(' '),
    pool: isKnown ? (machine.pool?.name ?? null) : null,
  };
}

/** dabei did not install it: only its own configuration knows how to mount it. */
function unknownMachine(
  doors: Doors,
  root: string,
  esps: readonly { path: string; device: string }[],
  { network, links, firmware, hostName }: Here,
): RescuedMachine & { version: 1 } {
  const [first = hostName, ...domain] = (
    readInstalled(doors, root, '/etc/hostname')?.toString('utf8').trim() || hostName
  ).split('.');
  const id = readInstalled(doors, root, '/etc/hostid');
  return {
    version: 1,
    hostName: first,
    domain: domain.length > 0 ? domain.join('.') : null,
    // Four bytes in the order of the processor (gethostid(3)), little-endian here.
    hostId:
      id?.length === 4 ? id.readUInt32LE().toString(16).padStart(8, '0') : hostIdOf({ hostName: first }),
    firmware,
    network: runtimeNetwork(network, links),
    pool: null,
    disks: esps.map(({ path, device }) => ({
      path: device,
      espPartuuid: partuuidOf(doors, device),
      espMountpoint: path.slice(root.length),
      swapPartuuid: null,
      zfsPartuuid: '',
    })),
    impermanence: null,
  };
}

function partuuidOf({ files }: Doors, device: string): string {
  const links = '/dev/disk/by-partuuid';
  return files.list(links).find(name => files.realPath(`${links}/${name}`) === files.realPath(device)) ?? '';
}

/** The host key of stage 1 if it has one, else a key of its own, made at the first time. */
async function hostKeys({ files, exec }: Doors, root: string): Promise<string[]> {
  const present = (paths: readonly string[]) =>
    paths.map(path => `${root}${path}`).filter(path => files.exists(path));
  const found = present(stage1Keys);
  if (found.length > 0) return found;
  if (present([ownKey]).length === 0)
    await exec.run({
      doing: 'making a host key for the rescue system',
      argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', `${root}${ownKey}`],
      timeoutSeconds: 60,
    });
  return present([ownKey]);
}
