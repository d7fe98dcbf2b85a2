import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import { fillWithForeignBytes, hashDisk } from '../harness/disk.ts';
import { stageDone, stageFailed } from '../guests/install.ts';
import { listen } from '../harness/serve.ts';
import type { Site } from '../harness/site.ts';
import type { World } from '../world.ts';
import { plannedFor, serial, signerOf, signText } from './fleet/signing.ts';

/** A configuration that the machine fetches by its own MAC address and serial number, signed by the operator's key. */

const mac = '52:54:00:12:34:56';

interface Row {
  name: string;
  about: string;
  /** What the operator signed. */
  config: (site: Site) => ConfigInput;
  /** Requests that the server answers with 429 first. */
  busyTimes: number;
  /** null: it is planned. */
  fails: { stage: string; code: ErrorCode; says: RegExp } | null;
}

const rows: Row[] = [
  {
    name: 'signed',
    about: 'one kernel line for a rack: a signed configuration by {mac} and {serial}, after a busy server, is planned',
    config: plannedFor,
    busyTimes: 2,
    fails: null,
  },
  {
    name: 'other-machine',
    about: 'a configuration that was signed for another machine: refused, the machine stays reachable',
    config: site => ({ ...plannedFor(site), mode: 'install', for: { serial: 'RACK-0043' } }),
    busyTimes: 0,
    fails: {
      stage: 'config',
      code: 'CONFIG_OTHER_MACHINE',
      says: /for: is signed for serial "RACK-0043", and this machine has "RACK-0042"/,
    },
  },
]; // prettier-ignore

async function fetchFrom(site: Site, row: Row): Promise<void> {
  const body = JSON.stringify(row.config(site), null, 2);
  const signature = await signText(site, body);
  const path = `/${mac.replaceAll(':', '-')}/${serial.toLowerCase()}.json`;
  const asked: string[] = [];
  const server = await listen(
    createServer((request, response) => {
      asked.push(request.url ?? '');
      if (asked.length <= row.busyTimes) response.writeHead(429, { 'retry-after': '1' }).end();
      else if (request.url === path) response.end(body);
      else if (request.url === `${path}.sig`) response.end(signature);
      else response.writeHead(404).end();
    }),
  );
  try {
    const disk = site.disk('target', 3072);
    fillWithForeignBytes(disk.file);
    const before = await hashDisk(disk.file);
    const line = `${signerOf(site)}\n`;
    const machine = await site.startImage({
      name: row.name,
      memoryMiB: 512,
      disks: [disk],
      system: { serial },
      network: { mac },
      appended: [
        { path: 'dabei/allowed_signers', content: line },
        { path: 'dabei.json', content: JSON.stringify({ ssh: { hostKeys: [site.keys.host.private] }, ...(row.fails === null ? {} : { rootAuthorizedKeys: [site.keys.user.public] }) }) },
      ],
      parameters: [`dabei.config_url=${server.urlFor('{mac}/{serial}.json')}`],
      limitSeconds: 200,
    });
    const ssh = site.ssh();
    if (row.fails === null) {
      await stageDone(machine, 'plan', 150);
      await ssh.waitUntilUp(60);
      assert.match(machine.console.text, /configuration: http:\S+\.json, signed by fleet/);
      assert.equal((await ssh.run('cat /proc/sys/kernel/hostname')).trim(), 'rack-0042');
      assert.match(await ssh.run('dabei plan', { seconds: 90 }), /zpool create/);
    } else {
      const { says, ...place } = row.fails;
      assert.deepEqual(await stageFailed(machine, 150), place);
      await ssh.waitUntilUp(60);
      const { code } = JSON.parse(await ssh.run('dabei status --json')) as Record<string, unknown>;
      assert.equal(code, place.code);
      assert.match(machine.console.text, says);
    }
    assert.deepEqual(asked.slice(row.busyTimes, row.busyTimes + 2), [path, `${path}.sig`]);
    await machine.end();
    assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
  } finally {
    await server.close();
  }
} // prettier-ignore

export const configUrlWorlds: World[] = rows.map(row => ({
  name: `config-url-${row.name}`,
  about: row.about,
  limitSeconds: 300,
  script: (site: Site) => fetchFrom(site, row),
}));
