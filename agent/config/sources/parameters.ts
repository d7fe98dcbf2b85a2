import { DabeiError } from '../../errors.ts';
import { canonicalName, type Parameter } from './command-line.ts';
import { signerLines } from '../../keys/allowed-signers.ts';
import { authorizedLines, withoutBlanks } from '../../keys/authorized-keys.ts';
import { mediumValues, screenValues } from '../../screen/outputs.ts';
import { decodeBase64, decodeUtf8, unpack } from './decode.ts';

/** The kernel parameters that dabei supports, and the configuration that each of them sets. */

export interface ParameterKind {
  /** The documented name first, then the names of earlier installers. */
  names: readonly [string, ...string[]];
  /** The path that it sets in the configuration; "" for a whole configuration, null for what only this boot is about. */
  path: string | null;
  /** A description of the value, for docs/kernel-parameters.md. */
  value: string;
  /**
   * If the parameter is repeated: dabei joins the pieces, adds every value, or uses the last one; if a mistake would be costly,
   * all values must be the same.
   */
  repeated: 'joined' | 'added' | 'last' | 'same';
  /** The value is optional. */
  flag?: true;
  /** Converts the value to a configuration as plain JSON, or to the text of one. */
  read: (value: string) => { json: unknown; notes?: string[] } | { text: string };
}

export const parameterKinds: readonly ParameterKind[] = [
  {
    names: ['dabei.config', 'runtime_info'],
    path: '',
    value: 'the configuration in base64: plain, gzip or zstd',
    repeated: 'joined',
    read: value => ({ text: decodeUtf8(unpack(decodeBase64(value)), 'CONFIG_JSON') }),
  },
  {
    names: ['dabei.config_url'],
    path: 'configUrl',
    value: 'the address of a further configuration, such as `https://config.example.org/{mac}.json`',
    repeated: 'same',
    read: value => ({ json: { configUrl: value } }),
  },
  {
    names: ['dabei.config_sha256'],
    path: 'configSha256',
    value: 'the SHA-256 that it must have',
    repeated: 'same',
    read: value => ({ json: { configSha256: value.toLowerCase() } }),
  },
  {
    names: ['dabei.config_signer'],
    path: 'configSigners',
    value: 'one or more lines of allowed_signers in base64: it must have a signature by one of them',
    repeated: 'added',
    read: value => ({ json: { configSigners: signerLines(base64Text(value)) } }),
  },
  {
    names: ['dabei.config_ca'],
    path: 'configCa',
    value: 'certificates in PEM, in base64',
    repeated: 'same',
    read: value => ({ json: { configCa: base64Text(value) } }),
  },
  {
    names: ['dabei.config_deadline'],
    path: 'configDeadline',
    value: 'seconds after which dabei stops asking for it',
    repeated: 'last',
    read: value => ({ json: { configDeadline: /^\d{1,9}$/.test(value) ? Number(value) : value } }),
  },
  {
    names: ['dabei.metadata'],
    path: 'metadata',
    value: "`install`: a configuration in the provider's metadata may install; `off`: ask nobody",
    repeated: 'same',
    read: value => ({ json: { metadata: value } }),
  },
  {
    names: ['dabei.metadata_url'],
    path: 'metadataUrl',
    value: 'a server with metadata in the shape of EC2, such as `http://192.0.2.1:7080`',
    repeated: 'same',
    read: value => ({ json: { metadataUrl: value } }),
  },
  {
    names: ['dabei.metadata_secrets'],
    path: 'metadataSecrets',
    value: '`allow`: that configuration, or one on a seed, may have secrets',
    repeated: 'same',
    read: value => ({ json: { metadataSecrets: value } }),
  },
  {
    names: ['dabei.seed'],
    path: 'seed',
    value: '`install`: a configuration on a NoCloud volume or a config drive may install; `off`: read none',
    repeated: 'same',
    read: value => ({ json: { seed: value } }),
  },
  {
    names: ['dabei.time'],
    path: 'time',
    value: 'the time at the start of the machine, such as `2026-12-31T12:00:00Z`',
    repeated: 'last',
    read: value => ({ json: { time: value } }),
  },
  {
    names: ['dabei.hostname'],
    path: 'hostName',
    value: 'the host name',
    repeated: 'same',
    read: value => ({ json: { hostName: value } }),
  },
  {
    names: ['dabei.disks', 'disks'],
    path: 'disks',
    value: '`LAYOUT:DEVICE[,DEVICE]`, such as `single:/dev/disk/by-id/virtio-root`',
    repeated: 'same',
    read: value => ({ json: { disks: readDisks(value) } }),
  },
  {
    names: ['dabei.wipe'],
    path: 'disks.wipe',
    value: 'no value, `true` or `false`',
    repeated: 'same',
    flag: true,
    read: readWipe,
  },
  {
    // Somebody will have to type the passphrase, so it must be text.
    names: ['dabei.disk_key', 'disk_key'],
    path: 'disks.key',
    value: 'the passphrase in base64',
    repeated: 'same',
    read: value => ({ json: { disks: { key: secretText(value) } } }),
  },
  {
    names: ['dabei.flake', 'flake_url'],
    path: 'system.flake',
    value: 'a flake reference with attribute, such as `github:me/infra?dir=hosts#web-01`',
    repeated: 'same',
    read: value => ({ json: { system: { flake: value } } }),
  },
  {
    names: ['dabei.ssh_host_key', 'ssh_host_key'],
    path: 'ssh.hostKeys',
    value: 'a private host key in base64',
    repeated: 'added',
    read: value => ({ json: { ssh: { hostKeys: [secretText(value)] } } }),
  },
  {
    names: ['dabei.authorized_key', 'ssh_authorized_key'],
    path: 'rootAuthorizedKeys',
    value: 'one or more lines of authorized_keys in base64',
    repeated: 'added',
    read: value => ({ json: { rootAuthorizedKeys: authorizedLines(base64Text(value)).map(withoutBlanks) } }),
  },
  {
    names: ['dabei.mode'],
    path: 'mode',
    value: '`install`, `rescue` or `plan`',
    repeated: 'last',
    read: value => ({ json: { mode: value } }),
  },
  {
    // /init also reads "root", before anything else (image/rootfs/initramfs/init).
    names: ['dabei.console'],
    path: 'console.shell',
    value: '`root`, `password` or `off`; with `root`, dabei first discards the passphrase and private keys',
    repeated: 'same',
    read: value => ({ json: { console: { shell: value } } }),
  },
  {
    names: ['dabei.screen'],
    path: null,
    value:
      'the [status screen](media.md#the-status-screen): `on`, `serial`, `plain` or `off`; by default `on` from a medium, else `off`',
    repeated: 'last',
    read: value => oneOf(value, screenValues),
  },
  {
    names: ['dabei.medium'],
    path: null,
    value:
      '`iso` or `img`: the machine was started from `nix-dabei.iso` or `nix-dabei.img`; its menu sets this',
    repeated: 'last',
    read: value => oneOf(value, mediumValues),
  },
  {
    // INVARIANT: the last of all, so that it wins over every other source. The boot entry of a rescue system sets it: nothing that
    // the machine finds in a file, a seed or on a server may make an installation out of a rescue.
    names: ['dabei.rescue'],
    path: 'mode',
    value: 'no value: become a rescue system, whatever all other sources say',
    repeated: 'last',
    flag: true,
    read: () => ({ json: { mode: 'rescue' } }),
  },
];

