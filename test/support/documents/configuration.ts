import { z } from 'zod';
import { configSchema } from '../../../agent/config/schema.ts';
import { parameterKinds } from '../../../agent/config/sources/parameters.ts';
import { table } from './table.ts';

/**
 * docs/configuration.md, docs/settings/network.md and docs/kernel-parameters.md: from the schema's descriptions and the table of
 * kernel parameters.
 */

/** What of JSON Schema (draft 2020-12) zod writes for the configuration. */
interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
}

const introduction = `# Configuration

<!-- Generated from agent/config/schema.ts by test/unit/documents/configuration.test.ts. -->

A configuration is JSON. Every setting is optional, except that an installation needs \`disks\` and, unless the system comes from your
own flake or a binary cache, \`rootAuthorizedKeys\`. Unknown settings are errors. [config.schema.json](config.schema.json) is the
complete JSON Schema, for editors.

\`\`\`json
{
  "hostName": "web-01",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me@laptop"
  ],
  "disks": { "devices": [{ "serial": "S4EVNX0R" }], "key": "correct horse battery staple" }
}
\`\`\`

## Sources

dabei merges these sources. Later sources override earlier ones; host keys and authorized keys accumulate.

1. Provider metadata and seeds: host name, authorized keys and addresses that nothing else gives ([metadata](metadata.md)).
2. What \`run\` captured from the old system: addresses, routes, name servers, host name, host keys, authorized keys.
3. \`/dabei.json\` in the root of the initramfs. \`run --config FILE\` and iPXE put it there, and so does any cpio archive appended to the
   initrd. Only root can read it, and it never appears on a command line: put secrets here.
4. The [kernel parameters](kernel-parameters.md) \`ip\` and \`nameserver\`.
5. The file at \`configUrl\`, if another source gives that address ([fleets](fleets.md#one-kernel-line-for-many-machines)).
6. The kernel parameter \`dabei.config\`, then those for single settings.

\`dabei plan --config FILE\` and \`dabei install --config FILE\` read FILE in place of all but 2.

\`config…\`, \`metadata…\`, \`seed\` and \`time\` cannot be in the file at \`configUrl\`. Its \`mode\` counts only if no other source gives one; with
\`mode\` "rescue", dabei fetches nothing. Lines of \`/dabei/allowed_signers\` in the initramfs are added to \`configSigners\`.

All problems are reported together, each with its source, line and column. If a configuration has problems, dabei installs nothing,
but still uses its valid network settings, host keys and authorized keys, so that the machine stays reachable.`;

const networkIntroduction = `# Settings of the network

<!-- Generated from agent/config/schema.ts by test/unit/documents/configuration.test.ts. -->

The objects below \`network\` of a [configuration](../configuration.md#network).`;

const parametersIntroduction = `# Kernel parameters

<!-- Generated from agent/config/sources/parameters.ts by test/unit/documents/configuration.test.ts. -->

dabei reads these parameters of the kernel's command line. [Configuration](configuration.md) describes the settings, and which
source overrides which.`;

const afterParameters = `A parameter that begins with \`dabei.\` and is not in this list is an error. Dashes and underscores are the same. The kernel reads
at most 2,047 bytes of its command line.

In \`ip=192.0.2.34/24:192.0.2.254\`, the second field is a server, not a gateway: the machine gets an address and no IPv4 default route.
dabei says so in a note. The gateway is the third field.

**Root of the running installer can read a passphrase on the command line**, and so can whoever serves or records the boot. dabei
hides it as far as possible: \`/proc/cmdline\` shows \`[redacted]\`, no other process inherits it, and dabei logs it nowhere. The kernel's
own log, which \`dmesg\` shows only to root, contains the command line. Put secrets into \`/dabei.json\`.`;

const repetition = {
  joined: 'the pieces are joined',
  added: 'all are used',
  last: 'the last one is used',
  same: 'must be the same',
};

