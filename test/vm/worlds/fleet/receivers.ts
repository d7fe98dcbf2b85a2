import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { requireHostPackages, run } from '../../../../image/lib/host.ts';
import { reset, status, type Answer } from '../../../support/config-server.ts';
import { stageFailed } from '../../guests/install.ts';
import { hashDisk } from '../../harness/disk.ts';
import { listen } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import { timeScale } from '../../harness/time-scale.ts';
import type { World } from '../../world.ts';

/** Receivers of reports that do not work, one after the other: none holds a stage up, and each is one warning. */

interface Row {
  name: string;
  answer: Answer;
  /** What the warning says; null: there is none. */
  says: RegExp | null;
}

/** It takes what is sent, and never answers. */
const hang: Answer = () => {};
const hanging: Row = { name: 'it hangs', answer: hang, says: /no answer within 5 s/ };
const rows: Row[] = [
  { name: 'it answers 500', answer: status(500), says: /answered 500/ },
  { name: 'it resets the connection', answer: reset, says: /ECONNRESET|socket hang up/ },
  { name: 'it redirects', answer: status(307, { location: '/elsewhere' }), says: /307, a redirect/ },
  { name: 'it refuses the token', answer: status(401), says: /answered 401/ },
  { name: 'it takes everything', answer: status(204), says: null },
];

/** A stage that waited for a receiver which hangs would take three times 5 s for each of its events. */
const longestStageSeconds = 12;

async function reportToAll(site: Site): Promise<void> {
  let row = hanging;
  const received: Record<string, unknown>[] = [];
  const server = await listen(
    createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        received.push(JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>);
        row.answer(response, request);
      });
    }),
  );
  const nobody = await listen(createServer());
  await nobody.close();
  try {
    const disk = site.disk('target', 3072);
    await requireHostPackages({ '/usr/sbin/sgdisk': 'gdisk' });
    const argv = ['sgdisk', '--new=1:0:0', disk.file];
    await run({ doing: 'partitioning a disk', argv, timeoutSeconds: 60 });
    const before = await hashDisk(disk.file);
    // There is data on the disk, and nobody permits to erase it: every start ends before the first write.
    const config: ConfigInput = {
      ...{ hostName: 'rack-0042', rootAuthorizedKeys: [site.keys.user.public] },
      ssh: { hostKeys: [site.keys.host.private] },
      disks: { devices: ['only'], key: site.keys.passphrase },
      report: { url: server.urlFor('events') },
    };
    const machine = await site.startImage({
      name: 'reports',
      memoryMiB: 512,
      disks: [disk],
      appended: [{ path: 'dabei.json', content: JSON.stringify(config) }],
      limitSeconds: 700,
    });
    const refused = { stage: 'plan', code: 'DISK_FOREIGN_DATA' };
    assert.deepEqual(await stageFailed(machine, 200), refused);
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    await machine.console.waitFor(/ssh root@/m, 60);
    assertWarned(hanging, machine.console.text);
    // The first start has given up on its last event by now.
    await sleep(40_000 * timeScale);

    const again = async (doing: string, command = 'dabei install') => {
      const { exitCode, stdout, stderr } = await ssh.attempt(command, { seconds: 150 });
      const said = stdout + stderr;
      assert.equal(exitCode, 1, `${doing}: ${said}`);
      assert.match(said, /DISK_FOREIGN_DATA/, doing);
      return said;
    };
    assertWarned(hanging, await again('it hangs, by hand'));
    for (row of rows) {
      received.length = 0;
      assertWarned(row, await again(row.name));
      assert.ok(received.length > 0, `${row.name}: it was asked`);
    }
    const last = received.at(-1);
    assert.equal(last?.['name'], 'dabei', 'the last event');
    assert.equal(last['result'], 'FAIL');
    assert.ok(!JSON.stringify(received).includes(site.keys.passphrase), 'no passphrase leaves');

    // A port at which nobody listens.
    const other = JSON.stringify({ ...config, report: { url: nobody.urlFor('events') } });
    await ssh.run('umask 077; cat > /run/other.json', { stdin: other });
    const silent: Row = { name: 'nobody listens', answer: hang, says: /ECONNREFUSED|ECONNRESET|socket hang up/ };
    assertWarned(silent, await again(silent.name, 'dabei install --config /run/other.json'));
    await machine.end();
    assert.equal(await hashDisk(disk.file), before, 'the disk is unchanged');
  } finally {
    await server.close();
  }
} // prettier-ignore

function assertWarned({ name, says }: Row, said: string): void {
  const warnings = said.match(/warning: reporting to.*$/gm) ?? [];
  assert.equal(warnings.length, says === null ? 0 : 1, `${name}: ${said}`);
  if (says !== null) assert.match(warnings[0]!, says, name);
  const stages = [...said.matchAll(/^stage \d+\/\d+ (\S+): (?:done|failed) .*?\(([\d.]+) s/gm)];
  for (const [, stage, seconds] of stages)
    assert.ok(Number(seconds) < longestStageSeconds * timeScale, `${name}: ${stage} took ${seconds} s`);
}

export const receiverWorlds: World[] = [
  {
    name: 'report-receivers',
    about: 'receivers of reports that hang, refuse, fail and redirect: one warning each, no stage waits, the disk is unchanged',
    limitSeconds: 900,
    script: reportToAll,
  },
]; // prettier-ignore
