import assert from 'node:assert/strict';
import { fillWithForeignBytes, hashDisk } from '../harness/disk.ts';
import { requireHostPackages, run } from '../../../image/lib/host.ts';
import { stageFailed } from '../guests/install.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import { configParameter, type Site } from '../harness/site.ts';
import type { World } from '../world.ts';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import type { ErrorCode } from '../../../agent/errors.ts';

/**
 * What dabei must refuse: a wrong configuration, and disks that do not match it. Every row ends with a machine that is
 * reachable over SSH and says stage and code, and with disks that are, byte for byte, what they were.
 */
interface Row {
  name: string;
  about: string;
  disks?: number;
  /** Sparse, so size costs little; but all of it is hashed twice. */
  diskMegabytes?: number;
  disk?: Partial<DiskOptions>;
  /** Puts something onto the first disk, besides bytes that nobody knows. */
  prepare?: (file: string) => Promise<unknown>;
  parameters: (site: Site, config: ConfigInput) => string[];
  stage: string;
  code: ErrorCode;
  /** What the message must tell, besides its code. */
  says: RegExp;
}

/** Keys that can be understood even where the configuration cannot. */
const keyParameters = ({ keys }: Site): string[] => [
  `dabei.authorized_key=${Buffer.from(keys.user.public).toString('base64')}`,
  `dabei.ssh_host_key=${Buffer.from(keys.host.private).toString('base64')}`,
];

const rows: Row[] = [
  {
    name: 'bad-base64',
    about: 'dabei.config is not base64',
    parameters: site => ['dabei.config=%%%this-is-not-base64%%%', ...keyParameters(site)],
    stage: 'config',
    code: 'CONFIG_BASE64',
    says: /dabei\.config/,
  },
  {
    name: 'bad-json',
    about: 'dabei.config is base64 of half a JSON text',
    parameters: (site, config) => {
      const half = JSON.stringify(config).slice(0, 60);
      return [`dabei.config=${Buffer.from(half).toString('base64')}`, ...keyParameters(site)];
    },
    stage: 'config',
    code: 'CONFIG_JSON',
    says: /dabei\.config/,
  },
  {
    name: 'unknown-key',
    about: 'a misspelt key: disks.wipee',
    parameters: (_, config) => [configParameter({ ...config, disks: { ...config.disks, wipee: true } })],
    stage: 'config',
    code: 'CONFIG_SCHEMA',
    says: /wipee/,
  },
  {
    name: 'wrong-type',
    about: 'a number where text belongs: hostId',
    parameters: (_, config) => [configParameter({ ...config, hostId: 12345678 })],
    stage: 'config',
    code: 'CONFIG_SCHEMA',
    says: /hostId/,
  },
  {
    name: 'short-passphrase',
    about: 'a passphrase of 7 characters',
    parameters: (_, config) => [
      configParameter({ ...config, disks: { devices: ['/dev/vda'], key: 'seven-7' } }),
    ],
    stage: 'config',
    code: 'CONFIG_SCHEMA',
    says: /disks\.key.*8 to 512/,
  },
  {
    name: 'missing-disk',
    about: 'a disk that is not there',
    parameters: (site, config) => [
      configParameter({ ...config, disks: { devices: ['/dev/vdz'], key: site.keys.passphrase } }),
    ],
    stage: 'plan',
    code: 'DISK_NOT_FOUND',
    says: /\/dev\/vdz/,
  },
  {
    name: 'two-disks-match',
    about: 'two disks where the configuration says "only"',
    disks: 2,
    // Large enough for the layout, else neither would match.
    diskMegabytes: 3072,
    parameters: (site, config) => [
      configParameter({ ...config, disks: { devices: ['only'], key: site.keys.passphrase } }),
    ],
    stage: 'plan',
    code: 'DISK_AMBIGUOUS',
    says: /vda.*vdb|first.*second/s,
  },
  {
    name: 'foreign-data',
    about: 'a disk with partitions, and no word that they may be erased',
    diskMegabytes: 3072,
    prepare: async file => {
      await requireHostPackages({ '/usr/sbin/sgdisk': 'gdisk' });
      await run({
        doing: 'partitioning a disk',
        argv: ['sgdisk', '--new=1:0:+512M', '--new=2:0:0', file],
        timeoutSeconds: 60,
      });
    },
    parameters: (_, config) => [configParameter(config)],
    stage: 'plan',
    code: 'DISK_FOREIGN_DATA',
    says: /\/dev\/vda1 unknown.*\/dev\/vda2 unknown[^]*disks\.wipe/,
  },
  {
    name: 'too-small',
    about: 'a disk that is smaller than the layout',
    parameters: (_, config) => [configParameter(config)],
    stage: 'plan',
    code: 'DISK_TOO_SMALL',
    says: /256 MiB.*needs 2\.5 GiB/,
  },
  {
    name: 'read-only',
    about: 'a disk that cannot be written to',
    diskMegabytes: 3072,
    disk: { readOnly: true },
    parameters: (_, config) => [configParameter(config)],
    stage: 'plan',
    code: 'DISK_READ_ONLY',
    says: /read-only/,
  },
  {
    name: 'members',
    about: 'a mirror of one disk',
    diskMegabytes: 3072,
    parameters: (_, config) => [
      configParameter({ ...config, disks: { ...config.disks!, layout: 'mirror' } }),
    ],
    stage: 'plan',
    code: 'DISK_MEMBERS',
    says: /mirror.*at least 2 disks/,
  },
  {
    name: 'same-disk-twice',
    about: 'a mirror whose two names mean one disk',
    disks: 2,
    diskMegabytes: 3072,
    parameters: (_, config) => [
      configParameter({
        ...config,
        disks: { ...config.disks!, layout: 'mirror', devices: ['/dev/vda', { serial: 'first' }] },
      }),
    ],
    stage: 'plan',
    code: 'DISK_AMBIGUOUS',
    says: /already matched by an earlier selector[^]*second/,
  },
  {
    name: 'shared-name',
    about: 'a name by serial number that two disks claim: it leads to whichever came last',
    disks: 2,
    diskMegabytes: 3072,
    disk: { serial: 'twin' },
    parameters: (_, config) => [
      configParameter({ ...config, disks: { ...config.disks!, devices: ['/dev/disk/by-id/virtio-twin'] } }),
    ],
    stage: 'plan',
    code: 'DISK_NOT_FOUND',
    says: /no disk matches "\/dev\/disk\/by-id\/virtio-twin"/,
  },
  {
    name: 'unknown-layout',
    about: 'a layout that does not exist',
    parameters: (_, config) => [configParameter({ ...config, disks: { ...config.disks, layout: 'raidz4' } })],
    stage: 'config',
    code: 'CONFIG_SCHEMA',
    says: /disks\.layout.*raidz3/,
  },
  {
    name: 'no-key',
    about: 'no passphrase, and no word that none is wanted',
    parameters: (_, config) => [configParameter({ ...config, disks: { devices: ['/dev/vda'] } })],
    stage: 'config',
    code: 'CONFIG_SCHEMA',
    says: /disks\.key.*an installation needs it/,
  },
];

