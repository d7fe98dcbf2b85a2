import { asDabeiError, reasonsOf, type DabeiError, type ErrorCode } from '../errors.ts';
import type { Input } from '../config/sources/sources.ts';
import { chooseDisks } from '../plan/plan.ts';
import { resolveAnswers } from './configuration.ts';
import type { Answers, QuestionId, World } from './question.ts';

/** Which question a problem belongs to. Pure. */

export interface Judged {
  /** null: no answer is at fault; the machine is. */
  question: QuestionId | null;
  code: ErrorCode;
  /** One sentence, with what to do. */
  sentence: string;
}

/** By the beginning of the path in the configuration, longest first. */
const byPath: readonly [prefix: string, question: QuestionId][] = [
  ['network.wifi', 'wifiPassphrase'],
  ['network.interfaces[0].addresses', 'address'],
  ['network.interfaces[0].routes', 'gateway'],
  ['network.interfaces', 'address'],
  ['network.dns', 'nameServers'],
  ['network', 'address'],
  ['disks.devices', 'disks'],
  ['disks.layout', 'layout'],
  ['disks.poolName', 'poolName'],
  ['disks.generation', 'generation'],
  ['disks.encryption', 'encryption'],
  ['disks.key', 'passphrase'],
  ['disks', 'disks'],
  ['hostName', 'hostName'],
  ['rootAuthorizedKeys', 'keys'],
];

/** By the code of a refusal of the plan. */
const byCode: Partial<Record<ErrorCode, QuestionId>> = {
  DISK_NOT_FOUND: 'disks',
  DISK_NOT_HARDWARE: 'disks',
  DISK_AMBIGUOUS: 'disks',
  DISK_BOOT_MEDIUM: 'disks',
  DISK_READ_ONLY: 'disks',
  DISK_CHANGED: 'disks',
  DISK_SECTORS: 'disks',
  DISK_TOO_SMALL: 'disks',
  DISK_FOREIGN_DATA: 'disks',
  DISK_MEMBERS: 'disks',
  DISK_INSTALLED: 'generation',
  POOL_NAME_TAKEN: 'poolName',
  NO_LOGIN: 'keys',
  WIFI_START: 'wifi',
  WIFI_NO_CARD: 'wifi',
  WIFI_NOT_FOUND: 'wifi',
  WIFI_SECURITY: 'wifi',
  WIFI_PASSPHRASE: 'wifi',
  NETWORK_NO_LINK: 'address',
  NETWORK_INTERFACE_ABSENT: 'address',
  NETWORK_UNREACHABLE: 'address',
  NETWORK_SILENT_GATEWAY: 'address',
};

/** Every problem of the answers so far, by the schema and by the choice of disks. */
export function judge(answers: Answers, world: World, captured: Input['captured']): Judged[] {
  const { config, problems } = resolveAnswers(answers, world, captured);
  const found = problems.map(({ code, path, message, remedy }): Judged => {
    const question = byPath.find(([prefix]) => path.startsWith(prefix))?.[1] ?? null;
    return { question, code, sentence: sentence(message, remedy) };
  });
  if (config === null || answers.disks === undefined || answers.layout === undefined) return found;
  try {
    chooseDisks(config, world.facts);
    return found;
  } catch (thrown) {
    return [...found, ...judgeRefusal(asDabeiError(thrown, 'choosing the disks'))];
  }
}

/** The reasons of a refusal, each at its question. */
export function judgeRefusal(error: DabeiError): Judged[] {
  return reasonsOf(error).map(({ code, problem, remedy }) => ({
    question: byCode[code] ?? null,
    code,
    sentence: sentence(problem, remedy),
  }));
}

function sentence(problem: string, remedy: string | undefined): string {
  return remedy === undefined ? problem : `${problem}; ${remedy}`;
}
