import assert from 'node:assert/strict';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import * as clock from '../../../agent/host/clock.ts';
import { bootInstalled, installLimitSeconds, stageDone, stageFailed } from '../guests/install.ts';
import { defaultFirmware, type Machine } from '../harness/machine/machine.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import { configParameter, type Site } from '../harness/site.ts';
import type { World } from '../world.ts';

/**
 * The power fails while a machine is installed: QEMU is killed. The next start with the same configuration brings the
 * installation to its end without being asked, or stops reachable with a reason.
 */

const guest = { memoryMiB: 1024, firmware: defaultFirmware };

/** Starts the installer with the disk; without disks.wipe, so that only the install state allows what is on it to be erased. */
async function start(site: Site, name: string, disk: DiskOptions, config: ConfigInput): Promise<Machine> {
  const parameters = [configParameter(config)];
  const limitSeconds = installLimitSeconds + 120;
  return site.startImage({ ...guest, name, disks: [disk], parameters, limitSeconds });
}

/** An installation goes through, perhaps from somewhere in the middle; the last line of the plan tells which. */
async function finish(machine: Machine): Promise<void> {
  await stageDone(machine, 'finish');
  await machine.waitForEnd(60);
}

/** What the second start said about the first. */
function beginningIn(machine: Machine): string {
  return /^(?:resuming|restarting) the earlier installation.*$/m.exec(machine.console.text)?.[0] ?? '';
}

interface Edge {
  /** Cut when this is on the console. */
  cutAt: RegExp;
  /** What the next start says; a code where it refuses. */
  then: RegExp;
}

const edges: readonly Edge[] = [
  {
    cutAt: /^stage \d+\/\d+ nuke-disk: done/m,
    then: /resuming the earlier installation at host-flake: nuke-disk was completed/,
  },
  {
    cutAt: /^stage \d+\/\d+ host-flake: done/m,
    then: /resuming the earlier installation at host-flake: host-flake was completed/,
  },
  {
    cutAt: /^stage \d+\/\d+ install: started/m,
    then: /resuming the earlier installation at host-flake: host-flake was completed/,
  },
  {
    cutAt: /^stage \d+\/\d+ install: done/m,
    then: /resuming the earlier installation at boot-loader: install was completed/,
  },
  {
    cutAt: /^stage \d+\/\d+ boot-loader: started/m,
    then: /resuming the earlier installation at boot-loader: install was completed/,
  },
];

async function assertRefusesRepetition(site: Site, machine: Machine): Promise<void> {
  assert.deepEqual(await stageFailed(machine, 180), { stage: 'plan', code: 'DISK_INSTALLED' });
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  assert.match(
    await ssh.run('dabei status'),
    /DISK_INSTALLED.*already installed[^]*next: .*disks\.generation/,
  );
  await machine.end();
}

/** The seed of a run: DABEI_SEED, or the time. */
function seedOf(): number {
  return Number(process.env['DABEI_SEED'] ?? Date.now() % 2 ** 31);
}

