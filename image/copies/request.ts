import { resolveConfiguration } from '../../agent/config/resolve.ts';
import { wantsRescue } from '../../agent/config/schema/system.ts';
import { asRefusal } from '../../agent/config/report.ts';
import { Refusals } from '../../agent/errors.ts';
import { lockoutRefusal } from '../../agent/plan/preflight/login.ts';
import { BuildError } from '../lib/errors.ts';
import type { Member } from '../media/cpio.ts';
import { configurationPaths } from '../media/reserved/reserved-file.ts';

/** From a configuration to what the installer gets, or to every reason against it. Pure. */

export interface Request {
  /** What is appended to the installer's initrd: the configuration as it was given, and over it what makes it that of an image. */
  members: readonly Member[];
  hostName: string;
  poolName: string;
  isEncrypted: boolean;
  /** The machine that installs has to hand its kernel over once more. */
  wantsRescue: boolean;
}

/** The virtual machine has one disk. Where it is copied to is not known. */
const overrides = { mode: 'install', disks: { devices: ['only'], copies: true } };

/**
 * @param path of the configuration, for messages
 * @param sharedKey all copies may have the same master key
 * @param now seconds since 1970, for keys that expire
 * @throws Refusals with every reason, without secrets; BuildError COPIES_SHARED_KEY
 */
export function prepare(path: string, bytes: Buffer, sharedKey: boolean, now: number): Request {
  const over = Buffer.from(`${JSON.stringify(overrides)}\n`);
  const files = [
    { path, bytes },
    { path: 'npm run disk-image', bytes: over },
  ];
  const { config, problems } = resolveConfiguration({ commandLine: '', files });
  const lockout = config === null ? null : lockoutRefusal(config, now);
  const refusals = [...problems.map(asRefusal), ...(lockout === null ? [] : [lockout])];
  if (config?.disks === undefined || refusals.length > 0) throw new Refusals(refusals);
  const isEncrypted = config.disks.encryption !== 'none';
  if (isEncrypted && !sharedKey) throw sharesKey;
  const [configurationPath, optionsPath] = configurationPaths;
  return {
    members: [
      { path: configurationPath, content: bytes, mode: 0o600 },
      { path: optionsPath, content: over, mode: 0o600 },
    ],
    hostName: config.hostName,
    poolName: config.disks.poolName,
    isEncrypted,
    wantsRescue: wantsRescue(config.system),
  };
}

const sharesKey = new BuildError('COPIES_SHARED_KEY', {
  doing: 'checking the encryption of the image',
  problem:
    'all copies would have the same master key, even after the passphrase of one is changed: who has one copy and its passphrase can read all',
  remedy:
    'accept that with --shared-key; set disks.encryption to "none"; or let each machine install itself from nix-dabei.img ' +
    '(docs/media/raw-image.md), which gives each its own key',
});
