import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import * as clock from '../../../../agent/host/clock.ts';
import { fixedNetwork } from '../../guests/rescue-entry.ts';
import { installed, minutes, seconds, start, staysInRescue } from '../../guests/trial.ts';
import type { Guest } from '../../guests/kept.ts';
import { patchDisk } from '../../harness/disk.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';

/** Machines that nobody has to unlock, and nobody looks after: the receiver of reports confirms them, or a gateway and their own sshd. */

interface Event {
  name: string;
  result?: string;
  description?: string;
  machine?: { hostname: string };
}

const unlocked: ConfigInput['disks'] = { devices: ['/dev/vda'], encryption: 'none', key: undefined };
const firmwares = ['bios', 'uefi'] as const;
const guestOf = (site: Site, firmware: (typeof firmwares)[number]): Guest => ({
  ...{ memoryMiB: 1024, firmware },
  disks: [site.disk('target', 4096)],
});
const nameOf = (name: string, firmware: string) => (firmware === 'bios' ? name : `${name}-${firmware}`);

const alone = firmwares.map((firmware): World => ({
  name: nameOf('trial-alone', firmware),
  about:
    'first boot on trial, and nobody is there: the receiver of reports confirms it; a wrong gateway and an init that does not exist end in the rescue system',
  limitSeconds: 5400,
  script: async site => {
    const guest = guestOf(site, firmware);
    await withReceiver(async ({ url, received, refuse }) => {
      const restore = await installed(site, guest, {
        changes: { disks: unlocked, network: fixedNetwork, report: { url } },
        told: /^installed: .*; it is on trial: unless the receiver of its reports answers within 10 minutes of its start, it restarts/m,
      });
      const { machine } = await confirmedByReport(site, guest, received, refuse);
      await machine.end();

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
    });
  },
}));

/** For twice the limit, and at the next start. */
const stays = firmwares.flatMap((firmware): World[] => [
  {
    name: nameOf('trial-stays-report', firmware),
    about:
      'first boot on trial, confirmed by the receiver of reports: the system stays for twice the limit, and starts again',
    limitSeconds: 4800,
    script: async site => {
      const guest = guestOf(site, firmware);
      await withReceiver(async ({ url, received, refuse }) => {
        await installed(site, guest, {
          changes: { disks: unlocked, report: { url } },
          told: /^installed: .*; it is on trial: unless the receiver of its reports answers/m,
        });
        const { machine, ssh } = await confirmedByReport(site, guest, received, refuse);
        await staysInstalled(site, guest, machine, ssh);
      });
    },
  },
  {
    name: nameOf('trial-stays-gateway', firmware),
    about:
      'first boot on trial without a receiver of reports, confirmed by a gateway and its own sshd: the system stays for twice the limit, and starts again',
    limitSeconds: 4800,
    script: async site => {
      const guest = guestOf(site, firmware);
      await installed(site, guest, {
        changes: { disks: unlocked },
        told: /^installed: .*; it is on trial: unless sshd and a gateway answer within 10 minutes/m,
      });
      const machine = await start(site, guest, 'confirmed', 2 * minutes * 60 + 900);
      await machine.console.waitFor(
        /nix-dabei trial: confirmed: sshd answers, and so does the gateway/,
        2 * seconds,
      );
      const ssh = site.ssh();
      await ssh.waitUntilUp(180);
      await nothingIsLeft(ssh);
      await staysInstalled(site, guest, machine, ssh);
    },
  },
]);

export const trialAloneWorlds: World[] = [...alone, ...stays];

interface Receiver {
  url: string;
  received: readonly Event[];
  refuse: (refuses: boolean) => void;
}

async function withReceiver(work: (receiver: Receiver) => Promise<void>): Promise<void> {
  const received: Event[] = [];
  const { server, refuse } = receiver(received);
  const { urlFor, close } = await listen(server);
  try {
    await work({ url: urlFor('events'), received, refuse });
  } finally {
    await close();
  }
}

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

async function confirmedByReport(
  site: Site,
  guest: Guest,
  received: readonly Event[],
  refuse: (refuses: boolean) => void,
): Promise<{ machine: Machine; ssh: Ssh }> {
  const machine = await start(site, guest, 'confirmed', 2 * minutes * 60 + 900);
  await machine.console.waitFor(/nix-dabei trial: the receiver of reports cannot be reached/, seconds);
  refuse(false);
  await machine.console.waitFor(/nix-dabei trial: confirmed: the receiver of reports has answered/, 180);
  const trial = received.filter(({ name }) => name === 'dabei/trial');
  assert.ok(trial.length > 1, 'it was asked again');
  assert.deepEqual([trial[0]?.result, trial[0]?.machine?.hostname], ['SUCCESS', 'tiny']);
  const ssh = site.ssh();
  await ssh.waitUntilUp(180);
  await nothingIsLeft(ssh);
  return { machine, ssh };
}

async function nothingIsLeft(ssh: Ssh): Promise<void> {
  const left = await ssh.run(
    'find /var/lib/dabei /boot -name "*trial*"; cat /boot/grub/grubenv /boot/loader/loader.conf 2>/dev/null || true',
    { seconds: 60 },
  );
  assert.doesNotMatch(left, /trial|default nix-dabei/, 'nothing of it is left');
}

async function staysInstalled(site: Site, guest: Guest, machine: Machine, ssh: Ssh): Promise<void> {
  const upSeconds = async () => Number((await ssh.run('cat /proc/uptime', { seconds: 60 })).split(/[. ]/)[0]);
  const wanted = 2 * minutes * 60 + 60;
  for (let up = await upSeconds(); up < wanted; up = await upSeconds()) {
    await clock.sleep(Math.min(60, wanted - up));
  }
  assert.doesNotMatch(machine.console.text, /restarting/);
  await machine.end();
  const again = await start(site, guest, 'again');
  await again.console.waitFor(/tiny-nixos: system up/, seconds);
  assert.doesNotMatch(
    again.console.text,
    /nix-dabei trial: |stage \d+\/\d+ /,
    'neither trial nor rescue system',
  );
  await again.end();
}
