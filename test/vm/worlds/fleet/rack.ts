import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { target } from '../../../../image/lib/target.ts';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { unpackAlone } from '../../../../image/debian/packages.ts';
import * as files from '../../../../image/lib/files.ts';
import { stageDone } from '../../guests/install.ts';
import { image } from '../../harness/image.ts';
import { rackAddress, readEngineFiles } from '../../harness/rack/files.ts';
import { ironicScripts } from '../../harness/rack/ironic.ts';
import { openRack, type Rack } from '../../harness/rack/rack.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/**
 * Machines that start from a rack (harness/rack): by HTTP from the firmware, and by what other engines answer. nginx gives those
 * answers; the engines themselves are not run.
 */

const mac = '52:54:00:da:be:01';

interface Row {
  name: string;
  about: string;
  firmware?: 'uefi';
  /** Puts what is served into the rack. */
  fill: (site: Site, rack: Rack) => Promise<void> | void;
  /** The last stage, and what the console says. */
  stage: string;
  says: RegExp;
}

const planned = (site: Site, hostName: string): ConfigInput => ({
  ...{ mode: 'plan', hostName, rootAuthorizedKeys: [site.keys.user.public] },
  disks: { devices: ['only'], encryption: 'none' },
});

/** Kernel and initrd, below a path of the server. */
function link(rack: Rack, below = ''): void {
  for (const [name, file] of Object.entries({ bzImage: image.kernel, initrd: image.initrd }))
    files.symlink(file, join(rack.www, below, name));
}

const put = (rack: Rack, path: string, text: string) => files.write(join(rack.www, path), text);

const rows: Row[] = [
  {
    name: 'uefi-http',
    about: "UEFI starts iPXE by HTTP, with an address from DHCP; TFTP has no file. A file by the card's MAC address",
    firmware: 'uefi',
    fill: async (site, rack) => {
      link(rack);
      const { path } = await unpackAlone('ipxe', ['ipxe']);
      files.copy(join(path, 'ipxe', target.ipxeEfi), join(rack.www, 'ipxe.efi'));
      put(rack, `hosts/${mac.replaceAll(':', '-')}.json`, JSON.stringify(planned(site, 'by-http')));
    },
    stage: 'plan',
    says: /by-http|nothing was changed/,
  },
  {
    name: 'matchbox',
    about: "what matchbox answers: its boot.ipxe, the profile of docs/fleets/engines.md as it renders it, and its template's JSON",
    fill: (site, rack) => {
      link(rack, 'assets/dabei');
      // matchbox, matchbox/http/ipxe.go: what it answers to /boot.ipxe, and the template of /ipxe.
      put(rack, 'fleet.ipxe', '#!ipxe\nchain ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain}&hostname=${hostname}&serial=${serial}\n');
      const { boot } = JSON.parse(readEngineFiles().matchbox) as { boot: { kernel: string; initrd: string[]; args: string[] } };
      const initrds = boot.initrd.map(line => `initrd ${line}\n`).join('');
      put(rack, 'ipxe', `#!ipxe\nkernel ${boot.kernel} ${boot.args.join(' ')}\n${initrds}boot\n`);
      put(rack, 'generic', JSON.stringify(planned(site, 'by-matchbox')));
    },
    stage: 'plan',
    says: /nothing was changed/,
  },
  {
    name: 'tinkerbell',
    about: "what Tinkerbell answers: parameters of the hardware object beside its own, and user-data at its metadata service's address",
    fill: (site, rack) => {
      link(rack);
      const { spec } = JSON.parse(readEngineFiles().tinkerbell) as { spec: { interfaces: { netboot: { osie: { kernelParams: string[] } } }[] } };
      const own = 'facility=onprem syslog_host=10.77.0.1 grpc_authority=10.77.0.1:42113 tinkerbell_tls=false worker_id=52:54:00:da:be:01 hw_addr=52:54:00:da:be:01';
      const given = spec.interfaces[0]!.netboot.osie.kernelParams.join(' ').replaceAll(/http:\/\/[\d.]+:7080/g, `http://${rackAddress}`);
      put(rack, 'fleet.ipxe', `#!ipxe\nkernel http://${rackAddress}/bzImage initrd=initrd console=ttyS0,115200 ${own} ${given} dabei.mode=plan\ninitrd http://${rackAddress}/initrd\nboot\n`);
      put(rack, '2009-04-04/user-data', JSON.stringify({ disks: { devices: ['only'], encryption: 'none' } }));
      put(rack, '2009-04-04/meta-data/hostname', 'by-tinkerbell');
      put(rack, '2009-04-04/meta-data/public-keys', `${site.keys.user.public}\n`);
    },
    stage: 'plan',
    says: /metadata at http:\/\/10\.77\.0\.1: hostName, rootAuthorizedKeys, a configuration/,
  },
  {
    name: 'ironic',
    about: "what Ironic serves for a node that starts a ramdisk by iPXE: the parameters of docs/fleets/engines.md behind Ironic's own",
    fill: (site, rack) => {
      const uuid = 'da6e1000-0000-4000-8000-000000000001';
      for (const [name, file] of Object.entries({ kernel: image.kernel, ramdisk: image.initrd }))
        files.symlink(file, join(rack.www, uuid, name));
      const text = JSON.stringify(planned(site, 'by-ironic'));
      put(rack, `${mac.replaceAll(':', '-')}.json`, text);
      // By plain http here: the hash stands for the certificate.
      const sha256 = createHash('sha256').update(text).digest('hex');
      const given = readEngineFiles().ironic.replace(/https:\/\/[\d.]+/, `http://${rackAddress}`);
      const { 'boot.ipxe': first = '', ...others } = ironicScripts({ httpUrl: `http://${rackAddress}`, uuid, mac, parameters: `${given} dabei.config_sha256=${sha256}` });
      for (const [path, script] of Object.entries({ 'fleet.ipxe': first, ...others })) put(rack, path, script);
    },
    stage: 'plan',
    says: /by-ironic|nothing was changed/,
  },
]; // prettier-ignore

async function startFromRack(site: Site, row: Row): Promise<void> {
  const rack = await openRack(join(site.directory, 'rack'), 1);
  try {
    await row.fill(site, rack);
    const machine = await site.start({
      ...{ name: row.name, memoryMiB: 768, disks: [site.disk('target', 3072)], boot: { from: 'network' } },
      ...(row.firmware === undefined ? {} : { firmware: row.firmware }),
      networks: [{ tap: rack.sockets[0]!, mac }],
      ...{ within: rack.within, limitSeconds: 500 },
    });
    await stageDone(machine, row.stage, 400);
    await machine.console.waitFor(/nothing was changed/, 60);
    assert.match(machine.console.text, row.says);
    const asked = rack.sent().map(({ path }) => path);
    if (row.firmware === 'uefi') assert.ok(asked.includes('/ipxe.efi'), 'the firmware asked by HTTP');
    await machine.end();
  } finally {
    await rack.close();
  }
}

export const rackWorlds: World[] = rows.map(row => ({
  name: `rack-${row.name}`,
  about: row.about,
  limitSeconds: 600,
  script: site => startFromRack(site, row),
}));