/** @returns the whole document, as prettier leaves it */
export function configurationDocument(): string {
  const schema = inputSchema();
  return [
    introduction,
    '',
    '## Settings',
    '',
    'Sizes are a number of bytes, or text with a unit: `"512MiB"`, `"8GiB"`.',
    '',
    'Those below `network` have [a document of their own](settings/network.md).',
    '',
    ...sections('', schema, path => !isOfNetwork(path)),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

/** @returns docs/settings/network.md, as prettier leaves it */
export function networkDocument(): string {
  const shown = sections('', inputSchema(), isOfNetwork);
  return [networkIntroduction, '', ...shown].join('\n').replace(/\n+$/, '\n').replaceAll(/^### /gm, '## ');
}

const isOfNetwork = (path: string) => path.startsWith('network.');

/** @returns docs/kernel-parameters.md, as prettier leaves it */
export function parametersDocument(): string {
  return [
    parametersIntroduction,
    '',
    ...table(['parameter', 'also', 'sets', 'value', 'given more than once'], parameterRows()),
    '',
    afterParameters,
    '',
  ].join('\n');
}

/** Paths of settings without a description, which the document cannot explain. */
export function undescribed(): string[] {
  const schema = inputSchema();
  return objects('', schema).flatMap(({ path, properties }) =>
    Object.entries(properties).flatMap(([name, { description }]) =>
      description === undefined ? [`${path}.${name}`] : [],
    ),
  );
}

/** zod leaves out the defaults of values that it transforms, which are of the other type: here they are what is read. */
function inputSchema(): Schema {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'default') jsonSchema.default = def.defaultValue;
    },
  }) as Schema;
}

interface Section {
  path: string;
  properties: Record<string, Schema>;
  required: readonly string[];
}

/** Every object of the schema, outer ones first. */
function objects(path: string, schema: Schema): Section[] {
  const { properties, required = [] } = schema;
  if (properties !== undefined) {
    const inner = Object.entries(properties).flatMap(([name, value]) =>
      objects(path === '' ? name : `${path}.${name}`, value),
    );
    return [{ path, properties, required }, ...inner];
  }
  if (schema.items !== undefined) return objects(`${path}[]`, schema.items);
  return (schema.anyOf ?? []).flatMap(choice => objects(path, choice));
}

/** An object that another section has shown already, such as a route's, is only referred to. */
function sections(root: string, schema: Schema, isWanted: (path: string) => boolean): string[] {
  const shown = new Map<string, string>();
  const wanted = objects(root, schema).filter(({ path }) => isWanted(path));
  return wanted.flatMap(({ path, properties, required }) => {
    const rows = Object.entries(properties).map(([name, value]) => [
      `\`${name}\`${required.includes(name) ? ' (required)' : ''}`,
      typeOf(value),
      defaultOf(value),
      value.description ?? '',
    ]);
    const same = shown.get(JSON.stringify(rows));
    shown.set(JSON.stringify(rows), path);
    const name = path === '' ? 'Top level' : `\`${path}\``;
    if (same !== undefined) return [`### ${name}, as \`${same}\``, ''];
    const heading = [`### ${name}`, ''];
    return [...heading, ...table(['setting', 'value', 'default', 'meaning'], rows), ''];
  });
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.properties !== undefined) return 'object';
  if (schema.items !== undefined) return `list of ${plural(typeOf(schema.items))}`;
  if (schema.type === 'integer') return integer(schema);
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.pattern?.includes('KiB|MiB') === true) return 'size';
  return 'text';
}

function plural(type: string): string {
  return type.replaceAll(/\b(object|text)\b/g, '$1s');
}

/** The least and the largest value, where they are a limit of its own and not that of a 64-bit float. */
function integer({ minimum = -Infinity, maximum = Infinity }: Schema): string {
  const bounded = [minimum, maximum].map(bound => Math.abs(bound) < Number.MAX_SAFE_INTEGER);
  if (bounded[0] && bounded[1]) return `${minimum} to ${maximum}`;
  return bounded[0] ? `number from ${minimum}` : 'number';
}

/** Defaults of whole objects follow from those of their settings. */
function defaultOf(schema: Schema): string {
  const value = schema.default;
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return '';
  if (typeof value === 'number' && value !== 0 && value % 2 ** 20 === 0) return code(`${value / 2 ** 20}MiB`);
  return code(value);
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function parameterRows(): string[][] {
  const rows = parameterKinds.map(({ names: [name, ...others], path, value, repeated }) => [
    `\`${name}\``,
    others.map(other => `\`${other}\``).join(', '),
    path === null ? 'nothing' : path === '' ? 'everything' : `\`${path}\``,
    value,
    repetition[repeated],
  ]);
  const kernel = "the kernel's own syntax (nfsroot.rst)";
  return [
    ...rows,
    [
      '`ip`',
      '',
      '`network`',
      `${kernel}, \`ip=192.0.2.7::192.0.2.1:255.255.255.0::eth0:off\``,
      repetition.added,
    ],
    ['`nameserver`', '', '`network.dns`', 'an address', repetition.added],
  ];
}
