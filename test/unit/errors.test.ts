import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { resolveConfiguration } from '../../agent/config/resolve.ts';
import { errorPlaces } from '../../agent/error-places.ts';
import { errorCodes, type ErrorCode } from '../../agent/errors.ts';
import { judge, standInForPassphrase } from '../../agent/plan/preflight/judge.ts';
import type { NewSystem, OldSystem } from '../../agent/plan/preflight/systems.ts';
import { content, disk } from '../fixtures/disks.ts';
import { data, debian, image, nic, root } from '../fixtures/old-system.ts';
import { errorsDocument } from '../support/errors-document.ts';
import { runParts } from '../support/run-parts.ts';

interface World {
  config?: object | string;
  commandLine?: string;
  login?: string;
  old?: Partial<OldSystem>;
  image?: Partial<NewSystem>;
}

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example';
const disks = { devices: ['/dev/vda'], wipe: true };
const network = { interfaces: [{ name: 'ens3', dhcp: true }] };
const install = { network, disks, system: {} };
/** Of whoever may log in, whatever is wrong with the file. */
const login = `dabei.authorized_key=${Buffer.from(key).toString('base64')}`;

function codes(world: World): string[] {
  const { config = install } = world;
  const file = {
    path: '/dabei.json',
    bytes: Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)),
  };
  const { refusals } = judge(
    withPassphrase =>
      resolveConfiguration({
        commandLine: `${world.login ?? login} ${world.commandLine ?? ''}`,
        files: withPassphrase ? [file, standInForPassphrase] : [file],
        variants: [],
      }),
    { ...debian, ...world.old },
    { ...image, ...world.image },
    0,
  );
  return [...new Set(refusals.map(({ code }) => code))];
}

const withDisks = (...disks: ReturnType<typeof disk>[]) => ({ facts: { ...debian.facts, disks } });
const rpool = content('/dev/vdb1', { signature: 'zfs_member', label: 'rpool' });
const onLink = (device: object) => ({ linkDevices: new Map([['eno1', [{ ...nic, ...device }]]]) });

