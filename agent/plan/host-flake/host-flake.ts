import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { DabeiError } from '../../errors.ts';
import { paths } from '../../paths.ts';
import { flakeReference, isSentAlong, sentDirectory } from './flake-reference.ts';
import { hostKeyFile, hostKeyType, hostPublicKey, type HostKeyType } from '../../keys/host-key.ts';
import type { Secret } from '../../secret.ts';
import { runtimeInfo } from './runtime-info.ts';
import type { RunStep, Step, WriteStep } from '../step.ts';
import { flakeDirectory, targetRoot, type TargetStorage } from '../target.ts';
import { fillIn, modules, templates } from './templates.ts';

/** The host flake: what describes the installed system, in files that its owner keeps and changes. */

/** Host key of the SSH server in stage 1. It lies in the initrd, so it is another one than the system's. */
const initrdHostKey = '/etc/ssh/initrd_ssh_host_ed25519_key';

/**
 * Writes the host flake to the target, and the host keys that it refers to.
 * @throws DabeiError CONFIG_SCHEMA or SSH_HOST_KEY when the configuration cannot be carried out
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
    ...planHostKeys(config),
    ...planMachineId(config),
    {
      kind: 'run',
      // ssh-keygen asks before it overwrites one from an earlier start.
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
 * Nothing but the flake: no key, and nothing that is secret.
 * @param directory is made
 * @throws DabeiError CONFIG_SCHEMA when a flake was to be sent along, and is not here
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
 * The files of the host flake: name -> text. No secret is in them.
 * @throws DabeiError as `planHostFlake`
 */
export function hostFlake(config: Config, facts: Facts, storage: TargetStorage): Record<string, string> {
  const info = runtimeInfo(config, facts, storage);
  return {
    // Who gives a built system alone has its source elsewhere; rebuilding from here must not replace it.
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
    // Of two of one type the SSH stage takes the first, too.
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

/** Its journal goes on under the same name, and DHCP servers recognise a client that names itself by it. */
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

/** The installed system answers under the key that the installer showed; without it, it makes one at its first boot. */
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