export const refusalWorlds: World[] = rows.map(row => ({
  name: `refuse-${row.name}`,
  about: row.about,
  limitSeconds: 240,
  script: async site => {
    const disks = ['first', 'second']
      .slice(0, row.disks ?? 1)
      .map(name => site.disk(name, row.diskMegabytes ?? 256, row.disk));
    for (const { file } of disks) fillWithForeignBytes(file);
    await row.prepare?.(disks[0]!.file);
    const before = await Promise.all(disks.map(({ file }) => hashDisk(file)));

    const config: ConfigInput = {
      version: 1,
      rootAuthorizedKeys: [site.keys.user.public],
      ssh: { hostKeys: [site.keys.host.private] },
      disks: { devices: ['/dev/vda'], key: site.keys.passphrase },
      system: { nixpkgs: 'http://10.0.2.2:9/never-fetched.tar.gz' },
    };
    const parameters = row.parameters(site, config);
    const machine = await site.startImage({
      name: 'refuse',
      memoryMiB: 512,
      disks,
      parameters,
      limitSeconds: 200,
    });
    const { stage, code } = await stageFailed(machine, 120);
    assert.deepEqual({ stage, code }, { stage: row.stage, code: row.code });

    const ssh = site.ssh();
    await ssh.waitUntilUp(60);
    const status = JSON.parse(await ssh.run('dabei status --json')) as Record<string, unknown>;
    assert.equal(status['state'], 'failed');
    assert.equal(status['stage'], row.stage);
    assert.equal(status['code'], row.code);
    const explanation = machine.console.text.slice(machine.console.text.lastIndexOf(`error ${row.code}`));
    assert.match(explanation, row.says);
    assert.match(explanation, /next: \S/, 'the message says what to do');
    assert.match(await ssh.run('dabei status'), new RegExp(row.code));

    await machine.end();
    const after = await Promise.all(disks.map(({ file }) => hashDisk(file)));
    assert.deepEqual(after, before, 'the disks are untouched');
  },
}));
