import { checkout } from '../../../../image/lib/host.ts';
import * as files from '../../../../image/lib/files.ts';

/** The files of docs/fleets/rack.md, as they stand there: what is tested is what people copy. */
export interface RackFiles {
  dnsmasq: string;
  nginx: string;
  /** The iPXE script. */
  script: string;
  /** JSON: for all machines, and for one. */
  rack: string;
  machine: string;
}

/** The server's address in them. */
export const rackAddress = '10.77.0.1';
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
    script: under('The script for all machines'),
    rack: under('The same for all'),
    machine: under('One for each'),
  };
}

/** The code of the receiver in docs/fleets.md. */
export function readReceiver(): string {
  const text = files.readText(checkout('docs/fleets.md'));
  const block = /^```js\n(\/\/ TOKEN=[^]*?)^```$/m.exec(text)?.[1];
  if (block === undefined) throw new Error('docs/fleets.md has no receiver');
  return block;
}
