/**
 * What Ironic's conductor serves for a node whose deploy interface is `ramdisk` (ironic 29.0.5: ironic/common/pxe_utils.py and the
 * templates in ironic/drivers/modules; run once, with fake hardware): of its scripts, the lines that such a machine comes by.
 */
export interface IronicNode {
  /** `[deploy]http_url` of the conductor, without a slash at the end. */
  httpUrl: string;
  uuid: string;
  /** Of its port: lower case, with colons. */
  mac: string;
  /** `ramdisk_kernel_arguments` of its instance_info. */
  parameters: string;
}

/** What stands before them: the templates' own words, `[pxe]kernel_append_params` as it is by default, and the number of the request. */
export const ironicParameters =
  'root=/dev/ram0 text nofb vga=normal ipa-global-request-id=req-4340e7a4-20b4-44aa-82c0-25764cb6b1f0';

/** The boot interface `ipxe`. @returns texts by their paths below `[deploy]http_root`; DHCP names boot.ipxe */
export function ironicScripts({ httpUrl, uuid, mac, parameters }: IronicNode): Record<string, string> {
  const node = `${httpUrl}/${uuid}`;
  const again = '|| goto boot_ramdisk';
  return {
    'boot.ipxe': '#!ipxe\nchain pxelinux.cfg/${mac:hexhyp}\n',
    [`pxelinux.cfg/${mac.replaceAll(':', '-')}`]: `#!ipxe
goto boot_ramdisk
:boot_ramdisk
imgfree
kernel ${node}/kernel ${ironicParameters} ${parameters} initrd=ramdisk ${again}
initrd ${node}/ramdisk ${again}
boot
`,
  };
}
