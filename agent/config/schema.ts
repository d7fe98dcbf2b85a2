import { z } from 'zod';
import { authorizedKeyProblem } from '../keys/authorized-keys.ts';
import { Secret } from '../secret.ts';
import { layouts, passphraseBytes } from '../limits.ts';
import { limits } from './limits.ts';
import { networkSchema } from './network-schema.ts';
import { hasToken } from '../redact-tokens.ts';
import { line, secretLine, secretLines } from './text.ts';

export * from './network-schema.ts';

/**
 * What can be asked of dabei: version 1 of the configuration. JSON in, validated and typed values out.
 *
 * Unknown keys are errors: a misspelt `wipe` must not be ignored on a machine that nobody can walk up to.
 * Only values of `Secret` may hold key material; they never turn into text again (secret.ts).
 */

const text = (maximum: number) => line(maximum).min(1);

/**
 * An address that the installed system keeps where all its users can read it: in /etc/nixos, in the Nix store, in nix.conf.
 * @param instead what to do without a password or token, as an imperative
 */
const publicAddress = (instead: string) =>
  line(limits.reference)
    .min(1)
    .refine(value => !hasToken(value), {
      abort: true,
      error: 'contains a password or an access token, and every user of the installed system could read it',
      params: { remedy: instead },
    });

/** OpenSSH refuses a private key whose last line does not end (sshkey.c, "error in libcrypto"). */
const privateKey = secretLines(limits.hostKey)
  .regex(/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\r?\n/, 'is not a valid private key in OpenSSH or PEM format')
  .transform(value => new Secret(`${value.replaceAll('\r\n', '\n').trimEnd()}\n`));

const authorizedKey = line(limits.authorizedKey, { tabs: true })
  .superRefine((line, context) => {
    const problem = authorizedKeyProblem(line);
    if (problem === null) return;
    context.addIssue({
      code: 'custom',
      message: `is not a valid line of authorized_keys, such as "ssh-ed25519 AAAA… me@laptop": it ${problem}`,
    });
  })
  .describe('a line of authorized_keys (sshd(8)), options before the key included');

const hostName = line(limits.domain).regex(
  /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/,
  'is not a valid host name',
);

/** Bytes: a number, or a string with a binary unit. */
const size = z.union([
  z.number().int().nonnegative(),
  line(limits.word)
    .regex(/^\d+(\.\d+)?(KiB|MiB|GiB|TiB)$/, 'is not a valid size, such as 512MiB or 8GiB')
    .transform(value => {
      const units = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
      return Math.round(Number(value.slice(0, -3)) * units[value.slice(-3) as keyof typeof units]);
    }),
]);

export const diskSelectorSchema = z
  .union([
    z.literal('only'),
    line(limits.reference).regex(/^\/dev\/\S+$/, 'is neither "only" nor a path under /dev'),
    z
      .strictObject({
        serial: text(limits.property).optional().describe('serial number'),
        wwn: text(limits.property).optional().describe('world wide name'),
        model: text(limits.property).optional().describe('model'),
        transport: text(limits.property).optional().describe('"virtio", "nvme", "sata", "sas" or "usb"'),
        size: z
          .strictObject({
            min: size.optional().describe('smallest size, in bytes or as 400GiB'),
            max: size.optional().describe('largest size'),
          })
          .optional()
          .describe('range of sizes'),
      })
      .refine(value => Object.keys(value).length > 0, 'names no property of a disk'),
  ])
  .describe('a path under /dev; or properties of the disk; or "only", the single suitable disk');

