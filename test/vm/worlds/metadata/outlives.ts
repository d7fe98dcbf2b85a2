import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import * as files from '../../../../image/lib/files.ts';
import { leaveForInstaller } from '../../guests/anywhere.ts';
import { chooseRescue } from '../../guests/rescue-entry.ts';
import { leasedNetwork, makeDebian } from '../../guests/debian.ts';
import { finishInstall, stageDone } from '../../guests/install.ts';
import { startOld } from '../../guests/leave.ts';
import { hashDisk } from '../../harness/disk.ts';
import { image } from '../../harness/image.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

import { makeSeed } from './seed.ts';

/** User-data outlives an installation: changed so that it would erase the disk, it erases nothing that nobody started for that. */

const mac = '52:54:00:12:34:56';

async function outlive(site: Site): Promise<void> {
  let userData: ConfigInput = {};
  const known = (): Readonly<Record<string, string>> => ({
    '/latest/meta-data/hostname': 'ip-10-0-0-12.ec2.internal',
    '/latest/meta-data/public-keys/': '0=laptop',
    '/latest/meta-data/public-keys/0/openssh-key': `${site.keys.user.public}\n`,
    '/latest/user-data': JSON.stringify(userData),
  });
  const server = await listen(
    createServer((request, response) => {
      const { method, url = '', headers } = request;
      const answer = known()[url];
      if (method === 'PUT') response.end('AQAEALc1');
      else if (headers['x-aws-ec2-metadata-token'] !== 'AQAEALc1') response.writeHead(401).end();
      else if (answer === undefined) response.writeHead(404).end();
      else response.end(answer);
    }),
  );
  try {
    const disk = site.disk('target', 4096);
    const { ssh, disks: _, system, ...rest } = await site.installConfig();
    // slirp has this address where it also has the link-local one of metadata.
    const nixpkgs = system?.nixpkgs?.replace('10.0.2.2', '169.254.169.2');
    userData = {
      ...rest,
      disks: { devices: ['only'], encryption: 'none' },
      system: { ...system, ...(nixpkgs === undefined ? {} : { nixpkgs }), rescue: true },
    };
    const guest = {
      memoryMiB: 1024,
      disks: [disk],
      system: { vendor: 'Amazon EC2' },
      network: { metadataPort: server.port, mac },
    };
    const own = { path: 'dabei.json', content: JSON.stringify({ ssh }) };
    const kernel = { path: 'kernel', content: files.readBytes(image.kernel) };
    const machine = await site.startImage({
      ...{ ...guest, name: 'install', appended: [own, kernel], limitSeconds: 800 },
      parameters: ['dabei.metadata=install'],
    });
    // Who may log in comes with the metadata.
    await stageDone(machine, 'metadata', 200);
    await finishInstall(site, machine);
    const installed = await hashDisk(disk.file);
    userData = {
      ...userData,
      hostName: 'other',
      disks: { devices: ['/dev/vda'], encryption: 'none', wipe: true },
    };
    const unchanged = async (when: string) =>
      assert.equal(await hashDisk(disk.file), installed, `${when}: the disk is unchanged`);

    const seed = await makeSeed(site);
    const withStick = await site.startImage({
      ...{ ...guest, name: 'stick', disks: [disk, seed], appended: [own], limitSeconds: 300 },
    });
    await stageDone(withStick, 'rescue', 200);
    assert.match(withStick.console.text, /only dabei\.(seed|metadata)=install/);
    await withStick.end();
    await unchanged('a stick left in');

    const rescue = await chooseRescue(site, guest);
    await rescue.machine.end();
    await unchanged('the rescue entry');

    const debian = await makeDebian(site, { network: leasedNetwork });
    const old = await startOld(site, debian, { ...guest, limitSeconds: 1200 });
    await leaveForInstaller(site);
    await stageDone(old.machine, 'rescue', 60);
    await old.machine.end();
    await unchanged("nixos-anywhere's kexec");
  } finally {
    await server.close();
  }
}

export const outlivingWorlds: World[] = [
  {
    name: 'metadata-outlives',
    about:
      "installed from user-data, which then asks to erase the disk: a stick left in, the rescue entry and nixos-anywhere's kexec change nothing",
    limitSeconds: 2500,
    script: outlive,
  },
];
