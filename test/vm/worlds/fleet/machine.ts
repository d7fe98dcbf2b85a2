import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { collect } from '../../../../agent/commands/collect.ts';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { realDoors } from '../../../../agent/host/doors.ts';
import * as files from '../../../../image/lib/files.ts';
import { bootInstalled, installLimitSeconds, stageFailed } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';
import { inDays, serial, signerOf, signText } from './signing.ts';

/**
 * One machine of a rack, from the signed configuration that it fetches by plain HTTP to the flake of the fleet: an operator has the last
 * word, and what was installed is not replaced by an older file.
 */

const memoryMiB = 1024;

interface Question {
  name: string;
  event_type: string;
  nonce: string;
  plan: string;
}

/** What answers the questions, in order: all but the last two end that installation. */
const replies: { name: string; signs: boolean; says: RegExp | null; answer: (question: Question) => object }[] = [
  { name: 'not signed', signs: false, says: /REPORT_ASK_REFUSED.*not signed/, answer: ({ nonce, plan }) => ({ action: 'continue', nonce, plan }) },
  { name: 'to another question', signs: true, says: /REPORT_ASK_REFUSED.*nonce/, answer: ({ plan }) => ({ action: 'continue', nonce: '0'.repeat(32), plan }) },
  { name: 'about another plan', signs: true, says: /REPORT_ASK_REFUSED.*another plan/, answer: ({ nonce }) => ({ action: 'continue', nonce, plan: '0'.repeat(64) }) },
  { name: 'wait', signs: true, says: null, answer: ({ nonce, plan }) => ({ action: 'wait', nonce, plan }) },
  { name: 'continue', signs: true, says: null, answer: ({ nonce, plan }) => ({ action: 'continue', nonce, plan }) },
]; // prettier-ignore

/** What the server has later: refused, and the disk stays as it is. The first would erase it, if it were not older. */
const later: { name: string; changes: Partial<ConfigInput>; clock?: string; stage: string; code: string }[] = [
  { name: 'older', changes: { serial: 6, disks: { devices: ['only'], wipe: true, generation: 2 } }, stage: 'plan', code: 'CONFIG_REPLAYED' },
  { name: 'clock', changes: { serial: 8 }, clock: '2011-11-11T11:11:00', stage: 'config', code: 'CONFIG_EXPIRED' },
]; // prettier-ignore

/** A server that has one file and its signature, and takes reports. */
class Rack {
  readonly reports: string[] = [];
  asked = 0;
  private body = '';
  private signature = '';

  private readonly site: Site;

  constructor(site: Site) {
    this.site = site;
  }

  async offer(config: ConfigInput): Promise<void> {
    this.body = JSON.stringify(config, null, 2);
    this.signature = await signText(this.site, this.body);
  }

  readonly server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'GET' && request.url === '/rack-0042.json') response.end(this.body);
      else if (request.method === 'GET' && request.url === '/rack-0042.json.sig') response.end(this.signature);
      else if (request.method !== 'POST') response.writeHead(404).end();
      else {
        const text = Buffer.concat(parts).toString('utf8');
        this.reports.push(text);
        const event = JSON.parse(text) as Question;
        if (event.event_type !== 'ask') response.writeHead(204).end();
        else
          this.reply(event).then(
            answer => response.writeHead(200, { 'retry-after': '5' }).end(answer),
            () => response.destroy(),
          );
      }
    });
  });

  private async reply(question: Question): Promise<string> {
    const { signs, answer } = replies[Math.min(this.asked++, replies.length - 1)]!;
    const text = JSON.stringify(answer(question));
    return signs
      ? JSON.stringify({ answer: text, signature: await signText(this.site, text) })
      : text;
  }
} // prettier-ignore

