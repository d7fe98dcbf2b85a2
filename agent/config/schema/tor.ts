import { z } from 'zod';
import { onionKeyProblem } from '../../keys/onion.ts';
import { Secret } from '../../secret.ts';
import { limits } from '../limits.ts';
import { line, secretLines } from '../text.ts';

/** The onion service for SSH, of images with Tor. */

/** hs_ed25519_secret_key in base64, in lines as base64(1) makes them, or in one. */
const onionKey = secretLines(limits.onionKey)
  .transform(text => text.replaceAll(/[\r\n]/g, ''))
  .refine(text => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) && text !== '', {
    abort: true,
    error: 'is not base64: base64 -w0 hs_ed25519_secret_key',
  })
  .transform(text => Buffer.from(text, 'base64'))
  .superRefine((file, context) => {
    const problem = onionKeyProblem(file);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .transform(file => new Secret(file)); // prettier-ignore

/** tor(1), "CLIENT AUTHORIZATION": the content of a file *.auth. */
const client = line(limits.property).regex(
  /^descriptor:x25519:[A-Z2-7]{52}$/,
  'is not a line of authorized_clients, such as "descriptor:x25519:BASE32"',
);

const timeFrom = line(limits.reference).refine(
  value => value === 'off' || (/^https?:/i.test(value) && URL.canParse(value)),
  'is neither "off" nor a valid address, such as "https://example.org"',
);

export const torSchema = z.strictObject({
  enable: z.boolean().default(true).describe('false: no onion service, although the image has Tor'),
  key: onionKey
    .optional()
    .describe(
      'the file hs_ed25519_secret_key in base64, for an address that stays; without it, each start draws one',
    ),
  authorizedClients: z
    .array(client)
    .min(1)
    .max(limits.onionClients)
    .optional()
    .describe('who finds the service at all: lines of authorized_clients (tor(1)); by default, whoever knows the address'),
  timeFrom: timeFrom
    .optional()
    .describe(
      'http or https address of a server that is asked for the time before Tor starts; "off": nobody is asked; by default, the ' +
        'servers that the configuration names, then cache.nixos.org',
    ),
}); // prettier-ignore

export type TorConfig = z.output<typeof torSchema>;
