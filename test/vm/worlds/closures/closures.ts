import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../../agent/errors.ts';
import type { LogEntry } from '../../../../agent/host/log.ts';
import * as files from '../../../../image/lib/files.ts';
import { serveCache, type Weather } from '../../harness/binary-cache.ts';
import { hashDisk } from '../../harness/disk.ts';
import { bootInstalled, finishInstall, stageDone, stageFailed, startInstall } from '../../guests/install.ts';
import { anyPrebuilt, buildElsewhere, prebuiltDisk, type Prebuilt } from '../../guests/prebuilt.ts';
import type { FileServer } from '../../harness/serve.ts';
import type { Site } from '../../harness/site.ts';
import type { Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';
import { assertInstalled } from '../install.ts';

/** Systems that were built elsewhere: from a binary cache that works, and from those that do not. */

const memoryMiB = 512;
const diskMegabytes = 4096;
const machine = { memoryMiB, diskMegabytes };

/** The configuration that installs from a cache. */
function fromCache(site: Site, { storePath, publicKey }: Prebuilt, server: FileServer): Promise<ConfigInput> {
  const substituters = [server.urlFor('').replace(/\/$/, '')];
  return site.installConfig({ system: { storePath, substituters, trustedPublicKeys: [publicKey] } });
}

interface Row {
  name: string;
  about: string;
  /** What the cache does, given what is in it. */
  weather: (prebuilt: Prebuilt) => Weather;
  /** null: the system is copied all the same. */
  fails: { stage: string; code: ErrorCode; says: RegExp } | null;
  expected?: readonly RegExp[];
}

const isNar = (path: string) => path.startsWith('/nar/');
const isNarinfo = (path: string) => path.endsWith('.narinfo');

/** Of the path with this in its name. */
function narinfo({ directory }: Prebuilt, name: string): { path: string; text: string } {
  for (const file of files.list(directory).filter(isNarinfo)) {
    const text = files.readText(join(directory, file));
    if (/^StorePath: (.*)$/m.exec(text)?.[1]?.includes(name)) return { path: `/${file}`, text };
  }
  throw new Error(`the cache has no path with ${name}`);
}

const narOf = (text: string) => `/${/^URL: (.*)$/m.exec(text)?.[1]}`;

const rows: Row[] = [
  {
    name: 'slow',
    about: 'a binary cache that sends 4 MB a second: progress with paths, bytes, rate and time left',
    weather: () => path => (isNar(path) ? { bytesPerSecond: 4e6 } : undefined),
    fails: null,
  },
  {
    name: 'busy',
    about: 'a binary cache that answers 429 and 503 at first, to everything: it is asked again',
    weather: () => (path, time) =>
      path !== '/nix-cache-info' && time <= 2 ? { status: time === 1 ? 429 : 503, retryAfter: 1 } : undefined,
    fails: null,
  },
  {
    name: 'cut-once',
    about: 'every archive is cut off once in the middle: Nix goes on where it was',
    weather: () => (path, time) => (isNar(path) && time === 2 ? { cutAfterBytes: 300_000 } : undefined),
    fails: null,
  },
  {
    name: 'missing',
    about: 'one path of the system is not in the cache',
    weather: prebuilt => path =>
      path === narinfo(prebuilt, '-tiny-programs').path ? { status: 404 } : undefined,
    fails: { stage: 'plan', code: 'CLOSURE_PATH_MISSING', says: /-tiny-programs: it answered 404/ },
  },
  {
    name: 'archive-missing',
    about: 'the cache knows a path, but its archive is gone',
    weather: prebuilt => path =>
      path === narOf(narinfo(prebuilt, '-initrd').text) ? { status: 404 } : undefined,
    fails: { stage: 'plan', code: 'CLOSURE_PATH_MISSING', says: /-initrd: its archive is missing/ },
  },
  {
    name: 'broken',
    about: 'a binary cache that answers 500 to everything but its greeting',
    weather: () => path => (path === '/nix-cache-info' ? undefined : { status: 500 }),
    fails: { stage: 'plan', code: 'CACHE_UNREACHABLE', says: /answered 500.* \(6 attempts\)/ },
  },
  {
    name: 'unsigned',
    about: 'what the cache says of a path was changed, so its signature does not hold',
    weather: prebuilt => {
      const { path: changed, text } = narinfo(prebuilt, '-initrd');
      const lie = text.replace(/^NarSize: (\d+)$/m, (_, size) => `NarSize: ${Number(size) + 8}`);
      return path => (path === changed ? { text: lie } : undefined);
    },
    fails: {
      stage: 'plan',
      code: 'CLOSURE_SIGNATURE',
      says: /-initrd: the signature by cache\.example\.org-1/,
    },
  },
  {
    name: 'no-narinfo',
    about: 'an error page with status 200 in place of what the cache should say of a path',
    weather: prebuilt => path =>
      path === narinfo(prebuilt, '-initrd').path ? { text: '<html>Sorry</html>' } : undefined,
    fails: { stage: 'plan', code: 'CLOSURE_NARINFO', says: /-initrd: a line has no colon/ },
  },
  {
    name: 'wrong-hash',
    about: 'an archive with other content than what was signed: found while it is copied',
    weather: prebuilt => {
      const [asked, other] = ['-initrd', '-tiny-programs'].map(name => narOf(narinfo(prebuilt, name).text));
      return path => (path === asked ? { insteadServe: other! } : undefined);
    },
    fails: { stage: 'install', code: 'CLOSURE_HASH', says: /hash mismatch.*-initrd/s },
  },
  {
    name: 'cut-always',
    about: 'an archive is cut off each time: given up after a limit, with the machine reachable',
    weather: prebuilt => {
      const cut = narOf(narinfo(prebuilt, '-initrd').text);
      return path => (path === cut ? { cutAfterBytes: 20_000 } : undefined);
    },
    fails: { stage: 'install', code: 'CLOSURE_COPY', says: /unable to download '[^']*\.nar\.zst'/ },
  },
];

/** Refused before a disk is touched, or failed while copying; else copied up to the end of the stage. */
async function tryCache(site: Site, row: Row): Promise<void> {
  const prebuilt = await anyPrebuilt(await site.installConfig(), machine);
  const server = await serveCache(prebuilt.directory, row.weather(prebuilt));
  try {
    const disk = site.disk(prebuiltDisk, diskMegabytes);
    const before = await hashDisk(disk.file);
    const config = await fromCache(site, prebuilt, server);
    const vm = await startInstall(site, config, { memoryMiB, disks: [disk] });
    const ssh = site.ssh();
    if (row.fails === null) {
      await stageDone(vm, 'install');
      await assertProgress(ssh);
      return;
    }
    const { says, ...place } = row.fails;
    assert.deepEqual(await stageFailed(vm, 400), place);
    await ssh.waitUntilUp(60);
    const { code, state } = JSON.parse(await ssh.run('dabei status --json')) as Record<string, unknown>;
    assert.deepEqual({ code, state }, { code: place.code, state: 'failed' });
    const explanation = vm.console.text.slice(vm.console.text.lastIndexOf(`error ${place.code}`));
    assert.match(explanation, says);
    assert.match(explanation, /next: \S/, 'the message says what to do');
    await vm.end();
    if (place.stage === 'plan') assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
  } finally {
    await server.close();
  }
}

/** The log tells how much was copied, of how much, how fast; the last entry tells all of it. */
async function assertProgress(ssh: Ssh): Promise<void> {
  const lines = (await ssh.run('dabei logs --json')).trim().split('\n');
  const entries = lines.map(line => JSON.parse(line) as LogEntry);
  const copied = entries.filter(entry => entry.event === 'copied');
  const last = copied.at(-1);
  assert.ok(last, 'progress in the log');
  assert.deepEqual([last.paths, last.bytes], [last.ofPaths, last.ofBytes], 'everything is copied');
  for (const { bytes, ofBytes } of copied) assert.ok(bytes <= ofBytes);
}

export const closureWorlds: World[] = [
  ...rows.map(row => ({
    name: `cache-${row.name}`,
    about: row.about,
    limitSeconds: 900,
    ...(row.expected === undefined ? {} : { expected: row.expected }),
    script: (site: Site) => tryCache(site, row),
  })),
  {
    name: 'cache-good',
    about:
      'a system built elsewhere: every path checked, copied without evaluation, boots from disk, unlocked over SSH',
    limitSeconds: 1200,
    script: async (site, report) => {
      const disk = site.disk(prebuiltDisk, diskMegabytes);
      const elsewhere = join(site.directory, 'operator');
      const prebuilt = await buildElsewhere(elsewhere, await site.installConfig(), machine);
      const server = await serveCache(prebuilt.directory);
      try {
        const config = await fromCache(site, prebuilt, server);
        const install = await startInstall(site, config, { memoryMiB, disks: [disk] });
        const { leastFreeMiB, leaks } = await finishInstall(site, install);
        report.leastFreeMiB = leastFreeMiB;
        assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
        const said = install.console.text;
        assert.match(said, /\d+ paths, each signed by a trusted key: \d+ bytes to fetch/);
        assert.match(said, /^ {2}\d+ of \d+ paths, \d.* of \d.*, .*\/s, .* left/m, 'progress on the console');
        assert.doesNotMatch(said, /evaluating|nix-instantiate/);
      } finally {
        await server.close();
      }
      const { machine: vm, ssh, unlockHostKey } = await bootInstalled(site, { memoryMiB, disks: [disk] });
      await assertInstalled(site, ssh, unlockHostKey);
      assert.match(await ssh.run('readlink -f /run/current-system'), new RegExp(prebuilt.storePath));
      await vm.end();
    },
  },
];
