import { join } from 'node:path';
import { compareBindings, type LinkedSet } from './bind.ts';
import { parseElf } from './elf.ts';
import { parseImage } from './tables.ts';
import * as files from '../lib/files.ts';
import { removePlace, runTarget } from '../debian/emulator.ts';
import type { Packages } from '../debian/packages.ts';
import { CannotReduce } from '../reductions/fallbacks.ts';

const programDirectories = ['usr/bin', 'usr/sbin', 'usr/lib/openssh', 'usr/lib/udev', 'usr/libexec'];

/**
 * Has the dynamic loader bind every symbol of every program in a root, without starting any program. A missing or
 * incomplete library fails here, and not on a machine without physical access.
 * @throws Error naming each program and what it lacks
 */
export async function requireSymbolsBound(root: string, emulator: Packages | null): Promise<void> {
  const faults = await missingSymbols(root, emulator);
  if (faults.length > 0)
    throw new Error(`programs of the image lack symbols or libraries:\n${faults.join('\n')}`);
}

/**
 * Checks that the stub for libselinux has every symbol that the programs in a root need.
 * @throws CannotReduce naming what it lacks
 */
export async function requireStubsEnough(root: string, emulator: Packages | null): Promise<void> {
  const lines = (await missingSymbols(root, emulator)).filter(line => line.includes('LIBSELINUX'));
  const names = new Set(lines.map(line => /undefined symbol: (\w+)/.exec(line)?.[1] ?? line.trim()));
  if (names.size > 0)
    throw new CannotReduce('binding programs to the stub for libselinux', `it lacks ${[...names].join(' ')}`);
}

/** A line for each program that lacks something, and one for each missing symbol or library. */
async function missingSymbols(root: string, emulator: Packages | null): Promise<string[]> {
  const programs = programDirectories.flatMap(directory =>
    files
      .list(join(root, directory))
      .map(name => join(directory, name))
      .filter(path => files.kind(join(root, path)) === 'file' && isDynamic(join(root, path))),
  );
  const faults: string[] = [];
  for (const program of programs) {
    const { stdout, stderr } = await runTarget(
      emulator,
      { doing: `binding the symbols of /${program}`, root, argv: [`/${program}`], timeoutSeconds: 30 },
      // ld.so(8): list what is loaded, bind everything, report what is not found. busybox is static and needs no check.
      { LD_TRACE_LOADED_OBJECTS: '1', LD_WARN: '1', LD_BIND_NOW: '1' },
    );
    const missing = `${stdout}\n${stderr}`
      .split('\n')
      .filter(line => /not found|undefined symbol/.test(line));
    if (missing.length > 0) faults.push(`/${program}:`, ...missing.map(line => `  ${line.trim()}`));
  }
  removePlace(root);
  return faults;
}

function isDynamic(path: string): boolean {
  const isElf = files.readStart(path, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
  return isElf && parseElf(files.readBytes(path)).interpreter !== null;
}

/**
 * Sections that slim-elf.ts rewrites: the check compares their effect on the loader instead of their bytes. The other
 * sections here have no bytes in the file (SHT_NOBITS).
 */
const tables =
  /^(|\.gnu\.hash|\.dynsym|\.dynstr|\.gnu\.version(|_r|_d)|\.rela\.(dyn|plt)|\.relr\.dyn|\.dynamic|\.t?bss)$/;
const unwinding = ['.eh_frame', '.eh_frame_hdr', '.gcc_except_table'];

/**
 * Checks that reduced programs run as before: the loader writes the same value into every word of every program and
 * library, every needed name is found, and nothing else has changed.
 * @param originals path -> bytes before
 * @param lookedUp names that programs look up while they run
 * @throws CannotReduce naming each file and its fault
 */
export function requireSamePrograms(
  originals: ReadonlyMap<string, Buffer>,
  before: LinkedSet,
  after: LinkedSet,
  lookedUp: ReadonlySet<string>,
): void {
  const faults: string[] = [];
  const linked: string[] = [];
  for (const [path, original] of originals) {
    const image = parseImage(original);
    const isLinked = image?.dynamic != null;
    const inPlace = isLinked ? after.file(path).words.filter(word => word.inPlace) : [];
    if (!original.equals(after.bytesOf(path))) {
      const places = inPlace.map(({ at }) => image!.offsetOf(at));
      faults.push(
        ...compareContents(original, after.bytesOf(path), places).map(fault => `${path}: ${fault}`),
      );
    }
    if (!isLinked) continue;
    linked.push(path);
    if (before.file(path).settings !== after.file(path).settings)
      faults.push(`${path}: its dynamic section has changed`);
    for (const name of lookedUp)
      if (before.file(path).find(name, null)?.value !== after.file(path).find(name, null)?.value)
        faults.push(`${path}: ${name} is no longer found`);
  }
  faults.push(...compareBindings(before, after, linked));
  if (faults.length > 0)
    throw new CannotReduce(
      'comparing the reduced programs with the originals',
      `they would not behave as before:\n  ${faults.join('\n  ')}`,
    );
}

/** @param places offsets of words that now hold an addend that the loader took from elsewhere before */
function compareContents(original: Buffer, changed: Buffer, places: readonly number[]): string[] {
  const { sections, end, headerOf } = parseImage(original)!;
  if (changed.length !== end) return ['it does not end with its last segment'];
  const [was, is] = [Buffer.from(original.subarray(0, end)), Buffer.from(changed)];
  for (const file of [was, is]) for (const place of places) file.fill(0, place, place + 8);
  let hasUnwinding = true;
  const faults = [...sections].flatMap(([name, { offset, size }]) => {
    const [old, now] = [was, is].map(file => file.subarray(offset, offset + size)) as [Buffer, Buffer];
    if (tables.test(name) || old.equals(now)) return [];
    if (!unwinding.includes(name) || now.some(byte => byte !== 0)) return [`its ${name} has changed`];
    hasUnwinding = false;
    return [];
  });
  // elf(5): where the section headers are, and how many; the type of a program header is its first field.
  was.fill(0, 0x28, 0x30).fill(0, 0x3c, 0x40);
  const header = headerOf('ehFrame');
  if (!hasUnwinding && header !== null) was.writeUInt32LE(0, header);
  const headers = Number(was.readBigUInt64LE(0x20)) + was.readUInt16LE(0x36) * was.readUInt16LE(0x38);
  if (!was.subarray(0, headers).equals(is.subarray(0, headers))) faults.push('its headers have changed');
  return faults;
}
