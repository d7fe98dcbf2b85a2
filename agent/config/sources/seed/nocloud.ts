import { parseCommandLine } from '../command-line.ts';
import { at, parseAnswer } from '../metadata/answers.ts';
import { cloudNetwork } from '../metadata/cloud-network.ts';
import type { Reading } from '../metadata/learnt.ts';
import type { Answers, Dmi, MetadataSource } from '../metadata/source.ts';
import { percentEncoded } from '../url.ts';

/**
 * cloud-init's NoCloud (cloud-init, "NoCloud"): the files meta-data, user-data and network-config, on a volume or on a server that the
 * firmware's serial number or the kernel line names. Pure.
 */
export function readNoCloud({ metadata, userData, network }: Answers): Reading {
  const notes: string[] = [];
  const meta = parseAnswer(metadata, 'YAML', 'meta-data', notes);
  const keys = at(meta, 'public-keys') ?? at(meta, 'public_keys');
  return {
    hostName: at(meta, 'local-hostname') ?? at(meta, 'hostname'),
    // A text, a list, or an object of either by the keys' names.
    keys: typeof keys === 'object' && keys !== null ? Object.values(keys).flat() : keys,
    network: cloudNetwork(parseAnswer(network, 'YAML', 'network-config', notes), notes),
    userData,
    notes,
  };
}

/** Names in a seed's address ("__dmi.NAME__"; cloudinit/dmi.py), and where they are in sysfs. */
const dmiNames: Readonly<Record<string, string>> = {
  'baseboard-manufacturer': 'board_vendor',
  'baseboard-serial-number': 'board_serial',
  'bios-vendor': 'bios_vendor',
  'bios-version': 'bios_version',
  'chassis-asset-tag': 'chassis_asset_tag',
  'chassis-manufacturer': 'chassis_vendor',
  'chassis-serial-number': 'chassis_serial',
  'system-manufacturer': 'sys_vendor',
  'system-product-name': 'product_name',
  'system-serial-number': 'product_serial',
  'system-uuid': 'product_uuid',
  'system-version': 'product_version',
};

/** "ds=nocloud;s=http://192.0.2.1/seed/" or "ds=nocloud-net;seedfrom=…;h=web-01" */
const sign = /^nocloud(-net)?((;[^;]*)*)$/;

/** @returns null unless firmware or kernel line name a server of http or https */
export function noCloudSource(dmi: Dmi, commandLine: string): MetadataSource | null {
  const { product_serial: serial = '' } = dmi;
  const parameters = parseCommandLine(commandLine).filter(({ name }) => name === 'ds');
  const given = [/^ds=(.*)$/.exec(serial.trim())?.[1] ?? '', ...parameters.map(({ value }) => value ?? '')];
  const options = given.map(word => sign.exec(word)?.[2]).find(found => found !== undefined);
  const entries = (options ?? '').split(';').map((option): [string, string] => {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(option) ?? [];
    return [name, value];
  });
  const values = new Map(entries);
  const filled = (whole: string, name: string) => {
    const value = dmi[dmiNames[name] ?? ''];
    // As it is, the address would be in the address itself.
    return value === undefined || value.startsWith('ds=') ? whole : percentEncoded(value);
  };
  const address = (values.get('s') ?? values.get('seedfrom') ?? '').replaceAll(/__dmi\.([a-z-]+)__/g, filled);
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) return null;
  // "http://h/seed?id=7&file=": the name of the file ends it (cloudinit/util.py, read_seeded).
  const slash = new URL(address).search === '' ? '/' : '';
  const base = slash === '' ? address : address.replace(/\/*$/, '');
  const hostName = values.get('h') ?? values.get('local-hostname');
  return {
    name: `NoCloud at ${new URL(base).origin}`,
    signs: [],
    origins: [base],
    questions: { metadata: `${slash}meta-data`, userData: `${slash}user-data`, network: `${slash}network-config` },
    gives: ['hostName', 'rootAuthorizedKeys', 'network'],
    decode: answers => {
      const reading = readNoCloud(answers);
      return { ...reading, hostName: reading.hostName ?? hostName };
    },
  };
} // prettier-ignore
