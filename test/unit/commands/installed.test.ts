import t from 'tap';
import { trialWords } from '../../../agent/commands/installed.ts';
import type { ConfigInput } from '../../../agent/config/schema.ts';
import { Secret } from '../../../agent/secret.ts';
import { makePlan } from '../../../agent/plan/plan.ts';
import type { Session } from '../../../agent/stages/sequence.ts';
import { paths } from '../../../agent/paths.ts';
import { doorsTo } from '../../support/doors.ts';
import { disk, facts } from '../../fixtures/disks.ts';
import { config } from '../plan/example.ts';

/** The session of an installation that was planned with this system. */
function session(system: ConfigInput['system'], encryption: 'none' | undefined): Session {
  const given = config({
    disks: { devices: ['/dev/vda'], ...(encryption ? { encryption } : { key: 'correct horse battery' }) },
    ...(system && { system }),
  });
  const measured = facts([disk({ path: '/dev/vda' })], { rescueBytes: 2 ** 25 });
  const plan = makePlan(given, measured, new Secret(Buffer.alloc(32, 7)));
  return { resolution: { config: given }, facts: measured, plan } as unknown as Session;
}

t.test('until when to log in, and what happens otherwise', async t => {
  const rows: [name: string, system: ConfigInput['system'], encryption: 'none' | undefined, expected: RegExp][] = [
    ['no trial', { trial: 0 }, undefined, /^$/],
    ['by default', {}, undefined, /^; it is on trial: log in within 30 minutes /],
    ['a person unlocks it', { rescue: true, trial: 45 }, undefined, /^; it is on trial: log in within 45 minutes of its start, unlocking it over SSH counts, or it restarts .* port 2222 with the host key of stage 1, and stays; this machine has no hardware watchdog: if the first boot hangs, /],
    ['nobody has to', { rescue: true, trial: 45 }, 'none', /^; it is on trial: unless sshd and a gateway answer within 45 minutes of its start, it restarts/],
    ['nobody is there', { rescue: true, trial: { confirm: 'report' } }, undefined, /^; it is on trial: a login confirms it, and so does the unlocked system once sshd and a gateway answer; without a network in stage 1, it restarts/],
  ]; // prettier-ignore
  for (const [name, system, encryption, expected] of rows) {
    const planned = session(system, encryption);
    t.match(trialWords(doorsTo(t.testdir()), planned), expected, name);
    const without = doorsTo(t.testdir(), {
      files: { [paths.noTrial]: 'the boot menu does not know of it\n' },
    });
    t.equal(trialWords(without, planned), '', `${name}: it could not be begun`);
    const hasStep = planned.plan!.stages['boot-loader'].some(({ kind }) => kind === 'trial');
    t.equal(hasStep, name !== 'no trial', `${name}: the plan has its step`);
    t.equal(planned.plan!.summary.some(line => line.startsWith('first boot on trial')), hasStep, name); // prettier-ignore
  }
});
