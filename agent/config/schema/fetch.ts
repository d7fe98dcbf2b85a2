import { z } from 'zod';
import { areCertificates } from '../../keys/certificate.ts';
import { signerProblem } from '../../keys/allowed-signers.ts';
import { limits } from '../limits.ts';
import { urlTemplateProblem } from '../sources/url.ts';
import { line, secretLines, text } from '../text.ts';
import { mac } from './words.ts';

/** Settings about where a configuration comes from, and what a signed one is for. */

const template = text(limits.reference).superRefine((value, context) => {
  const problem = urlTemplateProblem(value);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

const signer = line(limits.authorizedKey, { tabs: true }).superRefine((value, context) => {
  const problem = signerProblem(value);
  if (problem === null) return;
  context.addIssue({
    code: 'custom',
    message: `is not a valid line of allowed_signers, such as 'me namespaces="nix-dabei-config" ssh-ed25519 AAAA…': it ${problem}`,
  });
});

/** RFC 3339 in UTC, with or without seconds. */
const instant = line(limits.word).refine(
  value => /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(value) && !Number.isNaN(Date.parse(value)),
  'is not a valid time in UTC, such as 2026-12-31T12:00:00Z',
);

/** Settings that only the boot itself may give: a fetched configuration must not say where it comes from, or what the time is. */
export const ownSettings = {
  configUrl: template
    .optional()
    .describe(
      'http or https address of a further configuration, with {mac}, {serial}, {uuid}, {hostname} and {arch} in lower case',
    ),
  configSha256: line(limits.word)
    .regex(/^[0-9a-f]{64}$/, 'is not 64 hexadecimal digits (lower case)')
    .optional()
    .describe('SHA-256 that the file at configUrl must have'),
  configSigners: z
    .array(signer)
    // Whoever meant to name somebody must not be left without any check.
    .min(1)
    .max(limits.signers)
    .optional()
    .describe(
      'who may sign the file at configUrl: lines of allowed_signers (ssh-keygen(1)) with namespaces="nix-dabei-config"',
    ),
  configCa: secretLines(limits.hostKey)
    .regex(/^-----BEGIN CERTIFICATE-----\r?\n/, { abort: true, error: 'is not a certificate in PEM format' })
    .refine(areCertificates, 'has a certificate that is damaged or cut off')
    .optional()
    .describe('certificates, in PEM, of the only authorities that are trusted for configUrl'),
  configDeadline: z
    .number()
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('seconds after which dabei stops asking for the file at configUrl; by default, 900'),
  metadata: z
    .enum(['off', 'install'])
    .optional()
    .describe(
      '"install": a configuration in the metadata of the provider may start an installation; "off": nobody is asked; by default, metadata gives host name, authorized keys and addresses that nothing else gives',
    ),
  metadataUrl: text(limits.reference)
    .refine(isOrigin, 'is not a valid address, such as "http://192.0.2.1:7080"')
    .optional()
    .describe('http or https address, without a path, of a server with metadata in the shape of EC2'),
  metadataSecrets: z
    .enum(['allow'])
    .optional()
    .describe('"allow": a configuration by metadata or on a seed may have a passphrase or private keys'),
  seed: z
    .enum(['off', 'install'])
    .optional()
    .describe('as metadata, for a volume with a seed of NoCloud, or an OpenStack config drive'),
  time: instant
    .optional()
    .describe('the time at the start of the machine, in UTC, for notAfter and for certificates; overrides its clock'),
}; // prettier-ignore

/** Scheme, host and port alone. */
function isOrigin(value: string): boolean {
  return /^https?:/i.test(value) && URL.canParse(value) && new URL(value).origin === value.toLowerCase().replace(/\/$/, '');
} // prettier-ignore

const firmwareText = text(limits.property);

export const validitySettings = {
  for: z
    .strictObject({
      serial: firmwareText.optional().describe("the system's serial number, as its firmware shows it"),
      mac: mac.optional().describe('MAC address of one of its cards'),
      uuid: firmwareText.optional().describe("the system's UUID"),
    })
    .refine(({ serial, mac, uuid }) => (serial ?? mac ?? uuid) !== undefined, 'names no machine')
    .optional()
    .describe('the only machine that a fetched configuration is for; everything that is given must match'),
  notAfter: instant
    .optional()
    .describe('when a fetched configuration ends to be valid, in UTC; a signed one at most 90 days ahead'),
  serial: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'rises with each signed configuration of a machine: one below that of an installed one is refused',
    ),
};