/** Finds a parameter by its name or an earlier installer's name; dashes and underscores are equivalent. */
export function kindOf(parameter: Parameter): ParameterKind | undefined {
  const name = canonicalName(parameter.name);
  return parameterKinds.find(kind => kind.names.includes(name));
}

/** Whether a source of values (sources.ts) is a kernel parameter. Other sources are files, by their path, or the old system. */
export function isParameter(source: string): boolean {
  return kindOf({ name: source, value: null }) !== undefined;
}

function refuse(problem: string, remedy: string): DabeiError {
  return new DabeiError('CONFIG_PARAMETER', { doing: 'reading the kernel parameters', problem, remedy });
}

/** Whoever needs the value reads it from the command line (agent/screen/outputs.ts). */
function oneOf(value: string, known: readonly string[]): { json: unknown } {
  if (!known.includes(value))
    throw refuse(`is none of ${known.join(', ')}`, `write one of ${known.join(', ')}`);
  return { json: {} };
}

/** Keeps a byte order mark: secrets.ts reports and removes it, as for every secret. */
function secretText(value: string): string {
  return decodeUtf8(decodeBase64(value), 'CONFIG_PARAMETER', { keepMark: true });
}

function base64Text(value: string): string {
  return decodeUtf8(decodeBase64(value), 'CONFIG_PARAMETER');
}

function readWipe(value: string): { json: unknown } {
  const wipe = { '': true, '1': true, yes: true, true: true, '0': false, no: false, false: false }[value];
  if (wipe === undefined) throw refuse('is neither true nor false', 'write dabei.wipe=true');
  return { json: { disks: { wipe } } };
}

/** LAYOUT:DEV[,DEV]; only the first colon separates, since by-path names contain colons. */
function readDisks(value: string): unknown {
  const example = 'write LAYOUT:DEVICE[,DEVICE], such as single:/dev/disk/by-id/…';
  const [, layout = '', devices = ''] = /^([^:]*):(.*)$/s.exec(value) ?? [];
  if (!/^[\w-]+$/.test(layout) || devices === '') throw refuse('has no layout before the devices', example);
  return { layout: layout.replace(/^zfs[-_]/, ''), devices: devices.split(',') };
}
