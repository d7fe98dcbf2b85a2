import { BuildError, describeFailure } from '../../lib/errors.ts';
import { dabeiImage, Refused } from './command.ts';

/** The program `dabei-image.mjs`; image/media/reserved/program.ts bundles it. Exit codes: 1 refused, 2 wrong command line. */
try {
  for (const line of dabeiImage(process.argv.slice(2))) process.stdout.write(`${line}\n`);
} catch (thrown) {
  const reasons = thrown instanceof Refused ? thrown.reasons : [thrown];
  for (const reason of reasons) process.stderr.write(`${describeFailure(reason)}\n`);
  process.exitCode = thrown instanceof BuildError && thrown.code === 'USAGE' ? 2 : 1;
}
