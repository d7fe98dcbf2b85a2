import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import { copy, leaveForInstaller, remotely, tryRemote, type Remote } from '../../guests/anywhere.ts';
import { leasedNetwork, makeDebian } from '../../guests/debian.ts';
import { stageDone } from '../../guests/install.ts';
import { startOld } from '../../guests/leave.ts';
import { hireOperator, type Operator } from '../../guests/operator.ts';
import type { Site } from '../../harness/site.ts';
import type { Report, World } from '../../world.ts';
import { build } from './nixos-anywhere.ts';

/** nixos-anywhere on machines with little memory: disko's script with the closure of its programs, which lies in RAM, and without. */

interface Row {
  memoryMiB: number;
  about: string;
  /** What `run` says of it; null: nothing, since there is enough. */
  warning: RegExp | null;
  closure: {
    /** Debian's programs, repeated, of which the last are removed, up to this size; or bytes that cannot be compressed. */
    kind: 'programs' | 'random';
    megabytes: number;
    fits: boolean;
  };
}

const rows: Row[] = [
  {
    memoryMiB: 1024,
    about: '1 GB: 600 MB of programs, for which half of the RAM was too little',
    warning: null,
    closure: { kind: 'programs', megabytes: 600, fits: true },
  },
  {
    memoryMiB: 512,
    about: "512 MB: 381 MB of programs, as much as disko's script was seen to bring",
    warning: /^warning: about [45]\d\d MiB of disko's programs fit into RAM/m,
    closure: { kind: 'programs', megabytes: 381, fits: true },
  },
  {
    memoryMiB: 384,
    about: '384 MB: what does not fit is refused in words, the machine lives, and --no-disko-deps installs',
    warning: /^warning: about (1[5-9]|2\d)\d MiB of disko's programs fit into RAM.*--no-disko-deps/m,
    closure: { kind: 'random', megabytes: 300, fits: false },
  },
];

/** `disko` with a closure: the script that nixos-anywhere copies and starts. */
async function withPrograms(
  operator: Operator,
  disko: string,
  { kind, megabytes }: Row['closure'],
): Promise<string> {
  const contents =
    kind === 'random'
      ? `head -c ${megabytes}000000 /dev/urandom >random`
      : `n=0
         while [ "$(du -sm . | cut -f1)" -lt ${Math.round((megabytes * 1e6) / 2 ** 20)} ]; do
           n=$((n + 1))
           mkdir $n
           cp -r /usr/sbin /usr/bin /usr/lib $n/
         done
         find . -type f -exec stat -c '%s %n' {} + | sort -k 2 |
           awk '{ bytes += $1 } bytes > ${megabytes}000000 { print $2 }' | xargs rm -f`;
  const expression = `let
      operator = builtins.getFlake "path:${operator.flake}";
      derive = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "\${operator}/blob/busybox";
        args = [ "sh" "-euc" script ];
      };
      programs = derive "programs" ''mkdir $out; cd $out; ${contents}'';
      disko = builtins.storePath "${disko}";
    in derive "disko" ''
      echo '#!/usr/bin/env bash' >$out
      echo "test -d \${programs} && exec \${disko}" >>$out
      chmod 755 $out
    ''`;
  const argv = ['nix', 'build', '--impure', '--no-link', '--print-out-paths', '--expr', expression];
  return operator.run("building disko's script with programs", argv);
}

async function script(site: Site, report: Report, { memoryMiB, warning, closure }: Row): Promise<void> {
  const operator = await hireOperator(join(site.directory, 'operator'));
  const { disko, toplevel } = await build(operator, site.keys.user.public);
  const large = await withPrograms(operator, disko, closure);
  const debian = await makeDebian(site, { network: leasedNetwork });
  const { machine } = await startOld(site, debian, { memoryMiB, limitSeconds: 2400 });
  const remote = await leaveForInstaller(site);
  const said = files.readText(join(site.directory, 'run.txt'));
  if (warning === null) assert.doesNotMatch(said, /^warning: .*disko's programs/m);
  else assert.match(said.replaceAll('\r', ''), warning);
  await stageDone(machine, 'rescue', 30);
  assert.match(await remotely(remote, 'findmnt -n -o FSTYPE /nix/store'), /^overlay$/m);
  assert.equal(await remotely(remote, 'findmnt -n -r -t btrfs || true'), '', 'its layers are hidden');

  await remotely(remote, 'umask 077; mkdir -p "/tmp"; cat > /tmp/secret.key', 'the-key');
  const store = `ssh://root@127.0.0.1?compress=true`;
  if (closure.fits) {
    await copy(operator, remote, site, large, store);
    report.leastFreeMiB = await freeMiB(remote);
    await remotely(remote, 'nix-store --verify --check-contents');
    await remotely(remote, large);
  } else {
    await assert.rejects(copy(operator, remote, site, large, store), /No space left on device/);
    report.leastFreeMiB = await freeMiB(remote);
    await remotely(remote, 'nix-collect-garbage');
    // --no-disko-deps: the script takes the image's programs.
    await copy(operator, remote, site, disko, store);
    await remotely(remote, disko);
  }
  const target = 'ssh://root@127.0.0.1?remote-store=local%3Froot=%2Fmnt&compress=true';
  await copy(operator, remote, site, toplevel, target);
  const command = `nixos-install --no-root-passwd --no-channel-copy --system ${toplevel} 2>&1`;
  assert.match(await remotely(remote, command), /installation finished!/);
  const { stdout } = await tryRemote(remote, 'dmesg | grep -iE "out of memory|oom-kill|I/O error"');
  assert.equal(stdout, '', 'nothing was killed, and nothing was lost');
  await machine.end();
}

async function freeMiB(remote: Remote): Promise<number> {
  const kib = await remotely(remote, "sed -n 's/^MemAvailable: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo");
  return Math.floor(Number(kib) / 1024);
}

export const anywhereMemoryWorlds: World[] = rows.map(row => ({
  name: `nixos-anywhere-${row.memoryMiB}`,
  about: row.about,
  limitSeconds: 2500,
  script: (site, report) => script(site, report, row),
}));
