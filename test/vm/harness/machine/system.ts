/** What the firmware says of an emulated machine. */
export interface System {
  /** SMBIOS, type 1. */
  serial?: string;
  vendor?: string;
  product?: string;
  /** Credentials of systemd in fw_cfg (systemd(1)): name -> text. */
  credentials?: Readonly<Record<string, string>>;
}

/** Everything that QEMU puts into a comma-separated option: a comma in a value is doubled. */
export function option(head: string, properties: Record<string, string | number | undefined>): string {
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return [head, ...given.map(([name, value]) => `${name}=${String(value).replaceAll(',', ',,')}`)].join(',');
}

export function systemArguments({ serial, vendor, product, credentials = {} }: System): string[] {
  const texts = { manufacturer: vendor, product, serial };
  const isNamed = Object.values(texts).some(text => text !== undefined);
  return [
    ...(isNamed ? ['-smbios', option('type=1', texts)] : []),
    ...Object.entries(credentials).flatMap(([name, text]) => [
      '-fw_cfg',
      option(`name=opt/io.systemd.credentials/${name}`, { string: text }),
    ]),
  ];
}