/** For each code that is found before the old system is left: a world that has it. */
const worlds: Partial<Record<ErrorCode, World>> = {
  CONFIG_BASE64: { commandLine: 'dabei.config=%%%' },
  CONFIG_COMPRESSION: {
    commandLine: `dabei.config=${Buffer.from([0x1f, 0x8b, 8, 0, 1]).toString('base64')}`,
  },
  CONFIG_TOO_LARGE: { config: ' '.repeat(4 * 2 ** 20) },
  CONFIG_JSON: { config: '{"disks": ' },
  CONFIG_SCHEMA: { config: { ...install, system: { flake: './infar#web-01' } } },
  CONFIG_PARAMETER: { commandLine: 'dabei.wipe=perhaps' },
  CONFIG_VERSION: { config: { ...install, version: 2 } },
  VARIANT_MISSING: { config: { ...install, tor: {} } },
  CONFIG_CONFLICT: { commandLine: 'dabei.config=e30= runtime_info=e30=' },
  REPORT_ASK_UNVERIFIED: { config: { ...install, report: { url: 'http://reports.example.org/', ask: {} } } },
  CONFIG_URL_UNVERIFIED: { commandLine: 'dabei.config_url=http://config.example.org/{mac}.json' },
  SSH_HOST_KEY: {
    config: {
      ...install,
      ssh: { hostKeys: ['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'] },
    },
  },
  DISK_NOT_FOUND: { config: { ...install, disks: { ...disks, devices: ['/dev/sdz'] } } },
  DISK_NOT_HARDWARE: {
    old: withDisks({ ...root, notHardware: { kind: 'network', because: 'it is reached over a network' } }),
  },
  DISK_AMBIGUOUS: { config: { ...install, disks: { ...disks, devices: [{ transport: 'virtio' }] } } },
  DISK_READ_ONLY: { old: withDisks({ ...root, readOnly: true }) },
  DISK_SECTORS: { old: withDisks({ ...root, logicalSectorBytes: 4096 }) },
  FIRMWARE_32BIT: { old: { facts: { ...debian.facts, firmware: 'uefi', firmwareBits: 32 } } },
  FIRMWARE_NO_UEFI: { old: { facts: { ...debian.facts, system: 'aarch64-linux' } } },
  FIRMWARE_UNKNOWN: { old: { facts: { ...debian.facts, firmwareDoubt: 'kexec started this kernel' } } },
  DISK_TOO_SMALL: { old: withDisks({ ...root, sizeBytes: 2 ** 30 }) },
  DISK_FOREIGN_DATA: { config: { ...install, disks: { devices: ['/dev/vda'] } } },
  DISK_MEMBERS: { config: { ...install, disks: { ...disks, layout: 'raidz2' } } },
  POOL_NAME_TAKEN: { old: withDisks(root, { ...data, contents: [rpool] }) },
  PREFLIGHT_ARCHITECTURE: { old: { processor: 'aarch64' } },
  PREFLIGHT_CONTAINER: { old: { container: 'lxc' } },
  PREFLIGHT_CONFIDENTIAL: { old: { confidential: true } },
  PREFLIGHT_WATCHDOG: { old: { ipmiWatchdog: true } },
  PREFLIGHT_NO_LOGIN: { login: '' },
  PREFLIGHT_IMAGE_HASH: { image: { files: [{ name: 'initrd', expectedBytes: 2, bytes: 1 }] } },
  PREFLIGHT_MEMORY: { old: { availableBytes: 0 } },
  PREFLIGHT_SECURE_BOOT: { old: { lockdown: null, secureBoot: true } },
  PREFLIGHT_LOCKDOWN: { old: { lockdown: 'integrity' } },
  PREFLIGHT_IMA: { old: { imaPolicy: 'appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n' } },
  PREFLIGHT_KEXEC_UNSUPPORTED: { old: { kexec: 'unsupported' } },
  PREFLIGHT_KEXEC_DISABLED: { old: { kexec: 'disabled' } },
  PREFLIGHT_COMMAND_LINE: { image: { commandLine: 'x'.repeat(2048) } },
  PREFLIGHT_ROOT_ELSEWHERE: { config: { ...install, disks: { ...disks, devices: ['/dev/vdb'] } } },
  PREFLIGHT_NO_DEFAULT_ROUTE: {
    config: {
      ...install,
      network: { interfaces: [{ name: 'ens3', addresses: ['192.0.2.7/24'] }] },
    },
  },
  PREFLIGHT_NO_DRIVER: { old: onLink({ modalias: 'pci:v1', driver: 'be2net', module: 'be2net' }) },
  PREFLIGHT_NO_EVIDENCE: { old: { diskDevices: new Map() } },
  PREFLIGHT_NO_FIRMWARE: { old: onLink({ modalias: 'pci:v14E4d1', driver: 'bnx2', module: 'bnx2' }) },
};

t.test('a machine that can be left', async t => t.same(codes({}), []));

t.test('where each code is found', async t => {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    const world = worlds[code];
    const early = errorPlaces[code] === 'preflight';
    if (early !== (world !== undefined))
      t.fail(`${code}: ${early ? 'no world shows it' : 'a world shows it, but it is not said'}`);
    if (world) t.same(codes(world), [code], code);
  }
});

// After a change to the catalogue: TAP_SNAPSHOT=1 npx tap test/unit/errors.test.ts
t.test('docs/errors.md is the catalogue', async t => {
  const path = new URL('../../docs/errors.md', import.meta.url);
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, errorsDocument());
  t.equal(readFileSync(path, 'utf8'), errorsDocument());
});

t.test('every code that shell programs say is in the catalogue', async t => {
  const own = ['media/bundle/run', 'rootfs/initramfs/init'].map(
    file => new URL(`../../image/${file}`, import.meta.url).pathname,
  );
  t.ok(runParts.length >= 12, `${runParts.length} parts`);
  for (const file of [...own, ...runParts]) {
    const text = readFileSync(file, 'utf8');
    for (const [, code = ''] of text.matchAll(/\b(?:problem|refuse|error) ([A-Z][A-Z_]{2,})\b/g))
      t.ok(code in errorCodes || code === 'CODE', `${file}: ${code}`);
  }
});
