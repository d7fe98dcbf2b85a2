import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ErrorCode } from '../../../../agent/errors.ts';
import * as files from '../../../../image/lib/files.ts';
import { serveCache } from '../../harness/binary-cache.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import { stageFailed, startInstall } from '../../guests/install.ts';
import { hireOperator, operatorHome } from '../../guests/operator.ts';
import { fillCache } from '../../guests/prebuilt.ts';
import type { World } from '../../world.ts';
import { target } from '../../../../image/lib/target.ts';

/**
 * What is complete and signed in a binary cache, and yet must not be installed. Each path is made by hand: what dabei looks
 * at, and nothing else.
 */
interface Row {
  name: string;
  about: string;
  /** Files of the store path; text or bytes. */
  content: Readonly<Record<string, string | Buffer>>;
  /** Instead of the key that signed it. */
  trusted?: string;
  code: ErrorCode;
  says: RegExp;
}

/** networking.hostId as /etc/hostid has it: the least byte first. */
const hostId = (hex: string) => Buffer.from(hex, 'hex').reverse();

const rows: Row[] = [
  {
    name: 'other-architecture',
    about: 'a system for another processor',
    content: { system: 'aarch64-linux', 'etc/hostid': hostId('8425e349') },
    code: 'CLOSURE_SYSTEM',
    says: /a system for aarch64-linux, and this machine is x86_64-linux/,
  },
  {
    name: 'other-host-id',
    about: 'a system that would not import the pool',
    content: { system: target.nixSystem, 'etc/hostid': hostId('c0ffee01') },
    code: 'CLOSURE_SYSTEM',
    says: /hostId is c0ffee01, and the pool would belong to [0-9a-f]{8}[^]*next: set hostId to "c0ffee01"/,
  },
  {
    name: 'no-system',
    about: 'a path that is no system at all',
    content: { README: 'nothing to see\n' },
    code: 'CLOSURE_SYSTEM',
    says: /it is not a NixOS toplevel/,
  },
  {
    name: 'unknown-signer',
    about: 'a system that is signed, by nobody who is trusted',
    content: { system: target.nixSystem },
    trusted: `elsewhere-1:${Buffer.alloc(32, 7).toString('base64')}`,
    code: 'CLOSURE_SIGNATURE',
    says: /the signature by cache\.example\.org-1 is not one by a key of system\.trustedPublicKeys/,
  },
];

export const closureRefusalWorlds: World[] = rows.map(row => ({
  name: `cache-${row.name}`,
  about: `${row.about}: refused, the disk is untouched`,
  limitSeconds: 600,
  script: async site => {
    const elsewhere = join(site.directory, 'operator');
    const operator = await hireOperator(elsewhere);
    for (const [name, content] of Object.entries(row.content))
      files.write(join(elsewhere, 'home/odd', name), content);
    const storePath = await operator.run('adding a path to the store', [
      ...['nix', 'store', 'add-path', '--name', 'nixos-system-odd', `${operatorHome}/odd`],
    ]);
    const { directory, publicKey } = await fillCache(elsewhere, operator, storePath);
    const server = await serveCache(directory);
    try {
      const substituters = [server.urlFor('').replace(/\/$/, '')];
      const trustedPublicKeys = [row.trusted ?? publicKey];
      const config = await site.installConfig({ system: { storePath, substituters, trustedPublicKeys } });
      const disk = site.disk('target', 4096);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const machine = await startInstall(site, config, { memoryMiB: 512, disks: [disk] });
      assert.deepEqual(await stageFailed(machine, 300), { stage: 'plan', code: row.code });
      const explanation = machine.console.text.slice(machine.console.text.lastIndexOf(`error ${row.code}`));
      assert.match(explanation, row.says);
      assert.match(explanation, /next: \S/, 'the message says what to do');
      await site.ssh().waitUntilUp(60);
      await machine.end();
      assert.equal(await hashDisk(disk.file), before, 'the disk is untouched');
    } finally {
      await server.close();
    }
  },
}));
