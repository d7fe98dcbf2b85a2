import { z } from 'zod';
import { DabeiError } from '../../errors.ts';

/** What is known of the flake's layout before its script runs. */

/** Directory of this machine, in RAM, for the script and what belongs to it. */
export const diskoDirectory = '/run/dabei/disko';
/** A link to the script in the Nix store of this machine. */
export const scriptLink = `${diskoDirectory}/script`;
/** What the script is compared with: a Layout as JSON. */
export const layoutFile = `${diskoDirectory}/layout.json`;
/** For LVM_SYSTEM_DIR (lvm(8)): a configuration in which the other disks do not exist. */
export const lvmDirectory = `${diskoDirectory}/lvm`;

const layoutSchema = z.object({
  /** As disko.devices.disk.NAME.device has them; left out where only the script is known, which names them as well. */
  devices: z.array(z.string()).optional(),
  /** Those of them whose content the layout keeps (`destroy` is false). */
  kept: z.array(z.string()).optional(),
  fileSystems: z.array(
    z.object({
      mountPoint: z.string(),
      device: z.string(),
      fsType: z.string(),
      options: z.array(z.string()),
    }),
  ),
});
export type Layout = z.output<typeof layoutSchema>;

/** @throws DabeiError FLAKE_EVALUATION for what is not such a layout */
export function parseLayout(text: string): Layout {
  try {
    return layoutSchema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new DabeiError('FLAKE_EVALUATION', {
      doing: 'reading the layout of the flake',
      problem: thrown instanceof z.ZodError ? z.prettifyError(thrown) : 'it is not JSON',
      remedy: 'check disko.devices and fileSystems of the flake',
    });
  }
}
