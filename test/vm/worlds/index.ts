import type { World } from '../world.ts';
import { closureRefusalWorlds } from './closure-refusals.ts';
import { closureWorlds } from './closures.ts';
import { deadManWorlds } from './dead-man.ts';
import { diskWorlds } from './disks.ts';
import { impermanenceWorlds } from './impermanence.ts';
import { installWorlds } from './install.ts';
import { kexecRefusalWorlds } from './kexec-refusals.ts';
import { kexecSignatureWorlds } from './kexec-signatures.ts';
import { kexecShapeWorlds } from './kexec-shapes.ts';
import { kexecWorlds } from './kexec.ts';
import { memoryWorlds } from './memory.ts';
import { fullWorlds } from './full.ts';
import { netbootWorlds } from './netboot.ts';
import { networkModelWorlds } from './network-model.ts';
import { networkWorlds } from './network.ts';
import { nixosAnywhereWorlds } from './nixos-anywhere.ts';
import { powerCutWorlds } from './power-cut.ts';
import { refusalWorlds } from './refusals.ts';
import { remainsWorlds } from './remains.ts';
import { rescueWorlds } from './rescue.ts';
import { userFlakeWorlds } from './user-flake.ts';

/** All worlds, the quick ones first. */
export const worlds: readonly World[] = [
  ...rescueWorlds,
  ...refusalWorlds,
  ...deadManWorlds,
  ...networkWorlds,
  ...networkModelWorlds,
  ...kexecWorlds,
  ...kexecShapeWorlds,
  ...kexecRefusalWorlds,
  ...kexecSignatureWorlds,
  ...installWorlds,
  ...diskWorlds,
  ...remainsWorlds,
  ...impermanenceWorlds,
  ...powerCutWorlds,
  ...userFlakeWorlds,
  ...netbootWorlds,
  ...closureWorlds,
  ...closureRefusalWorlds,
  ...fullWorlds,
  ...memoryWorlds,
  ...nixosAnywhereWorlds,
];
