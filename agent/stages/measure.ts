import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Facts } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { readFacts } from '../host/machine/facts.ts';
import type { Closure } from '../plan/nix/closure.ts';
import { chooseDisks, makePlan, type Plan } from '../plan/plan.ts';
import { selectDisks } from '../plan/disks/select-disks.ts';
import { Secret } from '../secret.ts';
import { readClosure } from './closure.ts';
import { readInstallState } from './install-state.ts';
import { archiveDirectory, inspectLayout, inspectToplevel } from './toplevel.ts';

/**
 * Measures the machine, asks the binary caches where a prebuilt system is wanted, and decides everything; changes nothing.
 * @throws Refusals, those that need no network first
 */
export async function measureAndPlan(doors: Doors, config: Config): Promise<{ facts: Facts; plan: Plan }> {
  const facts = await readFactsOnceDisksAreThere(doors, config);
  const found = await readInstallState(doors, config, facts);
  chooseDisks(config, facts, found);
  const closure = await prebuilt(doors, config, facts);
  return { facts, plan: makePlan(config, facts, new Secret(randomBytes(32)), found, closure) };
}

/** Controllers look for their disks side by side, and some disks are slow to start. Seconds since the kernel's start. */
const disksBySeconds = 60;
/** Where another disk that comes later would match, too: nothing new for so long. */
const quietSeconds = 5;
/** What comes and goes all the time is not waited for. */
const restlessSeconds = 120;
const everySeconds = 2;

async function readFactsOnceDisksAreThere(doors: Doors, config: Config): Promise<Facts> {
  const { clock, log } = doors;
  const { disks } = config;
  let facts = await readFacts(doors);
  if (disks === undefined) return facts;
  const byProperty = disks.devices.some(selector =>
    typeof selector === 'string'
      ? selector === 'only'
      : selector.serial === undefined && selector.wwn === undefined,
  );
  const names = () => facts.disks.map(({ path }) => path).join(' ');
  let since = clock.uptimeSeconds();
  const patience = since + restlessSeconds;
  let told = false;
  for (;;) {
    const now = clock.uptimeSeconds();
    const { refusals } = selectDisks(disks, facts.disks);
    const isMissing = refusals.some(({ code }) => code === 'DISK_NOT_FOUND');
    const isQuiet = !byProperty || now - since >= quietSeconds;
    if ((!isMissing && isQuiet) || now >= Math.max(disksBySeconds, Math.min(since + quietSeconds, patience)))
      return facts;
    if (isMissing && !told) {
      log({
        event: 'note',
        text: `waiting for missing disks, up to ${disksBySeconds} s after the start`,
      });
      told = true;
    }
    await clock.sleep(everySeconds);
    const before = names();
    facts = await readFacts(doors);
    if (names() !== before) since = clock.uptimeSeconds();
  }
}

async function prebuilt(doors: Doors, config: Config, facts: Facts): Promise<Closure | undefined> {
  const { storePath, substituters = [], trustedPublicKeys: keys = [] } = config.system;
  if (storePath === undefined) return undefined;
  const closure = await readClosure(doors, { toplevel: storePath, substituters, keys });
  try {
    const initrd = await inspectToplevel(doors, closure, config, facts);
    const { diskoScript } = config.system;
    if (diskoScript === undefined) return { ...closure, initrd };
    const script = await readClosure(doors, { toplevel: diskoScript, substituters, keys });
    return { ...closure, initrd, disko: await inspectLayout(doors, closure, script) };
  } finally {
    doors.files.remove(archiveDirectory);
  }
}
