import { canonicalName, type Parameter } from './command-line.ts';

/**
 * Explains why a network boot may have provided no configuration. With UEFI, the kernel requests from the loader
 * the one file that `initrd=` names (Documentation/admin-guide/efi-stub.rst); only under the name initrd.magic does iPXE
 * provide all of its files as one (iPXE, src/interface/efi/efi_file.c; since commit e5f0255 of May 2021; the first release is 2.0.0).
 * @param files how many configuration files came with the initrd
 * @returns a sentence for the person who is waiting for the installation, or null
 */
export function netbootNote(parameters: readonly Parameter[], files: number): string | null {
  const named = parameters.filter(({ name }) => name === 'initrd').map(({ value }) => value ?? '');
  const asked = parameters.some(({ name }) => /^(dabei\.|runtime_info$)/.test(canonicalName(name)));
  if (files > 0 || asked || named.length === 0 || named.includes('initrd.magic')) return null;
  return (
    `no configuration arrived with initrd=${named[0]}: on UEFI, iPXE passes only the named file; ` +
    'with iPXE of May 2021 or later write initrd=initrd.magic, with an older one append the configuration to the initrd on the server'
  );
}
