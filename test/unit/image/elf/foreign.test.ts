import t from 'tap';
import { join } from 'node:path';
import { LinkedSet } from '../../../../image/elf/bind.ts';
import { requireSamePrograms } from '../../../../image/elf/check.ts';
import { elfClosure } from '../../../../image/elf/elf.ts';
import { slimPrograms } from '../../../../image/elf/slim.ts';
import { dt, parseImage } from '../../../../image/elf/tables.ts';
import * as files from '../../../../image/lib/files.ts';
import { foreign, putForeignPrograms } from '../../../support/architectures/foreign-programs.ts';

/** Programs of an architecture that this machine cannot run: nothing but the second reader checks what becomes of them. */

// The first run fetches package lists.
t.setTimeout(900_000);

t.test('programs of another architecture made smaller', async t => {
  const directory = t.testdir({});
  const [packages, root] = [join(directory, 'packages'), join(directory, 'root')];
  const programs = await putForeignPrograms(packages);
  for (const path of await elfClosure(packages, programs)) files.copy(join(packages, path), join(root, path));
  const linked = files.walk(root).filter(path => files.kind(path) === 'file');
  const originals = new Map(linked.map(path => [path.slice(root.length), files.readBytes(path)]));
  t.ok([...originals.values()].every(file => file.readUInt16LE(0x12) === foreign.elfMachine));
  const before = new LinkedSet(root, path => originals.get(path)!);
  const types = [...originals.keys()].flatMap(path => before.file(path).words.map(({ type }) => type));
  const descriptors = foreign.nodeName === 'arm64' ? (['TLSDESC'] as const) : [];
  for (const type of ['64', 'GLOB_DAT', 'JUMP_SLOT', 'RELATIVE', 'IRELATIVE', ...descriptors] as const)
    t.ok(types.includes(type), `${type} occurs`);

  slimPrograms(root);
  const library = [...originals.keys()].find(path => path.endsWith('/libstdc++.so.6.0.33'))!;
  const [was, is] = [originals.get(library)!, files.readBytes(root + library)];
  t.ok(is.length < was.length, `libstdc++: ${was.length} bytes are ${is.length}`);
  t.ok(parseImage(is)!.symbols.length < parseImage(was)!.symbols.length);
  // Linkers for AArch64 list sections among the dynamic symbols. In a hash table they take room that small libraries do not have.
  const nameless = (file: Buffer) =>
    parseImage(file)!
      .symbols.slice(1)
      .filter(({ name }) => name === '');
  t.equal(nameless(is).length, 0);
  if (foreign.nodeName === 'arm64') t.ok(nameless(was).length > 0, 'there were some');

  const after = (change: (file: Buffer) => void) => {
    const changed = Buffer.from(is);
    change(changed);
    const bytesOf = (path: string) => (path === library ? changed : files.readBytes(root + path));
    return new LinkedSet(root, bytesOf);
  };
  const check = (linked: LinkedSet) => requireSamePrograms(originals, before, linked, new Set());
  t.doesNotThrow(() => check(after(() => {})));
  const image = parseImage(is)!;
  const word = image.offsetOf(before.file(library).words.find(({ type }) => type === 'RELATIVE')!.at);
  const jump = image.offsetOf(image.tag(dt.jmprel)!) + 12;
  const faults: [name: string, change: (file: Buffer) => void][] = [
    ['an address inside of the file', file => file.writeUInt8(file[word]! ^ 8, word)],
    ['the symbol of a jump', file => file.writeUInt32LE(file.readUInt32LE(jump) + 1, jump)],
  ];
  for (const [name, change] of faults) t.throws(() => check(after(change)), { code: 'REDUCTION' }, name);
});
