import { disksSchema, type PoolLayout } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { cleanLine } from '../../clean-text.ts';
import { describeDisk, stablePath, uniqueSelector } from '../../plan/disks/describe-disk.ts';
import { describeFound } from '../disk-contents.ts';
import { dataMembers, layoutTable } from '../../plan/disks/layouts.ts';
import { mediumOn } from '../../plan/disks/medium.ts';
import { selectDisks } from '../../plan/disks/select-disks.ts';
import {
  chosenRow,
  chosenRows,
  omit,
  type Answers,
  type Prompt,
  type Question,
  type Row,
  type World,
} from '../question.ts';

/** Which disks are erased, and how they form a pool. */

export const disks: Question = {
  id: 'disks',
  isOpen: ({ disks }) => disks === undefined,
  prompt: (_, world) => diskPrompt(world),
  read: (line, answers, world) => {
    const prompt = diskPrompt(world);
    if (line === '') return { answers, need: { kind: 'look' } };
    const chosen = chosenRows(prompt, line);
    if ('problem' in chosen) return chosen;
    const names = chosen.map(({ name }) => name);
    const members = world.facts.disks.filter(({ path }) => names.includes(path));
    const full = members.filter(({ contents }) => contents.length > 0).map(({ path }) => path);
    const [layout, ...others] = layoutsFor(members.length);
    const only = others.length === 0 && layout !== undefined ? layout : null;
    return {
      answers: { ...answers, disks: names, ...(only === null ? {} : { layout: only }) },
      remarks: [
        full.length === 0
          ? {
              kind: 'ok',
              text: `${names.join(' and ')}: nothing is on ${names.length === 1 ? 'it' : 'them'}`,
            }
          : { kind: 'note', text: `everything on ${full.join(' and ')} will be lost` },
        ...(only === null || only === 'single'
          ? []
          : [{ kind: 'ok' as const, text: `layout ${only}: ${aboutLayout(only, members)}` }]),
      ],
    };
  },
  without: answers => omit(answers, 'disks', 'layout', 'poolName', 'generation'),
};

function diskPrompt({ facts, base }: World): Prompt {
  const rows = facts.disks.map(disk => row(disk, facts.disks));
  const preset = presetOf(base.disks?.devices, facts.disks, rows);
  const again = preset === null ? ' Enter alone looks again.' : '';
  return {
    text: rows.some(({ unfit }) => unfit === undefined)
      ? `Which disk is erased and gets the system? For a mirror or RAID-Z, name several.${again}`
      : 'No disk can be used. Attach one, and press Enter.',
    rows,
    label: 'disk',
    several: true,
    ...(preset === null ? {} : { preset }),
  };
}

function row(disk: Disk, all: readonly Disk[]): Row {
  const medium = mediumOn(disk);
  const properties = [
    formatBytes(disk.sizeBytes),
    disk.transport,
    disk.model && JSON.stringify(disk.model),
    disk.serial && `serial ${JSON.stringify(disk.serial)}`,
    disk.removable && 'removable',
    medium && `with ${medium}`,
  ].filter(value => typeof value === 'string' && value !== '');
  const unfit = whyUnfit(disk, all);
  return {
    name: disk.path,
    about: [cleanLine(properties.join(', ')), ...describeFound(disk)],
    ...(unfit === null ? {} : { unfit }),
  };
}

/** Whether planning would refuse the disk for what it is: not for data on it, and not for the number of disks. */
function whyUnfit(disk: Disk, all: readonly Disk[]): string | null {
  const asked = disksSchema.parse({ devices: [stablePath(disk)], wipe: true });
  const refusal = selectDisks(asked, all).refusals.find(({ code }) => code !== 'POOL_NAME_TAKEN');
  // The disk is described beside it.
  return refusal === undefined ? null : refusal.problem.replace(`: ${describeDisk(disk)}`, '');
}

