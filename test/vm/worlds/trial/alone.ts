import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { installed, minutes, seconds, start, staysInRescue, type Guest } from '../../guests/trial.ts';
import { patchDisk } from '../../harness/disk.ts';
import { macOf } from '../../harness/machine/qemu.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** Machines that nobody has to unlock, and nobody looks after: the receiver of reports confirms them. */

interface Event {
  name: string;
  result?: string;
  machine?: { hostname: string };
}

const address = '10.0.2.15';

export const trialAloneWorlds: World[] = [
  {
    name: 'trial-alone',
    about:
      'first boot on trial, and nobody is there: the receiver of reports confirms it; a wrong gateway and an init that does not exist end in the rescue system',
    limitSeconds: 5400,
    script: async site => {
      const received: Event[] = [];
      const { server, refuse } = receiver(received);
      const { urlFor, close } = await listen(server);
      try {
        const guest: Guest = { memoryMiB: 1024, firmware: 'bios', disks: [site.disk('target', 4096)] };
        const restore = await installed(
          site,
          guest,
          {
            disks: { devices: ['/dev/vda'], encryption: 'none', key: undefined },
            network: {
              interfaces: [
                {
                  mac: macOf({}, 0),
                  addresses: [`${address}/24`],
                  routes: [{ destination: 'default', gateway: '10.0.2.2' }],
                },
              ],
            },
            report: { url: urlFor('events') },
          },
          /^installed: .*; it is on trial: unless the receiver of its reports answers within 10 minutes of its start, it restarts/m,
        );
        await confirmed(site, guest, received, refuse);

        await restore();
        assert.ok(patchDisk(guest.disks[0]!.file, ' init=/nix/store/', ' init=/nix/sTORe/') > 0);
        const without = await start(site, guest, 'without-init');
        await without.console.waitFor(/FAILED: \/nix\/sTORe\/.* is not there/, seconds);
        await without.console.waitFor(/the boot failed: restarting into the rescue system/, 180);
        await without.waitForEnd(180);
        await staysInRescue(site, guest, 'rescue-without-init');

        // The gateway of the network that it was installed in is not in this one.
        await restore();
        const moved: Guest = { ...guest, network: { subnet: 3 } };
        const lost = await start(site, moved, 'wrong-gateway', minutes * 60 + 900);
        await lost.console.waitFor(/tiny-nixos: system up, 10\.0\.2\.15/, seconds);
        await lost.console.waitFor(/nix-dabei trial: the receiver of reports cannot be reached/, seconds);
        await lost.console.waitFor(/nobody has logged in within 10 minutes: restarting/, minutes * 60 + 300);
        await lost.waitForEnd(180);
        await staysInRescue(site, guest, 'rescue-wrong-gateway');
      } finally {
        await close();
      }
    },
  },
];

/** It refuses an event of the trial until it is told otherwise. */
function receiver(received: Event[]): { server: Server; refuse: (refuses: boolean) => void } {
  let refuses = true;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const event = JSON.parse(Buffer.concat(parts).toString('utf8')) as Event;
      received.push(event);
      response.writeHead(refuses && event.name === 'dabei/trial' ? 503 : 204).end();
    });
  });
  return { server, refuse: value => (refuses = value) };
}

async function confirmed(
  site: Site,
  guest: Guest,
  received: readonly Event[],
  refuse: (refuses: boolean) => void,
): Promise<void> {
  const machine = await start(site, guest, 'confirmed');
  await machine.console.waitFor(/nix-dabei trial: the receiver of reports cannot be reached/, seconds);
  refuse(false);
  await machine.console.waitFor(/nix-dabei trial: confirmed: the receiver of reports has answered/, 180);
  const trial = received.filter(({ name }) => name === 'dabei/trial');
  assert.ok(trial.length > 1, 'it was asked again');
  assert.deepEqual([trial[0]?.result, trial[0]?.machine?.hostname], ['SUCCESS', 'tiny']);
  const ssh = site.ssh();
  await ssh.waitUntilUp(180);
  const left = await ssh.run('find /var/lib/dabei /boot/dabei -name "trial*"; cat /boot/grub/grubenv', { seconds: 60 });
  assert.doesNotMatch(left, /trial/, 'nothing of it is left');
  await machine.end();
} // prettier-ignore
