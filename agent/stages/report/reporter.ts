import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import type { LogEntry } from '../../host/log.ts';
import {
  eventMaker,
  lastEvent,
  type LastWords,
  type Occurrence,
  type ReportEvent,
  type Reporter as Machine,
} from '../../plan/report/event.ts';
import { judgeDelivery, mostAttempts, mostQueued, reportLimits } from '../../plan/report/delivery.ts';
import { redact } from '../../plan/report/redaction.ts';
import { post, type Destination } from './post.ts';

/**
 * Sends what is logged to whoever the configuration names, beside the stages: no stage waits for it, and no failure of it is one of
 * the installation.
 */
export interface Reporting {
  /** The same doors; what is logged through them is reported, too. */
  doors: Doors;
  /** Reports what is still queued, then the last words; gives up after a limit. */
  finish: (words: Omit<LastWords, 'duration'>) => Promise<void>;
}

export interface ReportSource {
  /** Looked at again for each event: a configuration that arrives may name another receiver. null: nobody is named. */
  destination: () => Destination | null;
  /** Secrets that must not leave the machine. */
  secrets: () => readonly Buffer[];
  machine: () => Promise<Machine>;
}

const firstWaitSeconds = 1;
const longestWaitSeconds = 8;

/** @param isOnline the network works already; else events wait until the stage "network" has ended */
export function startReports(
  doors: Doors,
  source: ReportSource,
  { isOnline = false, limits = reportLimits } = {},
): Reporting {
  const { clock, log: tell } = doors;
  const queue: ReportEvent[] = [];
  const make = eventMaker(() => source.destination()?.level ?? 'info');
  let online = isOnline;
  let warned = false;
  let lost = 0;
  /** Uptime at which dabei gives up; null before the end. */
  let endsAt: number | null = null;
  let isSending = false;
  let sending: Promise<void> = Promise.resolve();
  let machine: Promise<Machine> | undefined;

  const warnOnce = (url: string, why: string) => {
    if (!warned) tell({ event: 'warning', text: `reporting to ${url}: ${why}; dabei continues without it` });
    warned = true;
  };
  const isLast = (event: ReportEvent) => endsAt !== null && queue.at(-1) === event;

  const deliver = async (event: ReportEvent, to: Destination): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const left = endsAt === null ? Infinity : endsAt - clock.uptimeSeconds();
      const seconds = Math.max(0.1, Math.min(limits.trySeconds, left));
      const whole = {
        ...event,
        machine: await (machine ??= source.machine()),
        ...(isLast(event) ? { events_lost: lost } : {}),
      };
      const value = redact(whole, source.secrets());
      const delivery = judgeDelivery(await post(doors, to, value, seconds));
      if (delivery.kind === 'delivered') return;
      warnOnce(to.url, delivery.why);
      const wait = Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** (attempt - 1));
      const patience = isLast(event)
        ? clock.uptimeSeconds() + wait < endsAt!
        : endsAt === null && attempt < mostAttempts;
      if (delivery.kind === 'refused' || !patience) {
        lost++;
        // At the end, what came before the last event must not take its time.
        if (endsAt !== null && !isLast(event)) lost += queue.splice(1, queue.length - 2).length;
        return;
      }
      await clock.sleep(wait);
    }
  };

  const send = async (): Promise<void> => {
    try {
      for (let event = queue[0]; event !== undefined; event = queue[0]) {
        const to = source.destination();
        if (to === null) return;
        await deliver(event, to);
        if (queue[0] === event) queue.shift();
      }
    } catch (thrown) {
      tell({ event: 'warning', text: asDabeiError(thrown, 'reporting').message });
    } finally {
      isSending = false;
    }
  };

  const wake = (): void => {
    if (!online || queue.length === 0 || isSending) return;
    isSending = true;
    sending = send();
  };

  const log = (entry: LogEntry): void => {
    tell(entry);
    const event = isOccurrence(entry) ? make(entry, clock.epochSeconds()) : null;
    if (entry.event === 'stage' && entry.name === 'network' && entry.state !== 'started') online = true;
    if (event !== null) queue.push(event);
    if (queue.length > mostQueued) {
      queue.shift();
      lost++;
    }
    wake();
  };

  return {
    doors: { ...doors, log },
    finish: async words => {
      if (source.destination() === null) return;
      const full = { ...words, duration: clock.uptimeSeconds() };
      queue.push(lastEvent(full, await (machine ??= source.machine()), clock.epochSeconds()));
      endsAt = clock.uptimeSeconds() + limits.endSeconds;
      online = true;
      wake();
      await clock.withLimit(sending, limits.endSeconds + limits.trySeconds);
    },
  };
}

function isOccurrence(entry: LogEntry): entry is LogEntry & Occurrence {
  return ['stage', 'error', 'warning', 'note'].includes(entry.event);
}
