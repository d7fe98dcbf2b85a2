import assert from 'node:assert/strict';
import * as files from '../../../image/lib/files.ts';
import { diskoScripts, type DiskoScript } from '../guests/disko-scripts.ts';
import { stageDone } from '../guests/install.ts';
import { withTools } from '../guests/tools.ts';
import { configParameter, type Site } from '../harness/site.ts';
import type { World } from '../world.ts';

/**
 * What nixos-anywhere runs with --no-disko-deps: a script without its programs, which takes the image's. DABEI_DISKO_SCRIPT names a
 * real one, to be run in the place of the script of the same world.
 */

/** As many times as disks are laid out: on empty ones, and on what the first time left, with everything still in use. */
const rounds = ['empty disks', 'disks in use'] as const;

async function world(site: Site, { disks, text, programs, mounted }: DiskoScript): Promise<void> {
  const machine = await site.startImage({
    name: 'rescue',
    memoryMiB: 384,
    disks: ['first', 'second'].slice(0, disks).map(name => site.disk(name, 1500)),
    parameters: [
      configParameter({
        version: 1,
        rootAuthorizedKeys: [site.keys.user.public],
        ssh: { hostKeys: [site.keys.host.private] },
      }),
    ],
    damage: await withTools(site),
    limitSeconds: 500,
  });
  await stageDone(machine, 'rescue', 120);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  await ssh.run('umask 077; printf %s correct-horse >/tmp/disk.key');
  const given = process.env['DABEI_DISKO_SCRIPT'];
  const script = given === undefined ? text : files.readText(given);
  await ssh.run('cat >/tmp/disko; chmod 755 /tmp/disko', { stdin: script });
  const lay = (missing: string) =>
    ssh.attempt(`PATH=/tmp/missing-${missing}:$PATH /tmp/disko </dev/null`, { seconds: 240 });

  for (const round of rounds) {
    const { exitCode, stdout, stderr } = await lay('nothing');
    assert.equal(exitCode, 0, `${round}\n${stdout}\n${stderr}`);
    if (given !== undefined) continue;
    const found = await ssh.run('findmnt -n -r -o TARGET,FSTYPE -R /mnt');
    assert.deepEqual(found.trim().split('\n').sort(), [...mounted].sort(), round);
  }
  if (given !== undefined) return;
  for (const program of programs) {
    await ssh.run(
      `mkdir /tmp/missing-${program}; ln -s /usr/lib/dabei/absent /tmp/missing-${program}/${program}`,
    );
    const { exitCode, stderr } = await lay(program);
    assert.notEqual(exitCode, 0, `without ${program}, the script goes through`);
    assert.match(stderr, new RegExp(`^${program}: not in this image: `, 'm'));
  }
}

export const diskoWorlds: World[] = Object.entries(diskoScripts).map(([name, script]) => ({
  name: `disko-${name}`,
  about: `disko's script without its programs: ${script.about}; on empty disks, on disks in use, and without each program`,
  limitSeconds: 900,
  script: site => world(site, script),
}));
