import { checkout } from '../../../../image/lib/host.ts';
import * as files from '../../../../image/lib/files.ts';

/** The files of docs/fleets/rack.md, as they stand there: what is tested is what people copy. */
export interface RackFiles {
  dnsmasq: string;
  nginx: string;
  /** Of a cache in front of it, at another address. */
  front: string;
  /** The iPXE script. */
  script: string;
  /** JSON: for all machines, and for one. */
  rack: string;
  machine: string;
}

/** The server's address in them. */
export const rackAddress = '10.77.0.1';
export const frontAddress = '10.77.0.2';
export const rackInterface = 'eth1';
/** Where they keep what they serve. */
export const rackDirectory = '/srv';

export function readRackFiles(): RackFiles {
  const text = files.readText(checkout('docs/fleets/rack.md'));
  const under = (heading: string): string => {
    const block = new RegExp(`^## ${heading}[^\\n]*\\n[^]*?^\`\`\`\\w*\\n([^]*?)^\`\`\`$`, 'm').exec(
      text,
    )?.[1];
    if (block === undefined) throw new Error(`docs/fleets/rack.md has no block under ${heading}`);
    return block;
  };
  return {
    dnsmasq: under('DHCP and TFTP'),
    nginx: under('HTTP'),
    front: under('A cache in front'),
    script: under('The script for all machines'),
    rack: under('The same for all'),
    machine: under('One for each'),
  };
}

/** What docs/fleets/engines.md gives: matchbox's profile, Tinkerbell's object of a machine, and parameters for a node of Ironic. */
export function readEngineFiles(): { matchbox: string; tinkerbell: string; ironic: string } {
  const text = files.readText(checkout('docs/fleets/engines.md'));
  const under = (heading: string) =>
    new RegExp(`^## ${heading}\\n[^]*?^\`\`\`json\\n([^]*?)^\`\`\`$`, 'm').exec(text)?.[1] ?? '';
  const ironic = /ramdisk_kernel_arguments='([^']+)'/.exec(text)?.[1] ?? '';
  return { matchbox: under('matchbox'), tinkerbell: under('Tinkerbell'), ironic };
}

/** The code of the receiver in docs/fleets.md. */
export function readReceiver(): string {
  const text = files.readText(checkout('docs/fleets.md'));
  const block = /^```js\n(\/\/ TOKEN=[^]*?)^```$/m.exec(text)?.[1];
  if (block === undefined) throw new Error('docs/fleets.md has no receiver');
  return block;
}
