import { join } from 'node:path';
import type { Test } from 'tap';
import { doorsTo, type TestDoors, type World } from '../doors.ts';
import { onlineFiles, onlinePrograms } from '../online/machine.ts';

/** A machine that is a directory, with one card and an empty disk, for whole runs of dabei. */

const network = {
  interfaces: [
    {
      name: 'eth0',
      addresses: ['192.0.2.7/24'],
      routes: [{ destination: 'default', gateway: '192.0.2.1' }],
    },
  ],
};

/** @param config the text of /dabei.json, as JSON */
export function reportingMachine(t: Test, config: object, world: World = {}): TestDoors {
  return doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    waiting: 10,
    ...world,
    files: {
      ...onlineFiles,
      '/run/dabei/boot/dabei.json': JSON.stringify({ network, ...config }),
      ...world.files,
    },
    programs: { ...onlinePrograms(), ...world.programs },
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0', ...world.network },
  });
}
