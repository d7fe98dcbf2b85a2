import type { World } from '../world.ts';
import { deadManWorlds } from './dead-man.ts';
import { installWorlds } from './install.ts';
import { kexecRefusalWorlds } from './kexec-refusals.ts';
import { kexecWorlds } from './kexec.ts';
import { netbootWorlds } from './netboot.ts';
import { networkModelWorlds } from './network-model.ts';
import { networkWorlds } from './network.ts';
import { nixosAnywhereWorlds } from './nixos-anywhere.ts';
import { refusalWorlds } from './refusals.ts';
import { rescueWorlds } from './rescue.ts';

/** All worlds, the quick ones first. */
export const worlds: readonly World[] = [
  ...rescueWorlds,
  ...refusalWorlds,
  ...deadManWorlds,
  ...networkWorlds,
  ...networkModelWorlds,
  ...kexecWorlds,
  ...kexecRefusalWorlds,
  ...installWorlds,
  ...netbootWorlds,
  ...nixosAnywhereWorlds,
];
