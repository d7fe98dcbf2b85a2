import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { parseCommandLine } from '../../../agent/config/sources/command-line.ts';
import { bootMac } from '../../../agent/config/sources/url.ts';
import { readEngineFiles } from '../../vm/harness/rack/files.ts';
import { ironicParameters, ironicScripts } from '../../vm/harness/rack/ironic.ts';

/** docs/fleets/engines.md: the command lines that Ironic's boot interfaces make of what the document gives a node. */

const { ironic: parameters } = readEngineFiles();
const uuid = 'da6e1000-0000-4000-8000-000000000001';
const mac = '52:54:00:12:34:56';
const scripts = ironicScripts({ httpUrl: 'http://192.0.2.1:8080', uuid, mac, parameters });

/** As the document says of the other boot interfaces. */
const withoutBootif = parameters.replace(/ BOOTIF=\S+/, '');

/** What iPXE makes of the script: it replaces its own variables, and passes the rest of the line on. */
function lineOfIpxe(script: string): string {
  const line = /^kernel \S+ (.*) \|\| goto boot_ramdisk$/m.exec(script)?.[1] ?? '';
  return line.replaceAll('${netX/mac:hexhyp}', mac.replaceAll(':', '-'));
}

const rows: [bootInterface: string, commandLine: string, booted: string | null][] = [
  ['ipxe', lineOfIpxe(scripts['pxelinux.cfg/52-54-00-12-34-56'] ?? ''), mac],
  ['pxe, by pxelinux', `BOOT_IMAGE=${uuid}/kernel initrd=${uuid}/ramdisk ${ironicParameters} ${withoutBootif}`, null],
  ['pxe, by GRUB', `BOOT_IMAGE=${uuid}/kernel ${ironicParameters} ${withoutBootif}`, null],
  ['redfish-virtual-media, with kernel and ramdisk', `root=/dev/ram0 text ${withoutBootif}`, null],
]; // prettier-ignore

for (const [bootInterface, commandLine, booted] of rows)
  t.test(bootInterface, async t => {
    t.match(commandLine, /^(BOOT_IMAGE=\S+ )?(initrd=\S+ )?root=\/dev\/ram0 text .*dabei\.config_url=/);
    const { problems, notes, mode, fetch } = resolveConfiguration({ commandLine, files: [] });
    t.strictSame(problems, []);
    t.strictSame(notes, []);
    t.equal(mode, 'install');
    t.match(fetch, { template: 'https://192.0.2.10/{mac}.json' });
    const bootif = parseCommandLine(commandLine).find(({ name }) => name === 'BOOTIF')?.value ?? '';
    t.equal(bootMac(bootif), booted, 'the card that it started from, or each with a carrier');
  });