/** The disks that a configuration names, if all of them are here and fit. */
function presetOf(devices: unknown, all: readonly Disk[], rows: readonly Row[]): string | null {
  const asked = disksSchema.safeParse({ devices, wipe: true, layout: 'disko' });
  if (!asked.success || asked.data.devices.includes('only')) return null;
  const { members, refusals } = selectDisks(asked.data, all);
  const names = members.map(({ path }) => path);
  const fits = names.every(name => rows.some(row => row.name === name && row.unfit === undefined));
  return refusals.some(({ code }) => code !== 'POOL_NAME_TAKEN') || !fits ? null : names.join(' ');
}

/** A value for disks.devices that matches this disk alone. */
export function selectorOf(path: string, all: readonly Disk[]): unknown {
  const disk = all.find(disk => disk.path === path);
  return disk === undefined ? path : (JSON.parse(uniqueSelector(disk, all)) as unknown);
}

export const layout: Question = {
  id: 'layout',
  isOpen: ({ disks = [], layout }) => disks.length > 1 && layout === undefined,
  prompt: ({ disks = [] }, world) => layoutPrompt(disks, world),
  read: (line, answers, world) => {
    const chosen = chosenRow(layoutPrompt(answers.disks ?? [], world), line);
    return 'problem' in chosen ? chosen : { answers: { ...answers, layout: chosen.name as PoolLayout } };
  },
  without: answers => omit(answers, 'layout'),
};

function layoutPrompt(names: readonly string[], { facts, base }: World): Prompt {
  const members = facts.disks.filter(({ path }) => names.includes(path));
  const rows = layoutsFor(names.length).map(name => ({ name, about: [aboutLayout(name, members)] }));
  const wanted = base.disks?.layout;
  return {
    text: 'How do the disks form one pool?',
    rows,
    label: 'layout',
    preset: rows.find(({ name }) => name === wanted)?.name ?? rows[0]?.name ?? '',
  };
}

function layoutsFor(count: number): PoolLayout[] {
  return (Object.keys(layoutTable) as PoolLayout[]).filter(
    name => count >= layoutTable[name].min && count <= layoutTable[name].max,
  );
}

function aboutLayout(name: PoolLayout, members: readonly Disk[]): string {
  const { parity } = layoutTable[name];
  const least = Math.min(...members.map(({ sizeBytes }) => sizeBytes));
  const room = formatBytes(least * dataMembers(name, members.length));
  const lost = parity === 'all but one' ? members.length - 1 : parity;
  return `about ${room}; ${lost === 1 ? 'one disk' : `${lost} disks`} may fail`;
}

/** Asked only if planning refuses the name: another disk has a pool of that name. */
export const poolName: Question = {
  id: 'poolName',
  isOpen: ({ poolName }) => poolName === '',
  prompt: () => ({ text: 'What is the name of the new pool?', label: 'pool name' }),
  read: (line, answers) =>
    line === '' ? { problem: 'type a name' } : { answers: { ...answers, poolName: line } },
  without: (answers: Answers) => ({ ...answers, poolName: '' }),
};

/** Asked only if planning finds this very configuration installed. */
export const generation: Question = {
  id: 'generation',
  isOpen: ({ generation }) => generation !== undefined && generation <= 0,
  prompt: () => generationPrompt,
  read: (line, answers, { base }) => {
    const chosen = chosenRow(generationPrompt, line);
    if ('problem' in chosen) return chosen;
    if (chosen.name === 'other') return { answers: disks.without(answers) };
    return {
      answers: {
        ...answers,
        generation: Math.max(base.disks?.generation ?? 1, -(answers.generation ?? 0)) + 1,
      },
    };
  },
  // Negative: the one that was not enough.
  without: (answers: Answers) => ({ ...answers, generation: -Math.abs(answers.generation ?? 0) }),
};

const generationPrompt: Prompt = {
  text: 'A finished installation of this same configuration is on the disks. What shall happen?',
  rows: [
    { name: 'other', about: ['choose other disks'] },
    { name: 'erase', about: ['erase it, and install again'] },
  ],
  label: 'choice',
};
