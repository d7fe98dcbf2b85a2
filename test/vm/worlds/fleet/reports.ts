import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { stageDone, stageFailed } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';
import { serial } from './signing.ts';

/** Receivers of reports that work and that do not, and an operator's last word before the disks are erased. */

type Event = Record<string, unknown> & { name: string; event_type: string; nonce?: string; plan?: string };

interface Row {
  name: string;
  about: string;
  /** null: it hangs. */
  answers: (event: Event) => number | null;
  mode: NonNullable<ConfigInput['mode']>;
  fails: { stage: string; code: string } | null;
  /** How often dabei warns of its receiver. */
  warnings: number;
}

const rows: Row[] = [
  {
    name: 'ask-silence',
    about: 'nobody answers whether to erase the disk: nothing is installed, the disk is unchanged, everything is reported',
    answers: ({ event_type }) => (event_type === 'ask' ? null : 204),
    mode: 'install',
    fails: { stage: 'ask', code: 'REPORT_ASK_SILENT' },
    warnings: 0,
  },
]; // prettier-ignore

async function report(site: Site, { name, answers, mode, fails, warnings }: Row): Promise<void> {
  const received: Event[] = [];
  const hanging = new Set<ServerResponse>();
  const server = await listen(
    createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const event = JSON.parse(Buffer.concat(parts).toString('utf8')) as Event;
        received.push(event);
        const status = answers(event);
        const { nonce, plan } = event;
        if (status === null) hanging.add(response);
        else
          response.writeHead(status).end(status === 200 ? JSON.stringify({ action: 'continue', nonce, plan }) : '');
      });
    }),
  );
  try {
    const disk = site.disk('target', 3072);
    fillWithForeignBytes(disk.file);
    const before = await hashDisk(disk.file);
    const config: ConfigInput = {
      mode,
      ...{ hostName: 'rack-0042', rootAuthorizedKeys: [site.keys.user.public], ssh: { hostKeys: [site.keys.host.private] } },
      disks: { devices: ['only'], key: site.keys.passphrase },
      configSigners: [`ops namespaces="nix-dabei-config" ${site.keys.user.public}`],
      report: { url: server.urlFor('events'), ...(mode === 'install' ? { ask: { deadline: 20 } } : {}) },
    };
    const machine = await site.startImage({
      name: `report-${name}`,
      memoryMiB: 512,
      disks: [disk],
      system: { serial },
      appended: [{ path: 'dabei.json', content: JSON.stringify(config) }],
      limitSeconds: 400,
    });
    const ssh = site.ssh();
    if (fails === null) await stageDone(machine, 'rescue', 200);
    else assert.deepEqual(await stageFailed(machine, 200), fails);
    await ssh.waitUntilUp(60);
    if (warnings === 0) await machine.console.waitFor(/ssh root@/m, 60);
    const found = machine.console.text.match(/warning: reporting to/g)?.length ?? 0;
    assert.equal(found, warnings, 'warnings of the receiver');
    if (fails !== null) {
      const question = received.find(({ event_type }) => event_type === 'ask');
      assert.match(String(question?.['plan_text']), /zpool create/);
      const deadline = Date.now() + 60_000;
      while (!received.some(({ name }) => name === 'dabei') && Date.now() < deadline)
        await new Promise(resolve => setTimeout(resolve, 500));
      const last = received.find(({ name }) => name === 'dabei');
      assert.equal(last?.['result'], 'FAIL');
      const blob = site.keys.host.public.split(' ')[1] ?? 'no key';
      assert.ok(String(last?.['pub_key_ed25519']).includes(blob), 'the host key is reported');
    }
    const text = JSON.stringify(received);
    assert.ok(!text.includes(site.keys.passphrase), 'no passphrase leaves');
    await machine.end();
    assert.equal(await hashDisk(disk.file), before, 'the disk is unchanged');
  } finally {
    for (const response of hanging) response.destroy();
    await server.close();
  }
} // prettier-ignore

export const reportWorlds: World[] = rows.map(row => ({
  name: `report-${row.name}`,
  about: row.about,
  limitSeconds: 500,
  script: (site: Site) => report(site, row),
}));
