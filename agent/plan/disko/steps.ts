import type { Config } from '../../config/schema.ts';
import type { Disk, Facts } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { describeDisk, stablePath } from '../disks/describe-disk.ts';
import { startZram } from '../disks/install-swap.ts';
import { describeMedium } from '../disks/medium.ts';
import { arcMaxBytes } from '../disks/pool.ts';
import { settle, tearDown, wipeDisk } from '../disks/wipe-disk.ts';
import { hostIdOf } from '../host-flake/runtime-info.ts';
import { installerSecrets } from '../nix/apart.ts';
import type { PrebuiltLayout } from '../nix/closure.ts';
import {
  enoughMemoryBytes,
  hour,
  minute,
  nixDirectories,
  nixEnvironment,
  nixIn,
  type MakeNixStep,
} from '../nix/nix-step.ts';
import type { Place } from '../nix/evaluate.ts';
import { cancelReturn } from '../return.ts';
import type { Step } from '../step.ts';
import { targetRoot, type TargetStorage } from '../target.ts';
import { hiddenDirectories } from './hidden.ts';
import { diskoDirectory, layoutFile, lvmDirectory, scriptLink } from './layout.ts';
import { installedGuid } from './mark.ts';
import { protectOthers } from './others.ts';

/** The flake's own layout, made by its own script: the steps around it. */

export function diskoStorage(config: Config, members: readonly Disk[]): TargetStorage {
  return {
    poolName: null,
    hostId: hostIdOf(config),
    disks: members.map(stablePath),
    members: [],
    datasets: [],
  };
}

/** Of a flake: the script and what belongs to it, from the evaluation in RAM to the Nix store of this machine. */
export function fetchEvaluated(nix: MakeNixStep, { root, check }: Place): Step[] {
  const layout = nix(
    'evaluating the layout of the flake',
    ['nix', 'eval', '--json', '--store', root, '--no-write-lock-file', `path:${check}#disko.layout`],
    hour,
    'FLAKE_EVALUATION',
  );
  return [
    makeDirectory,
    { ...layout, saves: layoutFile },
    nix(
      'building the disko script',
      [
        ...['nix', 'build', '--store', root, '--out-link', scriptLink, '--no-write-lock-file'],
        `path:${check}#disko.script`,
      ],
      hour,
      'FLAKE_BUILD',
    ),
    nix(
      'copying the disko script to the Nix store of this machine',
      // It was built here, so nobody signed it.
      ['nix', 'copy', '--no-check-sigs', '--from', root, scriptLink],
      10 * minute,
      'FLAKE_BUILD',
    ),
  ];
}

/** Of a prebuilt system: the same from the binary caches. Nix checks signatures and hashes. */
export function fetchPrebuilt(config: Config, facts: Facts, { script, fileSystems }: PrebuiltLayout): Step[] {
  const directories = nixDirectories(`${diskoDirectory}/nix`);
  const nix = nixIn(
    nixEnvironment(config, facts, directories, script.substituters),
    installerSecrets(targetRoot),
  );
  return [
    makeDirectory,
    {
      kind: 'run',
      doing: 'making directories for Nix in RAM',
      argv: ['mkdir', '-p', ...Object.values(directories)],
      timeoutSeconds: 10,
    },
    {
      kind: 'write',
      doing: 'writing what the system will mount',
      path: layoutFile,
      mode: 0o600,
      content: `${JSON.stringify({ fileSystems }, null, 2)}\n`,
    },
    {
      ...nix(
        'fetching the disko script',
        ['nix-store', '--realise', script.toplevel, '--add-root', scriptLink],
        hour,
        'CLOSURE_COPY',
      ),
      whenFull: scriptTooLarge,
      whenKilled: scriptTooLarge,
    },
  ];
}

/** What the programs of a script may take of the RAM: the root file system of this machine has half of it (tmpfs(5)). */
export const scriptShare = 1 / 4;

export const scriptTooLarge = {
  code: 'MEMORY_TOO_SMALL' as const,
  remedy:
    'give config.system.build.diskoScriptNoDeps as system.diskoScript: it takes the programs of this image',
};

/** An earlier attempt leaves links to another script. */
const makeDirectory: Step = {
  kind: 'run',
  doing: 'making the directory of the disko script',
  argv: ['mkdir', '-p', '-m', '0700', diskoDirectory],
  timeoutSeconds: 10,
};

/** image/rootfs/root/usr/lib/dabei/lay-out */
const program = '/usr/lib/dabei/lay-out';

/**
 * The chosen disks are wiped as for dabei's own layouts, so that nothing of them is left for the script to find. Then the kernel
 * lets nobody write to the others, and the script runs.
 */
