import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { DabeiError } from '../../errors.ts';
import { paths } from '../../paths.ts';
import { writeCopyFiles } from './copies.ts';
import { flakeReference, isSentAlong, sentDirectory } from './flake-reference.ts';
import { hostKeyFile, hostKeyType, hostPublicKey, type HostKeyType } from '../../keys/host-key.ts';
import type { Secret } from '../../secret.ts';
import { runtimeInfo } from './runtime-info.ts';
import type { RunStep, Step, WriteStep } from '../step.ts';
import { flakeDirectory, targetRoot, type TargetStorage } from '../target.ts';
import { fillIn, modules, templates } from './templates.ts';
import { planWifiFiles } from './wifi-files.ts';

/** The host flake: the files that describe the installed system. Its owner keeps and changes them. */

/** Host key of the SSH server in stage 1. The unencrypted initrd contains it, so it differs from the system's host key. */
const initrdHostKey = '/etc/ssh/initrd_ssh_host_ed25519_key';

/**
 * Writes the host flake and the host keys to the target.
 * @throws DabeiError CONFIG_SCHEMA for a missing bundled flake or an invalid system.flake; SSH_HOST_KEY for an unreadable host key
 */
export function planHostFlake(config: Config, facts: Facts, storage: TargetStorage): Step[] {
  return [
    ...writeHostFlake(config, facts, storage, `${targetRoot}${flakeDirectory}`),
    {
      kind: 'run',
      doing: 'making the directory for host keys',
      argv: ['mkdir', '-p', '-m', '0755', `${targetRoot}/etc/ssh`],
      timeoutSeconds: 10,
    },
    ...(storage.copies === undefined
      ? [...planHostKeys(config), ...planMachineId(config)]
      : writeCopyFiles(storage.copies, storage.hostId)),
    ...planWifiFiles(config.network),
    {
      kind: 'run',
      // If an earlier start left a key, ssh-keygen would ask before it overwrites the key.
      doing: 'removing an older host key of the SSH server in stage 1',
      argv: ['rm', '-f', `${targetRoot}${initrdHostKey}`, `${targetRoot}${initrdHostKey}.pub`],
      timeoutSeconds: 10,
    },
    {
      kind: 'run',
      doing: 'making the host key of the SSH server in stage 1',
      argv: [
        ...(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `stage 1 of ${config.hostName}`] as const),
        ...['-f', `${targetRoot}${initrdHostKey}`],
      ],
      timeoutSeconds: 60,
    },
  ];
}

/**
 * Writes only the flake, which contains no secret.
 * @param directory the steps create it
 * @throws DabeiError CONFIG_SCHEMA if the configuration names a bundled flake, but the initramfs has none
 */
export function writeHostFlake(
  config: Config,
  facts: Facts,
  storage: TargetStorage,
  directory: string,
): Step[] {
  const flake = config.system.flake;
  if (flake === undefined || !isSentAlong(flakeReference(flake, config.hostName))) {
    return Object.entries(hostFlake(config, facts, storage)).map(([name, content]) => ({
      kind: 'write',
      doing: `writing ${name} of the host flake`,
      path: `${directory}/${name}`,
      mode: 0o644,
      content,
    }));
  }
  if (!facts.sentFlake?.includes('flake.nix')) {
    throw new DabeiError('CONFIG_SCHEMA', {
      doing: `reading system.flake ${JSON.stringify(flake)}`,
      problem: `no flake was bundled: the initramfs has no ${sentDirectory}/flake.nix`,
      remedy: 'append a cpio archive with that directory to the initrd, or give the address of a flake',
    });
  }
  return [
    {
      kind: 'run',
      doing: 'making the directory of the host flake',
      argv: ['mkdir', '-p', directory],
      timeoutSeconds: 10,
    },
    {
      kind: 'run',
      doing: 'copying the bundled flake',
      argv: ['cp', '-RP', `${paths.bootDirectory}${sentDirectory}/.`, directory],
      timeoutSeconds: 600,
    },
    {
      kind: 'run',
      doing: 'making the bundled flake readable',
      argv: ['chmod', '-R', 'u+rwX,go+rX', directory],
      timeoutSeconds: 60,
    },
  ];
}

/**
 * The files of the host flake: name -> text. They contain no secret.
 * @throws DabeiError as `planHostFlake`
 */
export function hostFlake(config: Config, facts: Facts, storage: TargetStorage): Record<string, string> {
  const info = runtimeInfo(config, facts, storage);
  return {
    // The source of a prebuilt system without a flake is elsewhere: nixos-rebuild on this machine must not replace that system.
    ...(config.system.storePath !== undefined && config.system.flake === undefined
      ? {}
      : { 'flake.nix': flake(config, info.hostName) }),
    ...modules,
    'runtime-info.json': `${JSON.stringify(info, null, 2)}\n`,
  };
}

function flake({ system }: Config, hostName: string): string {
  const { stateVersion, nixpkgs } = system;
  if (system.flake === undefined) {
    return fillIn(templates.flake, { hostName, stateVersion, nixpkgs });
  }
  const { url, attribute } = flakeReference(system.flake, hostName);
  return fillIn(templates.flakeWithConfig, { hostName, stateVersion, config: url, attribute });
}

function planHostKeys(config: Config): Step[] {
  const keys = new Map<HostKeyType, Secret>();
  for (const key of config.ssh.hostKeys) {
    const type = hostKeyType(key);
    // Of two keys of one type, the SSH stage also uses the first.
    if (!keys.has(type)) keys.set(type, key);
  }
  if (keys.size === 0) return [keepHostKey];
  return [...keys].flatMap(([type, key]): WriteStep[] => {
    const path = `${targetRoot}/etc/ssh/ssh_host_${type}_key`;
    return [
      {
        kind: 'write',
        doing: `writing the SSH host key of type ${type}`,
        path,
        mode: 0o600,
        content: hostKeyFile(key),
      },
      {
        kind: 'write',
        doing: `writing the public half of the SSH host key of type ${type}`,
        path: `${path}.pub`,
        mode: 0o644,
        content: `${hostPublicKey(key)} root@${config.hostName}\n`,
      },
    ];
  });
}

/**
 * Keeps the machine id: journald names its directory after it, and DHCP servers recognise clients whose identifier is derived from
 * it.
 */
function planMachineId({ machineId }: Config): WriteStep[] {
  if (machineId === undefined) return [];
  return [
    {
      kind: 'write',
      doing: 'keeping the machine id',
      path: `${targetRoot}/etc/machine-id`,
      mode: 0o444,
      content: `${machineId}\n`,
    },
  ];
}

/** Keeps the host key that users have seen in the installer. If the copy fails, the installed system generates a key at first boot. */
const keepHostKey: RunStep = {
  kind: 'run',
  doing: "keeping the installer's SSH host key",
  argv: [
    ...(['cp', '-p', '/etc/ssh/ssh_host_ed25519_key', '/etc/ssh/ssh_host_ed25519_key.pub'] as const),
    `${targetRoot}/etc/ssh/`,
  ],
  timeoutSeconds: 10,
  optional: true,
};