export const disksSchema = z
  .strictObject({
    layout: z.enum(layouts).default('single').describe('vdev type of the pool'),
    /** There is no default: dabei never guesses a disk. */
    devices: z
      .array(diskSelectorSchema)
      .min(1)
      .max(limits.disks)
      .describe('one selector for each member of the pool'),
    wipe: z
      .union([z.boolean(), z.literal('full')])
      .default(false)
      .describe('true: erase disks that hold data; "full" also overwrites every block with zeros'),
    generation: z
      .number()
      .int()
      .positive()
      .default(1)
      .describe(
        'raise it, and set wipe, to install the same configuration again over a finished installation',
      ),
    poolName: line(limits.word)
      .regex(
        /^(?!mirror|raidz|draid|spare|log$)[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
        'is not a valid pool name (zpool-create(8))',
      )
      .default('rpool')
      .describe('name of the pool'),
    swap: z
      .union([z.literal('auto'), size])
      .default('auto')
      .describe(
        'size of swap, in bytes or as 8GiB, encrypted with a new random key at every boot; "auto": by RAM; 0: no swap',
      ),
    // FAT32 has at least 65525 clusters, and a cluster at least a sector (fatgen103, "FAT Type Determination").
    esp: size
      .refine(bytes => bytes >= 260 * 2 ** 20, 'must be 260MiB or more: FAT32 on sectors of 4096 bytes')
      .transform(bytes => Math.ceil(bytes / 2 ** 20) * 2 ** 20)
      .default(512 * 2 ** 20)
      .describe(
        'size of the ESP on each member, in bytes or as 1GiB; each generation stores a kernel and an initrd there',
      ),
    encryption: z
      .enum(['aes-256-gcm', 'none'])
      .default('aes-256-gcm')
      .describe('"none": anyone with access to the disks can read the data'),
    keyFormat: z
      .enum(['passphrase', 'hex'])
      .default('passphrase')
      .describe('"hex": disks.key is the 256-bit key itself, as 64 hexadecimal digits'),
    key: secretLine(limits.reference)
      .transform(value => new Secret(value))
      .refine(
        value => value.length >= passphraseBytes.least && value.length <= passphraseBytes.most,
        `must be ${passphraseBytes.least} to ${passphraseBytes.most} bytes long, as ZFS requires`,
      )
      .optional()
      .describe(
        `passphrase of the pool, ${passphraseBytes.least} to ${passphraseBytes.most} bytes; with keyFormat "hex", its key; ` +
          'required unless encryption is "none"',
      ),
  })
  .refine(({ encryption, key }) => encryption !== 'none' || key === undefined, {
    path: ['key'],
    error: 'is set, but disks.encryption is "none": leave one of the two out',
  })
  .refine(
    ({ keyFormat, key }) =>
      keyFormat !== 'hex' || key === undefined || /^[0-9A-Fa-f]{64}$/.test(key.reveal().toString('latin1')),
    { path: ['key'], error: 'must be 64 hexadecimal digits with the key format "hex"' },
  );

/** The part of a store path before the name is 20 bytes in Nix's base 32, which has no e, o, u and t. */
const storePath = line(limits.property).regex(
  /^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[\w+.?=-]{1,211}$/,
  'is not a valid store path, such as /nix/store/HASH-nixos-system-NAME',
);

const substituter = publicAddress(
  'use a cache that needs no password: trustedPublicKeys decide what is taken from it, and who can reach it is its network',
)
  .regex(
    /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    'is not a valid address of a binary cache, such as https://cache.example.org',
  )
  .transform(withoutSlashes);

/** A regular expression for this would look at every slash once for each one before it. */
function withoutSlashes(value: string): string {
  let end = value.length;
  while (value[end - 1] === '/') end--;
  return value.slice(0, end);
}

/** nix key convert-secret-to-public: a name, and the 32 bytes of an Ed25519 key. */
const trustedPublicKey = line(limits.property).regex(
  /^[^:\s]+:[A-Za-z0-9+/]{43}=$/,
  'is not a valid public key of a binary cache, such as cache.example.org-1:BASE64',
);

const systemSchema = z
  .strictObject({
    flake: publicAddress(
      'bundle the directory of the flake (run --flake DIRECTORY), or build the system elsewhere (system.storePath); the ' +
        'installed system can have the token in access-tokens or netrc-file of nix.conf(5)',
    )
      .optional()
      .describe(
        'flake reference with attribute, "github:me/infra#web-01"; by default, dabei generates a flake',
      ),
    nixpkgs: publicAddress('give the address of a nixpkgs that needs no password')
      .default('https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz')
      .describe('flake reference of nixpkgs for the generated flake'),
    storePath: storePath
      .optional()
      .describe('toplevel of a prebuilt system: dabei copies it and evaluates nothing'),
    substituters: z
      .array(substituter)
      .min(1)
      .max(limits.substituters)
      .optional()
      .describe('binary caches, queried in this order; required with storePath'),
    trustedPublicKeys: z
      .array(trustedPublicKey)
      .min(1)
      .max(limits.trustedPublicKeys)
      .optional()
      .describe('each path must be signed by one of these keys; required with storePath'),
    evaluateFirst: z
      .boolean()
      .default(true)
      .describe(
        'with MemTotal of 3 GiB or more, evaluate the system in RAM before the disks are touched, so that a wrong flake ' +
          'loses no data',
      ),
    allowFailedActivation: z
      .boolean()
      .default(false)
      .describe(
        'install the boot loader even if the activation of the installed system fails, as nixos-install(8) does',
      ),
    stateVersion: line(limits.word)
      .regex(/^\d\d\.\d\d$/, 'is not a valid NixOS release, such as 26.05')
      .default('26.05')
      .describe('NixOS release whose data formats the machine uses (system.stateVersion)'),
    impermanence: z
      .boolean()
      .default(false)
      .describe('empty the root file system at every boot; /persist, /home and /nix stay'),
  })
  .superRefine((system, context) => {
    if (system.storePath === undefined) return;
    for (const name of ['substituters', 'trustedPublicKeys'] as const) {
      if (system[name] !== undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'is missing; system.storePath requires it',
      });
    }
  });

