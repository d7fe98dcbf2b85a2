import { createHash, randomBytes } from 'node:crypto';
import { asDabeiError, DabeiError, type ErrorCode } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { readStatus } from '../../host/status.ts';
import {
  judgeText,
  leastWaitSeconds,
  openAnswer,
  type Asked,
  type Judgement,
} from '../../plan/report/answer.ts';
import { event } from '../../plan/report/event.ts';
import { redact } from '../../plan/report/redaction.ts';
import { renderPlan } from '../../plan/plan.ts';
import { verifySignature } from '../fetch/config-signature.ts';
import type { Session } from '../sequence.ts';
import { post } from './post.ts';
import { destinationOf, reportSource } from './source.ts';

/** An operator's last word before the disks are erased. */

/** For one question, from the connection to the last byte of the answer. */
const longestTrySeconds = 30;
const directory = '/run/dabei/ask';
const doing = 'asking whether to erase the disks';
const safe = 'the disks are unchanged; "dabei install" asks again';

/**
 * Asks the receiver of the reports until it answers "continue".
 * @throws DabeiError REPORT_ASK_REFUSED, REPORT_ASK_SILENT or REPORT_ASK_UNVERIFIED
 */
export async function ask(doors: Doors, session: Session): Promise<void> {
  const { clock, log } = doors;
  const { config } = session.resolution;
  const to = destinationOf(session);
  const deadlineSeconds = config?.report?.ask?.deadline;
  if (to === null || deadlineSeconds === undefined || session.plan === undefined) return;
  const signers = config?.configSigners ?? [];
  const signed = !/^https:/i.test(to.url);
  if (signed && signers.length === 0) throw refusal('REPORT_ASK_UNVERIFIED', `${to.url} is plain HTTP, and nobody may sign its answers`);

  const started = clock.uptimeSeconds();
  const elapsed = () => clock.uptimeSeconds() - started;
  const { asked, question } = await questionOf(doors, session);
  log({ event: 'note', text: `asking ${to.url} whether to erase the disks (plan ${asked.plan}), for at most ${deadlineSeconds} s` });
  for (let told = ''; ;) {
    const tryLimit = Math.max(1, Math.min(longestTrySeconds, deadlineSeconds - elapsed()));
    const opened = openAnswer(await post(doors, to, question, tryLimit), signed);
    const judged = opened.kind === 'answer'
      ? await judge(doors, opened, asked, signers)
      : opened;
    if (judged.kind === 'continue') return;
    if (judged.kind === 'refused') throw refusal('REPORT_ASK_REFUSED', `${to.url}: ${judged.why}`);
    const [seconds, why] = judged.kind === 'wait'
      ? [judged.seconds, 'it said to wait']
      : [leastWaitSeconds, judged.why];
    if (elapsed() + seconds >= deadlineSeconds)
      throw refusal('REPORT_ASK_SILENT', `${to.url}: no "continue" in ${deadlineSeconds} s; at last: ${why}`);
    if (why !== told) log({ event: 'note', text: `${to.url}: ${why}; dabei asks again` });
    told = why;
    await clock.sleep(seconds);
  }
} // prettier-ignore

function refusal(code: ErrorCode, problem: string): DabeiError {
  return new DabeiError(code, { doing, problem, remedy: safe });
}

async function questionOf(doors: Doors, session: Session): Promise<{ asked: Asked; question: object }> {
  const source = reportSource(doors, session);
  const plan = session.plan!;
  const secrets = source.secrets();
  // What is hashed is what is sent: nobody should have to trust the machine about its hash.
  const text = redact(renderPlan(plan), secrets);
  const asked = {
    nonce: randomBytes(16).toString('hex'),
    plan: createHash('sha256').update(text).digest('hex'),
  };
  const disks = plan.members.map(({ path, serial, wwn, model, sizeBytes }) => ({ path, serial, wwn, model, sizeBytes })); // prettier-ignore
  const facts = {
    ...event('dabei/ask', 'may dabei erase the disks?', doors.clock.epochSeconds()),
    ...{ event_type: 'ask', machine: await source.machine(), disks },
    host_keys: readStatus(doors)?.hostKeys ?? [],
  };
  return { asked, question: { ...redact(facts, secrets), ...asked, plan_text: text } };
}

async function judge(
  doors: Doors,
  { text, signature, waitSeconds }: { text: string; signature: string | null; waitSeconds: number },
  asked: Asked,
  signers: readonly string[],
): Promise<Judgement> {
  const { files } = doors;
  if (signature !== null) {
    const paths = { signers: `${directory}/allowed_signers`, signature: `${directory}/signature` };
    files.makeDirectory(directory, 0o700);
    files.writeAtomic(paths.signers, signers.map(line => `${line}\n`).join(''), 0o600);
    files.writeAtomic(paths.signature, signature, 0o600);
    try {
      await verifySignature(doors, Buffer.from(text), paths, { epochSeconds: null });
    } catch (thrown) {
      return { kind: 'refused', why: `the signature of the answer: ${asDabeiError(thrown, doing).problem}` };
    }
  }
  return judgeText(text, asked, waitSeconds);
}
