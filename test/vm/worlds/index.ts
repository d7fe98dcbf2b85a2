import type { World } from '../world.ts';
import { anywhereMemoryWorlds } from './anywhere/memory.ts';
import { closureRefusalWorlds } from './closures/refusals.ts';
import { closureWorlds } from './closures/closures.ts';
import { configUrlWorlds } from './config-url.ts';
import { copiesWorlds } from './copies/copies.ts';
import { consoleWorlds } from './console.ts';
import { deadManWorlds } from './kexec/dead-man.ts';
import { diskoWorlds } from './disko/disko.ts';
import { diskWorlds } from './disks.ts';
import { installDiskoWorlds } from './disko/install.ts';
import { answerWorlds } from './fleet/answers.ts';
import { fleetMachineWorlds } from './fleet/machine.ts';
import { rackWorlds } from './fleet/rack.ts';
import { receiverWorlds } from './fleet/receivers.ts';
import { reportWorlds } from './fleet/reports.ts';
import { refuseDiskoWorlds } from './disko/refusals.ts';
import { guidedWorlds } from './guided/guided.ts';
import { impermanenceWorlds } from './impermanence.ts';
import { installWorlds } from './install.ts';
import { kexecRefusalWorlds } from './kexec/refusals.ts';
import { kexecSignatureWorlds } from './kexec/signatures.ts';
import { kexecShapeWorlds } from './kexec/shapes.ts';
import { kexecWorlds } from './kexec/kexec.ts';
import { movedSshdWorlds } from './kexec/moved-sshd.ts';
import { installingWorlds } from './media/installs.ts';
import { mediaWorlds } from './media.ts';
import { metadataWorlds } from './metadata/metadata.ts';
import { rawWorlds } from './media/raw.ts';
import { outlivingWorlds } from './metadata/outlives.ts';
import { screenWorlds } from './media/screen.ts';
import { torWorlds } from './media/tor.ts';
import { wifiWorlds } from './media/wifi.ts';
import { memoryWorlds } from './memory.ts';
import { fallbackWorlds } from './fallbacks.ts';
import { fullWorlds } from './full.ts';
import { netbootWorlds } from './netboot.ts';
import { networkModelWorlds } from './network-model.ts';
import { networkWorlds } from './network.ts';
import { nixosAnywhereWorlds } from './anywhere/nixos-anywhere.ts';
import { powerCutWorlds } from './power-cut.ts';
import { refusalWorlds } from './refusals.ts';
import { remainsWorlds } from './remains.ts';
import { rescueEntryMirrorWorlds } from './rescue-entry/mirror.ts';
import { rescueEntryRebuildWorlds } from './rescue-entry/rebuild.ts';
import { rescueEntryRoomWorlds } from './rescue-entry/room.ts';
import { rescueEntryWorlds } from './rescue-entry.ts';
import { rescueWorlds } from './rescue.ts';
import { seedWorlds } from './metadata/seed.ts';
import { trialAloneWorlds } from './trial/alone.ts';
import { trialConfirmWorlds } from './trial/confirm.ts';
import { trialGenerationWorlds } from './trial/generation.ts';
import { trialHangWorlds } from './trial/hang.ts';
import { trialMirrorWorlds } from './trial/mirror.ts';
import { trialVariablesWorlds } from './trial/variables.ts';
import { trialWorlds } from './trial/trial.ts';
import { unlockWorlds } from './unlock.ts';
import { userFlakeWorlds } from './user-flake.ts';

/** All worlds by the file that they are in, the quick ones first. */
export const worldsByFile: Readonly<Record<string, readonly World[]>> = {
  rescue: rescueWorlds,
  media: mediaWorlds,
  'media/screen': screenWorlds,
  'media/installs': installingWorlds,
  'media/raw': rawWorlds,
  'media/tor': torWorlds,
  'media/wifi': wifiWorlds,
  console: consoleWorlds,
  'guided/guided': guidedWorlds,
  'config-url': configUrlWorlds,
  'metadata/metadata': metadataWorlds,
  'metadata/seed': seedWorlds,
  'fleet/answers': answerWorlds,
  'fleet/reports': reportWorlds,
  'fleet/receivers': receiverWorlds,
  refusals: refusalWorlds,
  'kexec/dead-man': deadManWorlds,
  network: networkWorlds,
  'network-model': networkModelWorlds,
  'kexec/kexec': kexecWorlds,
  'kexec/moved-sshd': movedSshdWorlds,
  'kexec/shapes': kexecShapeWorlds,
  'kexec/refusals': kexecRefusalWorlds,
  'kexec/signatures': kexecSignatureWorlds,
  install: installWorlds,
  'fleet/rack': rackWorlds,
  'fleet/machine': fleetMachineWorlds,
  fallbacks: fallbackWorlds,
  disks: diskWorlds,
  unlock: unlockWorlds,
  'rescue-entry': rescueEntryWorlds,
  'rescue-entry/mirror': rescueEntryMirrorWorlds,
  'rescue-entry/rebuild': rescueEntryRebuildWorlds,
  'rescue-entry/room': rescueEntryRoomWorlds,
  'copies/copies': copiesWorlds,
  'trial/trial': trialWorlds,
  'trial/hang': trialHangWorlds,
  'trial/mirror': trialMirrorWorlds,
  'trial/confirm': trialConfirmWorlds,
  'trial/variables': trialVariablesWorlds,
  'trial/generation': trialGenerationWorlds,
  'trial/alone': trialAloneWorlds,
  remains: remainsWorlds,
  'metadata/outlives': outlivingWorlds,
  impermanence: impermanenceWorlds,
  'power-cut': powerCutWorlds,
  'user-flake': userFlakeWorlds,
  netboot: netbootWorlds,
  'closures/closures': closureWorlds,
  'closures/refusals': closureRefusalWorlds,
  full: fullWorlds,
  memory: memoryWorlds,
  'disko/disko': diskoWorlds,
  'disko/install': installDiskoWorlds,
  'disko/refusals': refuseDiskoWorlds,
  'anywhere/nixos-anywhere': nixosAnywhereWorlds,
  'anywhere/memory': anywhereMemoryWorlds,
};

export const worlds: readonly World[] = Object.values(worldsByFile).flat();