export const sshSchema = z.strictObject({
  hostKeys: z
    .array(privateKey)
    .max(limits.hostKeys)
    .default([])
    .describe('private host keys in OpenSSH or PEM format; without any, dabei generates one'),
  port: z
    .number()
    .int()
    .min(1)
    .max(65535)
    .default(22)
    .describe('port of sshd, in the installer and in the installed system'),
});

/**
 * crypt(5), the two methods that the image's static busybox verifies and that are still good: SHA-256 and SHA-512. Tried
 * with login of busybox 1.37: of yescrypt ("$y$") and bcrypt ("$2b$") it says "Login incorrect" to the right password.
 */
const passwordHash = secretLine(limits.property)
  .regex(
    /^\$[56]\$(rounds=[1-9]\d{3,8}\$)?[./A-Za-z0-9]{1,16}\$([./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})$/,
    'is no hash that the console can verify: make one with "openssl passwd -6" or "mkpasswd -m sha-512" ' +
      '("$5$…" or "$6$…"; yescrypt, "$y$…", is not possible)',
  )
  .refine(value => (value.startsWith('$6$') ? 86 : 43) === value.length - value.lastIndexOf('$') - 1, {
    error: 'is cut off, or too long for its method',
  })
  .transform(value => new Secret(value));

const consoleShells = ['root', 'password', 'off'] as const;

export const consoleSchema = z
  .strictObject({
    shell: z
      .enum(consoleShells)
      .optional()
      .describe(
        '"root": a shell for whoever is at a console, "password": after a login, "off": none; by default, "password" if ' +
          'passwordHash is given, else "off" once a passphrase or a private key came in, else "root"',
      ),
    passwordHash: passwordHash
      .optional()
      .describe("root's password at the consoles of the installer, as crypt(5) hash, $5$ or $6$"),
  })
  .refine(({ shell, passwordHash }) => shell !== 'password' || passwordHash !== undefined, {
    path: ['shell'],
    error: 'is "password", but console.passwordHash is missing',
  });

export const modes = ['install', 'rescue', 'plan'] as const;

export const configSchema = z.strictObject({
  /** Editors find the published schema by it; dabei does not look at it. */
  $schema: line(limits.reference)
    .optional()
    .describe('address of the JSON Schema, for editors; dabei ignores it'),
  version: z.literal(1).default(1).describe('version of this format'),
  mode: z
    .enum(modes)
    .optional()
    .describe(
      '"plan" stops before the first write; by default, "install" if disks or a system are given, otherwise "rescue"',
    ),
  hostName: hostName.default('nixos').describe('host name, with or without a domain'),
  hostId: line(limits.word)
    .regex(/^[0-9a-f]{8}$/, 'is not 8 hexadecimal digits (lower case)')
    .optional()
    .describe("8 hexadecimal digits (networking.hostId); by default, the first 8 of the host name's SHA-256"),
  machineId: line(limits.word)
    .regex(/^(?!0+$)[0-9a-f]{32}$/, 'is not 32 hexadecimal digits (machine-id(5))')
    .optional()
    .describe('content of /etc/machine-id of the installed system; by default, its first boot generates one'),
  rootAuthorizedKeys: z
    .array(authorizedKey)
    .max(limits.authorizedKeys)
    .default([])
    .describe('who may log in as root: lines of authorized_keys (sshd(8)), options included'),
  network: networkSchema
    .default({
      interfaces: [],
      routes: [],
      rules: [],
      dns: { servers: [], search: [] },
      allowUnreachableGateways: false,
    })
    .describe('addresses, routes, name servers'),
  disks: disksSchema.optional().describe('the disks to erase and install to; without it, rescue'),
  system: systemSchema.prefault({}).describe('the system to install'),
  kernelParams: z
    .array(
      line(limits.property).regex(
        /^[A-Za-z0-9_.-]+(=[A-Za-z0-9_.,:=@/+-]*)?$/,
        'is not a valid kernel parameter',
      ),
    )
    .max(64)
    .optional()
    .describe("further parameters of the installed system's kernel that this hardware needs"),
  ssh: sshSchema.default({ hostKeys: [], port: 22 }).describe('host keys and port of sshd'),
  console: consoleSchema.default({}).describe('who gets a shell at the consoles of the installer'),
});

/** The validated configuration: what planning and the stages see. */
export type Config = z.output<typeof configSchema> & {
  /** What people wrote, as JSON in one order: nothing by default, nothing captured, no secret (given.ts). */
  readonly given?: string;
};
/** The same as people write it: JSON, defaults left out. */
export type ConfigInput = z.input<typeof configSchema>;
export type Mode = (typeof modes)[number];
export type Layout = (typeof layouts)[number];
export type DisksConfig = z.output<typeof disksSchema>;
export type DiskSelector = z.output<typeof diskSelectorSchema>;
export type ConsoleConfig = z.output<typeof consoleSchema>;
export type SshConfig = z.output<typeof sshSchema>;
