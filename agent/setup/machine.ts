import { asDabeiError } from '../errors.ts';
import type { Input } from '../config/sources/sources.ts';
import { judge, judgeRefusal, type Judged } from './judge.ts';
import {
  omit,
  type Answers,
  type Need,
  type Prompt,
  type Question,
  type QuestionId,
  type Reading,
  type Remark,
  type World,
} from './question.ts';
import { disks, generation, layout, poolName } from './questions/disks.ts';
import { hostName } from './questions/host-name.ts';
import { key, keyFile, keys, keyUrl, takeKeyFiles } from './questions/keys.ts';
import { address, gateway, link, nameServers } from './questions/network.ts';
import { encryption, passphrase, repeat } from './questions/passphrase.ts';
import { wifi, wifiName, wifiPassphrase } from './questions/wifi.ts';

/** The guided installation as a state machine: a state and a line of text give the next state. Pure. */

/** In the order in which they are asked; each knows whether it is open. */
const questions: readonly Question[] = [
  wifi, wifiName, wifiPassphrase,
  link, address, gateway, nameServers,
  disks, layout, poolName, generation,
  encryption, passphrase, repeat,
  hostName,
  key, keyUrl, keyFile, keys,
]; // prettier-ignore

export interface State {
  world: World;
  captured: Input['captured'];
  answers: Answers;
  /** Answers before each question that was answered, latest first; for one step back. */
  earlier: readonly Answers[];
}

export interface Step {
  state: State;
  remarks: readonly Remark[];
  /** To be done before the state counts; its result goes to `supply`. */
  need: Need | null;
}

/** What came of a need. */
export type Supply =
  | { kind: 'looked'; world: World }
  | { kind: 'isJoined'; world: World }
  | { kind: 'isUp' }
  | { kind: 'files'; files: readonly { name: string; text: string }[] }
  | { kind: 'failed'; problem: string };

export function start(world: World, captured: Input['captured']): State {
  return { world, captured, answers: {}, earlier: [] };
}

/** The question that is open; null once everything is answered. */
export function openQuestion({ answers, world }: State): { id: QuestionId; prompt: Prompt } | null {
  const question = questions.find(({ isOpen }) => isOpen(answers, world));
  return question === undefined ? null : { id: question.id, prompt: question.prompt(answers, world) };
}

/** Never a valid answer: one step back. */
export const backward = '<';

/**
 * Takes the answer to the open question.
 * @param line as typed; a secret with its blanks
 */
export function reply(state: State, line: string): Step {
  const { answers, world } = state;
  const question = questions.find(({ isOpen }) => isOpen(answers, world));
  if (question === undefined) return stay(state, []);
  const prompt = question.prompt(answers, world);
  const clean = prompt.isSecret ? line : line.trim();
  if (clean === backward) return back(state, question);
  const given = clean === '' && prompt.preset !== undefined ? prompt.preset : clean;
  const reading = question.read(given, answers, world);
  return take(state, question, reading);
}

function take(state: State, question: Question, reading: Reading): Step {
  if ('problem' in reading) return stay(state, [{ kind: 'problem', text: reading.problem }]);
  const { answers, remarks = [], need = null } = reading;
  if (need?.kind === 'look') return { state, remarks, need };
  // Only its own problems: those of others were shown when they were answered.
  const found = judge(answers, state.world, state.captured);
  const problems = found.filter(({ question: at }) => at === question.id);
  if (problems.length > 0)
    return stay({ ...state, answers: question.without(state.answers) }, problems.map(asRemark));
  const earlier = answers === state.answers ? state.earlier : [state.answers, ...state.earlier];
  // A question that is asked only because of this answer.
  const taken = found.filter(({ question: at }) => at === poolName.id);
  const next = taken.length > 0 ? poolName.without(answers) : answers;
  return {
    state: { ...state, answers: next, earlier },
    remarks: [...remarks, ...taken.map(asRemark)],
    need,
  };
}

/** Continues with what was needed. */
export function supply(state: State, result: Supply): Step {
  const { answers, world } = state;
  const open = questions.find(({ isOpen }) => isOpen(answers, world));
  switch (result.kind) {
    case 'looked':
      return stay({ ...state, world: result.world }, [{ kind: 'ok', text: 'looked again' }]);
    case 'isJoined':
      // No step leads back behind it: its question is not asked while the machine is online, so the network would be lost.
      return stay({ ...state, world: result.world, answers: { ...answers, isJoined: true }, earlier: [] }, [{ kind: 'ok', text: 'the machine has joined the network' }]);
    case 'isUp':
      return stay({ ...state, answers: { ...answers, isUp: true } }, [{ kind: 'ok', text: 'the gateway answers' }]);
    case 'files':
      return open === undefined ? stay(state, []) : take(withoutKeySource(state), open, takeKeyFiles(result.files, answers, world));
    case 'failed':
      if (open?.id === wifiPassphrase.id) return reopen(state, wifiPassphrase.id, result.problem);
      return answers.keySource === undefined
        ? reopen(state, 'address', result.problem)
        : stay(withoutKeySource(state), [{ kind: 'problem', text: result.problem }]);
  }
} // prettier-ignore

/** A fetch or a stick that gave nothing leads back to the list of ways. */
function withoutKeySource(state: State): State {
  return { ...state, answers: omit(state.answers, 'keySource') };
}

/**
 * Leads back to the questions whose answers the plan refused.
 * @returns null if no other answer helps: the machine itself is refused
 */
export function refuse(state: State, thrown: unknown): Step | null {
  return reopenAll(state, judgeRefusal(asDabeiError(thrown, 'planning the installation')));
}

/** The problems of the answers so far that no other answer solves: the machine itself, or settings that nothing asks about. */
export function hopeless({ answers, world, captured }: State): readonly Judged[] {
  return judge(answers, world, captured).filter(({ question }) => question === null);
}

/** Back to the question before the last one that was answered. */
export function stepBack(state: State): Step {
  const [before, ...earlier] = state.earlier;
  if (before === undefined) return stay(state, [{ kind: 'note', text: 'this is the first question' }]);
  return stay({ ...state, answers: before, earlier }, []);
}

function reopenAll(state: State, reasons: readonly Judged[]): Step | null {
  const at = new Set(reasons.map(({ question }) => question));
  const answers = questions
    .filter(({ id }) => at.has(id))
    .reduce((left, { without }) => without(left), state.answers);
  const again = { ...state, answers };
  const helps = !at.has(null) && openQuestion(again) !== null;
  return helps ? stay(again, reasons.map(asRemark)) : null;
}

function reopen(state: State, id: QuestionId, text: string): Step {
  const question = questions.find(question => question.id === id);
  const answers = question === undefined ? state.answers : question.without(state.answers);
  return stay({ ...state, answers }, [{ kind: 'problem', text }]);
}

/** To the answers before the last one; from a way to a key, to the list of ways. */
function back(state: State, question: Question): Step {
  if (state.answers.keySource === undefined && state.answers.found === undefined) return stepBack(state);
  return stay({ ...state, answers: question.without(state.answers) }, []);
}

function asRemark({ sentence }: { sentence: string }): Remark {
  return { kind: 'problem', text: sentence };
}

function stay(state: State, remarks: readonly Remark[]): Step {
  return { state, remarks, need: null };
}
