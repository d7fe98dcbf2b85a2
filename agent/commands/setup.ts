import { asRefusal } from '../config/report.ts';
import { resolveConfiguration } from '../config/resolve.ts';
import { applyConsolePolicy } from '../console/apply.ts';
import { endPassword } from '../console/password.ts';
import { DabeiError, Refusals } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { alsoTelling } from '../host/log.ts';
import { readStatus, updateStatus } from '../host/status.ts';
import type { Terminal } from '../host/terminal/terminal.ts';
import { guided } from '../install.ts';
import { standInForPassphrase } from '../plan/preflight/judge.ts';
import { renderPlan } from '../plan/plan.ts';
import { baseOf, type Base } from '../setup/base.ts';
import { publicConfiguration, resolveAnswers } from '../setup/configuration.ts';
import { confirmation, confirms } from '../setup/confirm.ts';
import {
  backward,
  hopeless,
  openQuestion,
  refuse,
  reply,
  start,
  stepBack,
  supply,
  type State,
  type Step,
} from '../setup/machine.ts';
import type { Prompt, Remark } from '../setup/question.ts';
import { showPrompt, showRemark } from '../setup/show.ts';
import { look } from '../stages/guided/look.ts';
import { fulfil, type Surroundings } from '../stages/guided/needs.ts';
import { withTyped } from '../stages/guided/typed-wifi.ts';
import { runStages, type Session } from '../stages/sequence.ts';
import { planInstallation } from '../stages/stages.ts';
import { logCommands, readInput } from './session.ts';
import { waysToInstalled } from './installed.ts';

/** `dabei setup`: asks what an installation needs, shows the plan, asks once more, and installs. */

export interface SetupOptions {
  /** A configuration whose values are kept, or are the defaults of questions; without it, that of this boot. */
  config?: string | undefined;
  /** Where the answers are written, without secrets, just before the installation begins. */
  save: string;
}

/** 128 and the number of SIGINT, as a shell says it. */
const cancelledCode = 130;

/**
 * Asks, plans, confirms, installs.
 * @returns exit code: 0 installed, 1 failed, 130 cancelled, which changes no disk
 * @throws DabeiError BUSY while another dabei changes this machine; FILE as `dabei install`
 * @throws Refusals with what no answer can solve
 */
export async function setup(doors: Doors, terminal: Terminal, options: SetupOptions): Promise<number> {
  try {
    logCommands(doors);
    const around = surroundings(doors, options.config);
    const confirmed = await converse(doors, terminal, around);
    if (confirmed !== null) return await install(doors, terminal, options, confirmed);
    const rest = around.isChanged ? 'no disk was changed; the network stays as you gave it until the next start' : 'nothing was changed';
    terminal.write(`cancelled: ${rest}\n`);
    return cancelledCode;
  } finally {
    terminal.close();
  }
} // prettier-ignore

/** The configuration of this boot, or of the file, and what it brought up. */
function surroundings(doors: Doors, configFile: string | undefined): Surroundings {
  const boot = resolveConfiguration(readInput(doors));
  const input = configFile === undefined ? null : readInput(doors, configFile);
  // A file that this command wrote has no passphrase.
  const whole = input === null ? boot : resolveConfiguration(input);
  const { config, problems } =
    whole.config === null && input !== null
      ? resolveConfiguration({ ...input, files: [...input.files, standInForPassphrase] })
      : whole;
  if (input !== null && config === null) throw new Refusals(problems.map(asRefusal));
  const base: Base = baseOf({ config });
  if (base.disks?.layout === 'disko')
    throw new DabeiError('USAGE', {
      doing: 'starting the guided installation',
      problem: 'the configuration asks for the layout "disko", about which there are no questions',
      remedy: 'run "dabei install"',
    });
  // The answers become a configuration of their own, which would not ask.
  if (whole.reachability.report?.ask !== undefined)
    throw new DabeiError('USAGE', {
      doing: 'starting the guided installation',
      problem:
        'the configuration asks a server before disks are erased (report.ask), which "dabei setup" does not do',
      remedy: 'run "dabei install"',
    });
  const { captured } = input ?? readInput(doors);
  return {
    base,
    keys: config?.rootAuthorizedKeys ?? boot.reachability.rootAuthorizedKeys,
    wifi: withTyped(doors, (config ?? boot.reachability).network.wifi ?? []),
    network: boot.reachability.network,
    captured,
    isChanged: false,
  };
}

interface Confirmed {
  state: State;
  session: Session;
}