/** A sequence of numbers in [0, 1) that a seed repeats (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const randomMoments = 10;

export const powerCutWorlds: World[] = [
  {
    name: 'power-cut',
    about:
      'the power fails while the system is installed; the next start goes on, the disk boots, a third refuses',
    limitSeconds: 1500,
    everywhere: true,
    script: async site => {
      const disk = site.disk('target', 4096);
      const config = await site.installConfig();
      const first = await start(site, 'first', disk, config);
      await first.console.waitFor(/^stage \d+\/\d+ install: started/m, 300);
      await clock.sleep(5);
      await first.end();

      const second = await start(site, 'second', disk, config);
      await stageDone(second, 'plan', 180);
      assert.match(
        beginningIn(second),
        /resuming the earlier installation at host-flake: host-flake was completed/,
      );
      const ssh = site.ssh();
      await ssh.waitUntilUp(60);
      assert.match(await ssh.run('dabei status'), /resuming the earlier installation at host-flake/);
      await finish(second);

      const { machine } = await bootInstalled(site, { ...guest, disks: [disk] });
      await machine.end();
      await assertRefusesRepetition(site, await start(site, 'third', disk, config));
    },
  },
  {
    name: 'install-repeated',
    about: 'Nix is killed while it installs; "dabei install" by hand goes on, and the disk boots',
    limitSeconds: 1500,
    script: async site => {
      const disk = site.disk('target', 4096);
      const machine = await start(site, 'install', disk, await site.installConfig());
      const ssh = site.ssh();
      await machine.console.waitFor(/^stage \d+\/\d+ install: started/m, 300);
      // Nothing less reaches the first process of a PID namespace (pid_namespaces(7)), which Nix is.
      const kill = ['nix', 'nix-instantiate', 'nix-store'].map(name => `killall -9 ${name}`).join(' || ');
      await ssh.run(`until ${kill}; do sleep 0.3; done`, { seconds: 180 });
      const { stage } = await stageFailed(machine, 60);
      assert.equal(stage, 'install');
      const again = await ssh.run('dabei install && dabei status', { seconds: installLimitSeconds });
      assert.match(
        again,
        /^installed: [^]*resuming the earlier installation at host-flake: host-flake was completed/m,
      );
      await ssh.attempt('reboot', { seconds: 30 });
      await machine.waitForEnd(120);
      const booted = await bootInstalled(site, { ...guest, disks: [disk] });
      await booted.machine.end();
    },
  },
  {
    name: 'power-cut-edges',
    about: 'one installation, cut at the edge of every stage in turn; then the disk boots',
    limitSeconds: 2400,
    script: async site => {
      const disk = site.disk('target', 4096);
      const config = await site.installConfig();
      let machine = await start(site, 'cut-0', disk, config);
      await machine.console.waitFor(/^stage \d+\/\d+ nuke-disk: started/m, 300);
      await machine.end();
      for (const [index, { cutAt, then }] of edges.entries()) {
        machine = await start(site, `cut-${index + 1}`, disk, config);
        await machine.console.waitFor(cutAt, installLimitSeconds, [/stage \d+\/\d+ \S+: failed.*$/m]);
        await machine.end();
        const next = await start(site, `after-${index + 1}`, disk, config);
        await stageDone(next, 'plan', 180);
        assert.match(beginningIn(next), then);
        await next.end();
      }
      machine = await start(site, 'cut-last', disk, config);
      await machine.console.waitFor(/^stage \d+\/\d+ boot-loader: done/m, installLimitSeconds);
      await machine.end();
      await assertRefusesRepetition(site, await start(site, 'installed', disk, config));
      const booted = await bootInstalled(site, { ...guest, disks: [disk] });
      await booted.machine.end();
    },
  },
  {
    name: 'power-cut-random',
    about: `${randomMoments} installations, each cut at a random moment; the next start finishes or says why not`,
    limitSeconds: 6000,
    everywhere: true,
    script: async site => {
      const seed = seedOf();
      process.stdout.write(`power-cut-random: seed ${seed} (DABEI_SEED repeats it)\n`);
      const random = randomFrom(seed);
      const config = await site.installConfig();
      // How long it takes here: from the first write to the end.
      const measured = await start(site, 'measured', site.disk('measured', 4096), config);
      await stageDone(measured, 'plan', 300);
      const began = measured.seconds();
      await finish(measured);
      const span = measured.seconds() - began;
      for (let round = 1; round <= randomMoments; round++) {
        const disk = site.disk(`target-${round}`, 4096);
        const seconds = random() * span;
        const first = await start(site, `cut-${round}`, disk, config);
        await stageDone(first, 'plan', 300);
        await Promise.race([clock.sleep(seconds), first.waitForEnd(installLimitSeconds)]);
        await first.end();
        const cutIn = first.console.stages.at(-1);
        const second = await start(site, `again-${round}`, disk, config);
        const outcome = await settled(site, second);
        process.stdout.write(
          `power-cut-random: ${seconds.toFixed(1)} s after the first write, in ${cutIn?.name}: ${outcome}\n`,
        );
        if (outcome === 'refused: DISK_FOREIGN_DATA') continue;
        const booted = await bootInstalled(site, { ...guest, disks: [disk] });
        await booted.machine.end();
      }
    },
  },
];

/** How a start after a power cut ends: installed, with what was made of the first; or refused, reachable. */
async function settled(site: Site, machine: Machine): Promise<string> {
  await machine.console.waitFor(/^stage \d+\/\d+ plan: (done|failed)/m, 300);
  if (machine.console.stages.some(({ state }) => state === 'failed')) {
    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    const status = JSON.parse(await ssh.run('dabei status --json')) as { state: string; code: string };
    assert.equal(status.state, 'failed');
    assert.ok(['DISK_INSTALLED', 'DISK_FOREIGN_DATA'].includes(status.code), status.code);
    await machine.end();
    return `refused: ${status.code}`;
  }
  const beginning = beginningIn(machine);
  await finish(machine);
  return beginning || 'installed as if it were the first time';
}