async function installFromRack(site: Site): Promise<void> {
  const rack = new Rack(site);
  const server = await listen(rack.server);
  try {
    const disk = site.disk('target', 4096);
    fillWithForeignBytes(disk.file);
    const empty = await hashDisk(disk.file);
    const { version, hostId, system } = await site.installConfig();
    const config: ConfigInput = {
      ...{ version, hostId, system },
      ...{ hostName: 'rack-0042', rootAuthorizedKeys: [site.keys.user.public] },
      ...{ for: { serial }, notAfter: inDays(7), serial: 7 },
      disks: { devices: ['only'], wipe: true },
      report: { url: server.urlFor('events'), ask: { deadline: 300 } },
    };
    await rack.offer(config);
    const machineWith = (name: string, clock?: string) =>
      site.startImage({
        ...{ name, memoryMiB, disks: [disk], system: { serial } },
        ...(clock === undefined ? {} : { clock }),
        // What is secret comes with the boot: others can read what comes by plain HTTP.
        appended: [
          { path: 'dabei/allowed_signers', content: `${signerOf(site)}\n` },
          {
            path: 'dabei.json',
            content: JSON.stringify({
              rootAuthorizedKeys: [site.keys.user.public],
              ssh: { hostKeys: [site.keys.host.private] },
              disks: { key: site.keys.passphrase },
            }),
          },
        ],
        parameters: [`dabei.config_url=${server.urlFor('{serial}.json')}`],
        limitSeconds: 2 * installLimitSeconds,
      });
    const machine = await machineWith('install');
    assert.deepEqual(await stageFailed(machine, 300), { stage: 'ask', code: 'REPORT_ASK_REFUSED' });
    assert.match(machine.console.text, replies[0]!.says!);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    for (const { name, says } of replies.slice(1)) {
      if (says === null) break;
      const { exitCode, stderr, stdout } = await ssh.attempt('dabei install', { seconds: 300 });
      assert.equal(exitCode, 1, name);
      assert.match(stdout + stderr, says, name);
      assert.equal(await ssh.run('mount | grep -c zfs || true'), '0\n', `${name}: nothing was erased`);
    }
    const { exitCode, stdout, stderr } = await ssh.attempt('dabei install', { seconds: installLimitSeconds });
    assert.equal(exitCode, 0, stdout + stderr);
    assert.match(stdout + stderr, /it said to wait; dabei asks again/);
    assert.equal(rack.asked, replies.length);
    assert.notEqual(await hashDisk(disk.file), empty);
    await ssh.attempt('reboot', { seconds: 60 });
    await machine.waitForEnd(120);

    const installed = await bootInstalled(site, { memoryMiB, disks: [disk] });
    assert.equal((await installed.ssh.run('cat /proc/sys/kernel/hostname')).trim(), 'rack-0042');
    await installed.ssh.run('sync');
    await installed.machine.end();

    const whole = await hashDisk(disk.file);
    for (const { name, changes, clock, ...expected } of later) {
      await rack.offer({ ...config, ...changes });
      const refused = await machineWith(name, clock);
      assert.deepEqual(await stageFailed(refused, 300), expected, name);
      await refused.end();
      assert.equal(await hashDisk(disk.file), whole, `${name}: the disk is unchanged`);
    }
    assertCollected(site, rack.reports);
  } finally {
    await server.close();
  }
}

/** What the receiver stored becomes the flake of a fleet. */
function assertCollected(site: Site, reports: readonly string[]): void {
  const text = reports.map(line => `${line}\n`).join('');
  for (const secret of [site.keys.passphrase, site.keys.host.private.split('\n')[3]!])
    assert.ok(!text.includes(secret), 'no secret leaves');
  const stored = join(site.directory, 'reports.jsonl');
  files.write(stored, text);
  const said = collect(realDoors, [stored], join(site.directory, 'infra'));
  assert.match(said, /^new {6}hosts\/rack-0042\/runtime-info\.json$/m);
}

export const fleetMachineWorlds: World[] = [
  {
    name: 'fleet-machine',
    about:
      'a signed configuration by plain HTTP, wrong answers to the last question, then the right one: installed, reported, collected; older files are refused',
    limitSeconds: 2400,
    script: installFromRack,
  },
];
