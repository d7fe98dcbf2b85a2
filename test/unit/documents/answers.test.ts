import { readFileSync } from 'node:fs';
import t from 'tap';
import { checkout } from '../../../image/lib/host.ts';

/** Inputs of which people ask what happens: each has its answer in a document. */

const answers: [question: string, document: string, answer: RegExp][] = [
  ['copies of BlueStore labels', 'disks', /copies at 1, 10, 100 and 1000 GiB are zeroed/],
  ['kernel parameters of the old system', 'kexec', /With `--keep-parameters` it passes them to the new kernel and, as `kernelParams`/],
  ['ip= without a gateway', 'kernel-parameters', /`ip=192\.0\.2\.34\/24:192\.0\.2\.254`.* no IPv4 default route/],
  ['another port of sshd', 'kexec', /`Port`, or the one of your connection +\| `ssh\.port`, unless the configuration gives one/],
  ['a host certificate', 'kexec', /`HostCertificate` +\| presented again .* an installed system does not have it/],
  ['a sha256sum that ends with 0 on FAILED', 'kexec', /begins only after `sha256sum -c` has printed `OK` for every file.*uutils print `FAILED` and end with 0/],
  ['two paths to one disk', 'disks', /two ports \(multipath\) appears twice: dabei refuses it as two members/],
  ['two NVMe disks of one EUI', 'disks', /`nvme-eui\.…` or `wwn` alone does not select a disk beside an NVMe disk that has no such id/],
  ['a default route that no packet takes', 'kexec', /counts a default route only if the new system would use it/],
  ["disko's script without its tools", 'nixos-anywhere', /They are in the bundle: for GPT .*LVM, btrfs, `parted` and `sfdisk` are in the file `tools` .* these names print a sentence and end with 127/],
  ['hardware for nixos-anywhere', 'nixos-anywhere', /--generate-hardware-config nixos-generate-config FILE` and `… nixos-facter FILE`: dabei answers under both names/],
  ['rsync and curl', 'nixos-anywhere', /`rsync` and `curl` are not in the image: send a directory with `tar -C/],
  ['where a secret on the command line can be read', 'kernel-parameters', /own log, which `dmesg` shows only to root, contains the command line/],
  ["a receiver that hangs", "fleets", /If the receiver hangs, refuses or fails, dabei warns once and continues/],
  ['a token in an address', 'system/own-flake', /dabei refuses it in `system\.flake`, `system\.nixpkgs` and `system\.substituters`/],
  ['an image on the disk that it installs over', 'media/raw-image', /`"only"`, a size or a model never match a disk with `nix-dabei\.img`/],
  ['an image on a disk with sectors of 4096 bytes', 'media/raw-image', /Sectors of 4096 bytes do not work\*\* \(`LOG-SEC`\): .*firmware finds neither/],
]; // prettier-ignore

t.test('what happens is written down', async t => {
  for (const [question, document, answer] of answers)
    t.match(readFileSync(checkout(`docs/${document}.md`), 'utf8').replace(/\s+/g, ' '), answer, question);
});
