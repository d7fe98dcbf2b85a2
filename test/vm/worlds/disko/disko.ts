import assert from 'node:assert/strict';
import { diskoScripts, type DiskoScript } from '../../guests/disko-scripts.ts';
import { placeholder, realDisko } from '../../guests/real-disko.ts';
import { stageDone } from '../../guests/install.ts';
import { withTools } from '../../guests/tools.ts';
import type { Ssh } from '../../harness/ssh.ts';
import { type Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/**
 * What nixos-anywhere runs with --no-disko-deps: a script without its programs, which takes the image's. DABEI_DISKO_SCRIPT gives a
 * real one in its place (real-disko.ts).
 */

/** Of the programs that wipe, disko's own script ignores the lack. */
const wiping = ['jq', 'lsblk'];

/** As many times as disks are laid out: on empty ones, and on what the first time left, with everything still in use. */
const rounds = ['empty disks', 'disks in use'] as const;

async function world(
  site: Site,
  name: string,
  { disks, text, programs, mounted }: DiskoScript,
): Promise<void> {
  const machine = await site.startImage({
    name: 'rescue',
    memoryMiB: 384,
    disks: ['first', 'second'].slice(0, disks).map(name => site.disk(name, 1500)),
    parameters: [site.rescueParameter()],
    damage: await withTools(site),
    limitSeconds: 500,
  });
  await stageDone(machine, 'rescue', 120);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  await ssh.run('umask 077; printf %s correct-horse >/tmp/disk.key');
  const real = realDisko(name);
  for (const [file, content] of Object.entries(real?.deactivate ?? {}))
    await ssh.run(`mkdir -p /tmp/disk-deactivate; cat >/tmp/disk-deactivate/${file}`, { stdin: content });
  const script = real?.text.replaceAll(placeholder, '/tmp/disk-deactivate') ?? text;
  await ssh.run('cat >/tmp/disko; chmod 755 /tmp/disko', { stdin: script });
  const lay = (missing: string) =>
    ssh.attempt(`PATH=/tmp/missing-${missing}:$PATH /tmp/disko </dev/null`, { seconds: 240 });

  for (const round of rounds) {
    const { exitCode, stdout, stderr } = await lay('nothing');
    assert.equal(exitCode, 0, `${round}\n${stdout}\n${stderr}`);
    const found = await ssh.run('findmnt -n -r -o TARGET,FSTYPE -R /mnt');
    assert.deepEqual(found.trim().split('\n').sort(), [...mounted].sort(), round);
  }
  const needed = real === null ? programs : programs.filter(program => !wiping.includes(program));
  for (const program of needed) {
    await ssh.run(
      `mkdir /tmp/missing-${program}; ln -s /usr/lib/dabei/absent /tmp/missing-${program}/${program}`,
    );
    const { exitCode, stderr } = await lay(program);
    assert.notEqual(exitCode, 0, `without ${program}, the script goes through`);
    assert.match(stderr, new RegExp(`^${program}: not in this image: `, 'm'));
  }
  await seesKeysAlone(ssh);
}

/** With disks.layout "disko", a script sees the key files that are named for it, and no others. */
async function seesKeysAlone(ssh: Ssh): Promise<void> {
  await ssh.run(
    'mkdir -p /run/keys; printf x | tee /tmp/other.key /root/other.key /run/keys/other.key >/run/keys/disk.key',
  );
  const hidden = ['/tmp', '/root', '/etc/ssh', '/run/keys', '/run/dabei/boot'];
  const named = ['/tmp/disk.key', '/run/keys/disk.key'];
  const options = [...hidden.map(path => `--hide ${path}`), ...named.map(path => `--key ${path}`)].join(' ');
  const seen = await ssh.run(`/usr/lib/dabei/lay-out ${options} -- find ${hidden.join(' ')} -type f`);
  assert.deepEqual(seen.trim().split('\n').sort(), [...named].sort());
  assert.match(
    await ssh.run('ls /tmp/other.key /etc/ssh; wc -c </etc/shadow'),
    /ssh_host_[^]*[1-9]\d*\n$/,
    'out of it, all is there',
  );
}

export const diskoWorlds: World[] = Object.entries(diskoScripts).map(([name, script]) => ({
  name: `disko-${name}`,
  about: `disko's script without its programs: ${script.about}; on empty disks, on disks in use, and without each program`,
  limitSeconds: 900,
  script: site => world(site, name, script),
}));
