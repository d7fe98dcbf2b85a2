import type { Doors } from '../../host/doors.ts';
import { hasDisplay } from '../../host/machine/display.ts';
import { paths } from '../../paths.ts';
import { screenOutputs, type Outputs } from '../../screen/outputs.ts';
import { draw } from './draw.ts';
import { observe, type Copied } from './observe.ts';

/** The status screen while this process works; /usr/lib/dabei/screen observes the machine when none does. */

/** Twice a second is enough for a person. */
const everySeconds = 0.5;

/** On which consoles of this machine the status appears. */
export function outputsOf(doors: Doors): Outputs {
  const { files } = doors;
  return screenOutputs({
    commandLine: files.readText(paths.commandLine) ?? '',
    consoles: files.consolePaths().map(path => path.replace(/^\/dev\//, '')),
    hasDisplay: hasDisplay(doors),
  });
}

/** Draws the status once. */
export function drawOnce(doors: Doors): void {
  const outputs = outputsOf(doors);
  if (isOn(outputs)) draw(doors, outputs, observe(doors));
}

/**
 * Draws the status while something works, and once more at its end. A screen that fails stops nothing.
 * @param work gets doors whose log the screen sees, too
 */
export async function withScreen<T>(doors: Doors, work: (doors: Doors) => Promise<T>): Promise<T> {
  const { files } = doors;
  let copied: Copied | null = null;
  let outputs: Outputs = { drawn: [], plain: [] };
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (thrown) {
      outputs = { drawn: [], plain: [] };
      doors.log({ event: 'warning', text: `the status screen ends: ${String(thrown)}` });
    }
  };
  const refresh = () => {
    if (isOn(outputs)) attempt(() => draw(doors, outputs, observe(doors, copied)));
  };
  attempt(() => {
    const found = outputsOf(doors);
    if (!isOn(found)) return;
    files.makeDirectory(paths.screenDirectory, 0o700);
    files.writeAtomic(paths.screenDrawer, `${process.pid}\n`, 0o600);
    outputs = found;
  });
  if (!isOn(outputs)) return work(doors);
  const timer = setInterval(refresh, everySeconds * 1000).unref();
  refresh();
  try {
    return await work({
      ...doors,
      log: entry => {
        if (entry.event === 'copied') copied = entry;
        if (entry.event === 'stage') copied = null;
        doors.log(entry);
      },
    });
  } finally {
    clearInterval(timer);
    refresh();
    attempt(() => files.remove(paths.screenDrawer));
  }
}

const isOn = ({ drawn, plain }: Outputs): boolean => drawn.length + plain.length > 0;
