import assert from 'node:assert/strict';
import { attempt } from '../../../../agent/host/exec.ts';
import * as clock from '../../../../agent/host/clock.ts';
import type { Member } from '../../../../image/media/cpio.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { installLimitSeconds, stageDone } from '../../guests/install.ts';
import type { Keys } from '../../harness/keys.ts';
import { makeKeys } from '../../harness/keys.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { ImageOptions, Site } from '../../harness/site.ts';
import { Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';
import { join } from 'node:path';

/**
 * The return to the old system: `run` asks for it in a file, and here the end of QEMU (a reset, by -no-reboot) stands for
 * the old system. What is seen besides: who the machine is, from what was captured.
 */

const machineId = 'c0ffee00c0ffee00c0ffee00c0ffee00';
/** After the image's date and after today; RFC 3339: 2031-01-01. */
const epoch = 1_924_992_000;

/** What `run` appends on an old system called "old-name". */
export function appendedBy(keys: Keys, more: readonly Member[] = []): Member[] {
  return [
    { path: 'ssh/ssh_host_ed25519_key', content: keys.host.private },
    { path: 'ssh/ssh_host_ed25519_key.pub', content: `${keys.host.public}\n`, mode: 0o644 },
    {
      path: 'ssh/authorized_keys',
      content: `# from the old system\nno-touch-required ${keys.user.public} me\n`,
    },
    { path: 'dabei/capture/hostname', content: 'old-name\n' },
    { path: 'dabei/capture/machine-id', content: `${machineId}\n` },
    { path: 'dabei/capture/epoch', content: `${epoch}\n` },
    { path: 'dabei/capture/consoles', content: 'tty0\nttyS0,115200\n' },
    ...more,
  ];
}

const returnAfter = (seconds: number): Member => ({ path: 'dabei/return-after', content: `${seconds}\n` });

/** Host keys came in, so by default nobody gets a shell at the console, where these worlds type. */
const rootShell = { console: { shell: 'root' } } as const;
const shellAtConsole: Member = { path: 'dabei.json', content: JSON.stringify(rootShell) };

/** Kept waiting: a gateway that nobody has, and no DHCP server's answer counts. */
const unreachable = {
  ...rootShell,
  network: {
    interfaces: [
      {
        name: 'eth0',
        addresses: ['192.0.2.7/24'],
        routes: [{ destination: 'default', gateway: '192.0.2.1' }],
      },
    ],
  },
};

interface Row {
  name: string;
  about: string;
  /** Of the timer. */
  seconds: number;
  options?: (site: Site) => Partial<ImageOptions>;
  more?: readonly Member[];
  /** What happens before the machine returns. */
  meanwhile?: (site: Site, machine: Machine) => Promise<void>;
  /** Seconds after that until the end of the machine, at most. */
  within: number;
  says: RegExp;
}

const rows: Row[] = [
  {
    name: 'no-login',
    about:
      'nobody logs in, though somebody tries with a wrong key: the old system is back, nothing was touched',
    seconds: 120,
    meanwhile: async (site, machine) => {
      await stageDone(machine, 'ssh', 120);
      const stranger = await makeKeys(join(site.directory, 'stranger'));
      const { port, hostKey, directory } = target(site);
      const ssh = new Ssh({ port, hostKey, directory, identity: stranger.user.file });
      const { exitCode, stderr } = await ssh.attempt('true', { seconds: 20 });
      assert.equal(exitCode, 255, 'a stranger is not let in');
      assert.match(stderr, /Permission denied/);
    },
    within: 200,
    says: /nobody logged in within 120 s: restarting into the old system/,
  },
  {
    name: 'damaged-image',
    about: 'one byte of the image is wrong: the old system is back without a program of the image running',
    seconds: 45,
    options: () => ({
      damage: initrd => {
        const changed = Buffer.from(initrd);
        changed[Math.floor(changed.length * 0.7)]! ^= 1;
        return changed;
      },
    }),
    meanwhile: async (_, machine) => {
      await machine.console.waitFor(/^error IMAGE_INCOMPLETE: the image is .*damaged.*$/m, 60);
    },
    within: 120,
    says: /nobody logged in within 45 s: restarting into the old system/,
  },
  {
    name: 'agent-killed',
    about: 'dabei is killed before it has a network: the old system is back',
    seconds: 120,
    more: [{ path: 'dabei.json', content: JSON.stringify(unreachable) }],
    meanwhile: async (_, machine) => {
      await machine.console.waitFor(/stage \d+\/\d+ network: started/, 100);
      machine.console.type('\n');
      await machine.console.waitFor(/:[~/]\S*# /, 40);
      machine.console.type('kill -9 $(pidof dabei); dabei status | grep -c "return: to the old"\n');
      await machine.console.waitFor(/^1$/m, 40);
    },
    within: 200,
    says: /nobody logged in within 120 s: restarting into the old system/,
  },
  {
    name: 'hang',
    about: 'even the timer no longer runs: the watchdog resets the machine',
    seconds: 900,
    more: [shellAtConsole],
    meanwhile: async (_, machine) => {
      await stageDone(machine, 'rescue', 150);
      machine.console.type('\n');
      await machine.console.waitFor(/:[~/]\S*# /, 40);
      machine.console.type('ls /dev/watchdog0 && kill -STOP $(cat /run/dabei/return/pid)\n');
      await machine.console.waitFor(/^\/dev\/watchdog0$/m, 40);
    },
    within: 200,
    says: /the machine returns to the old system in 900 s unless somebody logs in/,
  },
];

export const deadManWorlds: World[] = [
  ...rows.map(row => ({
    name: `dead-man-${row.name}`,
    about: row.about,
    limitSeconds: 400,
    script: async (site: Site) => {
      const disk = site.disk('target', 64);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 512,
        disks: [disk],
        limitSeconds: 380,
        appended: appendedBy(site.keys, [returnAfter(row.seconds), ...(row.more ?? [])]),
        ...row.options?.(site),
      });
      await row.meanwhile?.(site, machine);
      await machine.waitForEnd(row.within);
      const seconds = machine.seconds();
      if (row.seconds < row.within) assert.ok(seconds >= row.seconds, `it returned after ${seconds} s`);
      assert.match(machine.console.text, row.says);
      assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
    },
  })),
  {
    name: 'dead-man-login',
    about:
      'a login without a session cancels the return for good; name, clock and keys are those of the old system',
    limitSeconds: 300,
    script: async site => {
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 512,
        limitSeconds: 280,
        appended: appendedBy(site.keys, [returnAfter(120)]),
      });
      await stageDone(machine, 'ssh', 115);
      // Authenticated, but neither shell nor command: what /etc/ssh/sshrc would not notice.
      await openNothing(site);
      const ssh = site.ssh();
      await ssh.waitUntilUp(30);
      const cancelled = { armed: false, secondsLeft: null, cancelledBy: 'login' };
      const seen = async () =>
        (JSON.parse(await ssh.run('dabei status --json')) as Record<string, unknown>)['return'];
      assert.deepEqual(await seen(), cancelled);
      assert.match(await ssh.run('dabei status'), /^return: cancelled by a login; the machine stays here$/m);
      assert.equal((await ssh.run('hostname')).trim(), 'old-name');
      assert.equal((await ssh.run('cat /etc/machine-id')).trim(), machineId);
      assert.ok(Number(await ssh.run('date +%s')) >= epoch, 'the clock goes on from where it was');
      assert.match(
        await ssh.run('cat /root/.ssh/authorized_keys'),
        /^no-touch-required ssh-ed25519 \S+ me$/m,
      );
      await clock.sleep(Math.max(0, 130 - machine.seconds()));
      assert.deepEqual(await seen(), cancelled, 'still there after the time is over');
      assert.equal(
        await ssh.run(
          "cat /run/dabei/return/cancelled; ps -o args | grep -c '^/bin/busybox sh /bin/[r]eturn' || true",
        ),
        'login\n0\n',
      );
    },
  },
  {
    name: 'dead-man-asked',
    about: 'at the console: the time that is left is in dabei status, and dabei confirm cancels the return',
    limitSeconds: 400,
    script: async site => {
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 512,
        limitSeconds: 380,
        appended: appendedBy(site.keys, [returnAfter(200), shellAtConsole]),
      });
      await stageDone(machine, 'rescue', 150);
      machine.console.type('\n');
      await machine.console.waitFor(/old-name:[~/]\S*# /, 40);
      machine.console.type('dabei status\n');
      const [, left] = await machine.console.waitFor(/^return: to the old system in (\d+) s/m, 40);
      assert.ok(Number(left) > 0 && Number(left) < 200, `${left} s are left`);
      machine.console.type('dabei confirm\n');
      await machine.console.waitFor(/^return: cancelled by dabei confirm; the machine stays here/m, 40);
      await clock.sleep(Math.max(0, 215 - machine.seconds()));
      machine.console.type('dabei status\n');
      await machine.console.waitFor(/^return: cancelled by dabei confirm/m, 40);
    },
  },
  {
    name: 'dead-man-install',
    about: 'an unattended installation: its first write cancels the return',
    limitSeconds: 900,
    script: async site => {
      const disk = site.disk('target', 4096);
      const { hostName: _, ssh: __, rootAuthorizedKeys: ___, ...config } = await site.installConfig();
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 1024,
        disks: [disk],
        limitSeconds: 880,
        appended: appendedBy(site.keys, [
          returnAfter(240),
          { path: 'dabei.json', content: JSON.stringify({ ...config, ...rootShell }) },
        ]),
      });
      await stageDone(machine, 'nuke-disk', 300);
      machine.console.type('\ncat /run/dabei/return/cancelled\n');
      await machine.console.waitFor(/^erasing$/m, 60);
      await stageDone(machine, 'finish', installLimitSeconds);
      await machine.waitForEnd(60);
      assert.doesNotMatch(machine.console.text, /restarting into the old system/);
    },
  },
];

function target(site: Site) {
  return { port: site.sshPort, hostKey: site.keys.host.public, directory: site.directory };
}

/** `ssh -N`: logs in, opens no session, goes after a while. */
async function openNothing(site: Site): Promise<void> {
  await attempt({
    doing: 'logging in without a session',
    argv: [
      ...[
        'timeout',
        '20',
        'ssh',
        '-F',
        '/dev/null',
        '-N',
        '-i',
        site.keys.user.file,
        '-p',
        String(site.sshPort),
      ],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', 'root@127.0.0.1'],
    ],
    timeoutSeconds: 40,
  });
}
