import { z } from 'zod';
import { authorizedKeyProblem } from '../keys/authorized-keys.ts';
import { Secret } from '../secret.ts';
import type { layouts, poolLayouts } from '../limits.ts';
import { limits } from './limits.ts';
import { disksSchema } from './schema/disks.ts';
import { ownSettings, validitySettings } from './schema/fetch.ts';
import { networkSchema } from './schema/network.ts';
import { reportSchema } from './schema/report.ts';
import { systemSchema } from './schema/system.ts';
import { torSchema } from './schema/tor.ts';
import { line, secretLine, secretLines } from './text.ts';

export * from './schema/disks.ts';
export * from './schema/links.ts';
export * from './schema/network.ts';
export * from './schema/routes.ts';
export type { WifiNetwork } from './schema/wifi.ts';

/**
 * Version 1 of the configuration. JSON in, validated and typed values out.
 *
 * Unknown keys are errors: dabei must not ignore a misspelt `wipe` on a machine without physical access.
 * Only values of `Secret` may hold key material; they never turn into text again (secret.ts).
 */

/** Adds a final line break: OpenSSH refuses a private key without one (sshkey.c, "error in libcrypto"). */
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
 * SHA-256 and SHA-512 of crypt(5): the two secure methods that the image's static busybox can verify. Tested with login of
 * busybox 1.37: it rejects the right password for yescrypt ("$y$") and bcrypt ("$2b$").
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
          'passwordHash is given, else "off" once a passphrase, a private key or a token came in, else "root"',
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
  /** Editors use it to find the published schema; dabei ignores it. */
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
  tor: torSchema
    .optional()
    .describe(
      'the onion service for SSH in the installer, on an image with Tor; the installed system has none',
    ),
  report: reportSchema.optional().describe('where dabei reports what it does, and whom it asks'),
  ...ownSettings,
  ...validitySettings,
});

/** The validated configuration, for planning and the stages. */
export type Config = z.output<typeof configSchema> & {
  /** The configuration as written, as canonical JSON without defaults, captured values and secrets (given.ts). */
  readonly given?: string;
  /** It was fetched, and a signer of this boot has signed it. */
  readonly isSigned?: true;
  /** It, or a part of it, came from `configUrl`, by metadata or from a seed: nobody has to be there. */
  readonly isUnattended?: true;
};
/** The configuration as people write it: JSON, with defaults omitted. */
export type ConfigInput = z.input<typeof configSchema>;
export type Mode = (typeof modes)[number];
export type Layout = (typeof layouts)[number];
export type PoolLayout = (typeof poolLayouts)[number];
export type ConsoleConfig = z.output<typeof consoleSchema>;
export type SshConfig = z.output<typeof sshSchema>;
