import type { Config } from '../../config/schema.ts';
import { paths } from '../../paths.ts';
import type { RunStep, Step } from '../step.ts';
import { flakeDirectory, targetRoot } from '../target.ts';

/** From a system profile to a disk that boots by itself. */

/**
 * Has the installed system install its own boot loader (switch-to-configuration, "boot"). Every disk gets one: the host
 * flake lists the ESPs of all members for GRUB, and copies that of systemd-boot to the others.
 */
export function planBootLoader({ system }: Config): Step[] {
  return [
    installBootLoader(
      targetRoot,
      'dabei install',
      {},
      system.allowFailedActivation ? [] : ['--require-activation'],
    ),
    {
      // Only now: what Nix has locked the inputs to belongs to it.
      kind: 'commit',
      doing: 'putting the host flake under git',
      directory: `${targetRoot}${flakeDirectory}`,
      message: 'dabei: the system as it was installed',
      author: 'dabei <root@localhost>',
      optional: true,
    },
    {
      kind: 'run',
      doing: 'keeping the log of the installation',
      argv: ['cp', '-p', paths.log, `${targetRoot}${paths.log}`],
      timeoutSeconds: 60,
      optional: true,
    },
    {
      kind: 'run',
      // FAT writes a file's entry when it closes it and its blocks when it likes; the install state must not be ahead of them.
      doing: 'writing the ESPs to disk',
      argv: ['sync'],
      timeoutSeconds: 600,
    },
  ];
}

/**
 * @param again the command that tries it again, told when it fails
 * @param enterOptions of nixos-enter: nixos-install(8) ignores a failed activation, and so does whoever calls ours
 */
export function installBootLoader(
  root: string,
  again: string,
  env: Readonly<Record<string, string>> = {},
  enterOptions: readonly string[] = [],
): RunStep {
  return {
    kind: 'run',
    doing: 'installing the boot loader',
    argv: [
      ...(['nixos-enter', '--root', root, ...enterOptions, '--'] as const),
      ...['/run/current-system/bin/switch-to-configuration', 'boot'],
    ],
    // Without it only the menu is written.
    env: { ...env, NIXOS_INSTALL_BOOTLOADER: '1' },
    timeoutSeconds: 1800,
    progress: true,
    errorCode: 'BOOT_LOADER',
    whenSaying: [
      {
        pattern: /nixos-enter: the activation of the installed system ended with/,
        code: 'ACTIVATION',
        remedy:
          'correct the cause of the lines above in the flake, and start again with disks.wipe; if the failure is harmless, such ' +
          `as secrets that only a later key opens, set system.allowFailedActivation, then run: ${again}`,
      },
    ],
    remedy: `nixos-enter --root ${root} opens a shell in the installed system; then run: ${again}`,
    whenFull: espFull(root),
  };
}

/** @param root below which the target is mounted */
export function espFull(root: string): { code: 'ESP_TOO_SMALL'; remedy: string } {
  return {
    code: 'ESP_TOO_SMALL',
    remedy: `check what uses the space: df ${root}/boot; make the initrd smaller, or start again with a larger disks.esp and disks.wipe`,
  };
}