/** @returns null if somebody cancelled */
async function converse(doors: Doors, terminal: Terminal, around: Surroundings): Promise<Confirmed | null> {
  const tell = (remarks: readonly Remark[]) => {
    for (const remark of remarks) terminal.write(showRemark(remark, terminal.columns()));
  };
  terminal.write(
    'This installs NixOS on this machine. Nothing is changed before the last question.\n' +
      `The arrow keys go through the choices, "${backward}" goes one question back, Ctrl-C ends.\n`,
  );
  let state = start(await look(doors, around.base, around.keys, around.wifi), around.captured);
  for (;;) {
    const answered = await answer(doors, terminal, around, state, tell);
    if (answered === null) return null;
    terminal.write('\nplanning; this takes some seconds\n');
    const session: Session = {
      resolution: resolveAnswers(answered.answers, answered.world, around.captured),
    };
    const planned = await plan(doors, session).catch((thrown: unknown) => {
      const step = refuse(answered, thrown);
      if (step === null) throw thrown;
      return step;
    });
    if ('remarks' in planned) {
      tell(planned.remarks);
      state = planned.state;
      continue;
    }
    terminal.write(`\n${planned.text}\n${planned.summary}`);
    const step = await confirm(terminal, answered, session);
    if (step === null) return null;
    if (step === 'confirmed') return { state: answered, session };
    tell(step.remarks);
    state = step.state;
  }
}

/** Asks until every question is answered. */
async function answer(
  doors: Doors,
  terminal: Terminal,
  around: Surroundings,
  begin: State,
  tell: (remarks: readonly Remark[]) => void,
): Promise<State | null> {
  let state = begin;
  for (let open = openQuestion(state); open !== null; open = openQuestion(state)) {
    const line = await ask(terminal, open.prompt);
    if (line === null) return null;
    let step: Step = reply(state, line);
    tell(step.remarks);
    if (step.need !== null) {
      step = supply(step.state, await fulfil(doors, step.need, step.state, around));
      tell(step.remarks);
    }
    state = step.state;
    const reasons = hopeless(state);
    if (reasons.length > 0)
      throw new Refusals(
        reasons.map(({ code, sentence }) => new DabeiError(code, { doing: 'planning the installation', problem: sentence })),
      );
  }
  return state;
} // prettier-ignore

function ask(terminal: Terminal, prompt: Prompt): Promise<string | null> {
  const shown = showPrompt(prompt, terminal.columns());
  terminal.write(shown);
  return terminal.ask({
    label: shown.slice(shown.lastIndexOf('\n') + 1),
    choices: (prompt.rows ?? []).flatMap(({ name, unfit }) => (unfit === undefined ? [name] : [])),
    several: prompt.several ?? false,
    isSecret: prompt.isSecret ?? false,
  });
}

/** Makes the plan, and leaves it in the session. */
async function plan(doors: Doors, session: Session): Promise<{ text: string; summary: string }> {
  const { config, problems } = session.resolution;
  if (config === null) throw new Refusals(problems.map(asRefusal));
  const { facts, plan } = await planInstallation(doors, config);
  Object.assign(session, { facts, plan });
  const summary = [...plan.summary, ...plan.warnings.map(text => `warning: ${text}`)];
  return { text: renderPlan(plan), summary: `${summary.join('\n')}\n` };
}

/** @returns null if somebody cancelled; a step to ask again */
async function confirm(
  terminal: Terminal,
  state: State,
  { plan }: Session,
): Promise<Step | 'confirmed' | null> {
  const members = plan?.members ?? [];
  for (;;) {
    const line = await ask(terminal, confirmation(members));
    if (line === null) return null;
    if (line.trim() === backward) return stepBack(state);
    if (confirms(line, members)) return 'confirmed';
    const text = 'that is another name: nothing was changed';
    terminal.write(showRemark({ kind: 'problem', text }, terminal.columns()));
  }
}

/** From here on, the same stages as of an unattended boot. */
async function install(doors: Doors, terminal: Terminal, options: SetupOptions, confirmed: Confirmed): Promise<number> {
  const { state, session } = confirmed;
  const text = `${JSON.stringify(publicConfiguration(state.answers, state.world), null, 2)}\n`;
  doors.files.writeAtomic(options.save, text, 0o644);
  terminal.write(`the answers without the passphrase: ${options.save}; on the next machine: dabei setup --config FILE\n`);
  terminal.persist(() => terminal.write('the installation continues: Ctrl-C does not end it\n'));
  await endPassword(doors);
  applyConsolePolicy(doors, session.resolution);
  const log = terminal.isConsole ? doors.log : alsoTelling(doors, terminal.write);
  const failure = await runStages({ ...doors, log }, guided, session);
  if (failure !== null) {
    terminal.write(`the installation stopped (${failure.code}); correct the cause, and run "dabei setup --config ${options.save}"\n`);
    return 1;
  }
  updateStatus(doors, { state: 'installed' });
  const { addresses = {} } = readStatus(doors) ?? {};
  session.network = { addresses: mutable(addresses), via: 'static', unreachable: [], warnings: [] };
  log({ event: 'note', text: `installed: after a restart, the machine starts its new system${waysToInstalled(session)}` });
  const prompt = { text: 'Remove the medium, and press Enter to restart. Ctrl-C stays here.', label: 'restart' };
  if ((await ask(terminal, prompt)) === null) return 0;
  await doors.exec.run({ doing: 'restarting the machine', argv: ['reboot'], timeoutSeconds: 60 });
  return 0;
} // prettier-ignore

function mutable(addresses: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(addresses).map(([link, those]) => [link, [...those]]));
}