export function layOutByScript(config: Config, members: readonly Disk[], facts: Facts): Step[] {
  const full = config.disks?.wipe === 'full';
  const others = facts.disks.filter(disk => members.every(({ path }) => path !== disk.path));
  const keyFiles = config.disks?.keyFiles ?? [];
  return [
    cancelReturn,
    ...tearDown(members),
    {
      kind: 'run',
      doing: `unmounting what an earlier attempt left at ${targetRoot}`,
      argv: ['umount', '--recursive', '--quiet', targetRoot],
      timeoutSeconds: 120,
      // 1, 32: nothing is mounted there (umount(8), "EXIT STATUS").
      accept: [1, 32],
    },
    ...members.flatMap(member => wipeDisk(member, full)),
    settle,
    ...protectOthers(others, members),
    {
      kind: 'run',
      doing: `setting the host id to ${hostIdOf(config)}`,
      argv: ['zgenhostid', '-f', hostIdOf(config)],
      timeoutSeconds: 10,
    },
    {
      kind: 'write',
      doing: "limiting ZFS' cache, should the script use ZFS",
      path: '/etc/modprobe.d/zfs-arc.conf',
      mode: 0o644,
      content: `options zfs zfs_arc_max=${arcMaxBytes(facts.memoryBytes)}\n`,
    },
    {
      kind: 'run',
      doing: `erasing and laying out ${members.map(stablePath).join(', ')} by the disko script of the flake`,
      argv: [program, ...sight(keyFiles.map(({ path }) => path)), '--', scriptLink],
      env: { LVM_SYSTEM_DIR: lvmDirectory },
      keyFiles,
      timeoutSeconds: 2 * hour,
      errorCode: 'DISKO_SCRIPT',
      remedy:
        'correct the layout as the last lines say; a key that it reads belongs into disks.keyFiles. Then set disks.wipe to true, ' +
        'and run: dabei install',
    },
    {
      kind: 'run',
      // Swap of a disk may be unencrypted, and this machine has secrets in memory.
      doing: 'turning off swap that the disko script turned on',
      argv: ['/usr/lib/dabei/swapoff-disks'],
      timeoutSeconds: 600,
    },
    ...startZram(facts, enoughMemoryBytes),
  ];
}

/** What the script sees of the files in RAM. */
function sight(keyFiles: readonly string[]): string[] {
  return [
    ...hiddenDirectories(keyFiles).flatMap(directory => ['--hide', directory]),
    ...keyFiles.flatMap(path => ['--key', path]),
  ];
}

/** The disks and what happens to them, for a person to read before it does. */
export function describeLayout(
  config: Config,
  members: readonly Disk[],
  layout: PrebuiltLayout | undefined,
): string[] {
  const keyFiles = config.disks?.keyFiles ?? [];
  const source =
    layout === undefined
      ? `of ${config.system.flake ?? 'the flake'} (config.system.build.diskoScriptNoDeps), evaluated first; it has to name exactly these disks`
      : `${layout.script.toplevel}, which names exactly these disks (${layout.script.paths} paths, ${formatBytes(layout.script.narBytes)} of RAM)`;
  return [
    ...members.flatMap(disk => [
      `everything on this disk will be destroyed: ${describeDisk(disk)}`,
      ...describeMedium(disk),
    ]),
    `layout: by the disko script ${source}`,
    ...keyFiles.map(({ path }) => `  it reads the key file ${path}, which exists only while it runs`),
    '  all other disks are read-only from then on, until the machine restarts',
    '  what it mounts has to be what the system mounts (fileSystems); otherwise the installation stops before Nix',
  ];
}

/** After the boot loader: from now on the system may be in use. Disks without a GPT are left as they are. */
export function markInstalled(config: Config, members: readonly Disk[]): Step[] {
  return members.map((disk): Step => ({
    kind: 'run',
    doing: `noting on ${stablePath(disk)} that this configuration is installed`,
    argv: ['/usr/lib/dabei/mark-disk', installedGuid(config, disk), stablePath(disk)],
    timeoutSeconds: 60,
  }));
}

/** Nothing of the target is in use afterwards, and every pool can be imported by the installed system. */
export function finishLayout(): Step[] {
  const remedy = `check what still uses it: findmnt --submounts ${targetRoot}; end those programs, then umount --recursive ${targetRoot}; zpool export -a; reboot`;
  return [
    { kind: 'run', doing: 'writing everything to disk', argv: ['sync'], timeoutSeconds: 600 },
    {
      kind: 'run',
      doing: `unmounting ${targetRoot}`,
      argv: ['umount', '--recursive', targetRoot],
      timeoutSeconds: 300,
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    {
      kind: 'run',
      doing: 'exporting all pools',
      argv: ['zpool', 'export', '-a'],
      timeoutSeconds: 300,
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    {
      kind: 'run',
      doing: 'checking that no pool is imported',
      argv: ['zpool', 'list', '-H', '-o', 'name'],
      timeoutSeconds: 60,
      expect: 'no-output',
      errorCode: 'POOL_EXPORT',
      remedy,
    },
  ];
}
