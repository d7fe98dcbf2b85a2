import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setup } from '../../../agent/commands/setup.ts';
import { asDabeiError, formatError, reasonsOf } from '../../../agent/errors.ts';
import { openTerminal } from '../../../agent/host/terminal/terminal.ts';
import { doorsTo } from '../doors.ts';

/**
 * `dabei setup` at a real terminal, on a machine that is a directory: node run-setup.ts ROOT [--config FILE]. Leaves in ROOT/ran and
 * ROOT/told what was started and reported.
 */

const [root = '', , config] = process.argv.slice(2);
const doors = doorsTo(root, { network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0' } });
const terminal = openTerminal();
if (terminal === null) throw new Error('there is no terminal');
try {
  process.exitCode = await setup(doors, terminal, { config, save: '/run/dabei/setup.json' });
} catch (thrown) {
  for (const reason of reasonsOf(asDabeiError(thrown, 'testing')))
    process.stderr.write(`${formatError(reason)}\n`);
  process.exitCode = 1;
}
writeFileSync(join(root, 'ran'), doors.ran.join('\n'));
writeFileSync(join(root, 'told'), JSON.stringify(doors.told));
