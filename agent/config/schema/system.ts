import { z } from 'zod';
import { hasToken } from '../../redact-tokens.ts';
import { limits } from '../limits.ts';
import { nixosRelease } from '../nixos-release.ts';
import { line } from '../text.ts';

/** The system to install: built from a flake, or prebuilt. */

/**
 * An address that all users of the installed system can read: in /etc/nixos, in the Nix store, in nix.conf.
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

/** The hash in a store path is 20 bytes in Nix's base 32, which omits e, o, u and t. */
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

/** Without a regular expression, which would take quadratic time for many slashes. */
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

/** Minutes; no less than the network of stage 1 gets (nix/host-flake/trial-wait.sh), and no more than a week. */
const trialMinutes = z
  .number()
  .int()
  .max(10_080)
  .refine(value => value === 0 || value >= 10, 'is neither 0 nor at least 10')
  .describe('minutes from the start of the kernel until the machine restarts; 0 is off');

/** Of the first boot, after the kernel's start. */
export const defaultTrialMinutes = 30;

const trialSchema = z.union([
  trialMinutes,
  z.strictObject({
    minutes: trialMinutes.default(defaultTrialMinutes),
    confirm: z
      .enum(['login', 'report'])
      .optional()
      .describe(
        '"login": only a person confirms it. "report": also an answer of report.url; without one, an sshd and a gateway that answer. ' +
          'By default "report" where nobody has to unlock anything, and where the configuration came from a server, by metadata ' +
          'or from a seed; otherwise "login"',
      ),
  }),
]);

/** Whether an installation writes the rescue entry if it can; by default not for a prebuilt system, which may not have the module for it. */
export const wantsRescue = ({
  rescue,
  storePath,
}: {
  rescue?: boolean | undefined;
  storePath?: string | undefined;
}): boolean => rescue ?? storePath === undefined;

export const systemSchema = z
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
      .default(nixosRelease.nixpkgs)
      .describe('flake reference of nixpkgs for the generated flake; by default, a stable release of NixOS'),
    storePath: storePath
      .optional()
      .describe('toplevel of a prebuilt system: dabei copies it and evaluates nothing'),
    diskoScript: storePath
      .optional()
      .describe(
        'with the layout "disko" and storePath: config.system.build.diskoScript or diskoScriptNoDeps of the prebuilt system',
      ),
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
    allowDisabledSsh: z
      .boolean()
      .default(false)
      .describe(
        'install a system whose SSH server is disabled (services.openssh.enable is false): there has to be another way to log in',
      ),
    rescue: z
      .boolean()
      .optional()
      .describe(
        'write this installer to each ESP, with an entry after the generations in the boot menu: a rescue system with the same addresses and keys; ' +
          'by default true, unless the ESP has no room or the system is prebuilt',
      ),
    trial: trialSchema
      .optional()
      .describe(
        'start the installed system on trial: unless somebody logs in so many minutes after its start, the machine restarts into its ' +
          `rescue system, and stays there. By default ${defaultTrialMinutes} where the machine gets a rescue entry and its system is not prebuilt; 0: no trial. Its limits count from the start of the kernel`,
      ),
    stateVersion: line(limits.word)
      .regex(/^\d\d\.\d\d$/, `is not a valid NixOS release, such as ${nixosRelease.name}`)
      .default(nixosRelease.name)
      .describe('NixOS release whose data formats the machine uses (system.stateVersion)'),
    impermanence: z
      .boolean()
      .default(false)
      .describe('empty the root file system at every boot; /persist, /home and /nix stay'),
  })
  .superRefine((system, context) => {
    const { trial = 0 } = system;
    if (!wantsRescue(system) && (typeof trial === 'number' ? trial : trial.minutes) !== 0)
      context.addIssue({
        code: 'custom',
        path: ['trial'],
        message: 'has no rescue system to return to; it requires "rescue": true',
      });
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
