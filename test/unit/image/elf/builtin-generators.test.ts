import t from 'tap';
import { readFileSync, realpathSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { generatesBuiltins, withoutCode } from '../../../../image/elf/builtin-generators.ts';
import { parseImage } from '../../../../image/elf/tables.ts';

const names: [name: string, generates: boolean][] = [
  ['_ZN2v88internal17CodeStubAssembler11IsUndefinedENS0_5TNodeINS0_6ObjectEEE', true],
  ['_ZNK2v88internal17CodeStubAssembler7BuiltinEv', true],
  ['_ZN2v88internal18ArrayFromAssembler21GenerateArrayFromImplEv', true],
  ['_ZN2v88internal38TorqueGeneratedExportedMacrosAssembler6IsCellENS0_5TNodeINS0_10HeapObjectEEE', true],
  ['_ZN2v88internal25TestTurbofanTypeAssembler28GenerateTestTurbofanTypeImplEv', true],
  ['_ZN2v88internal11interpreter20InterpreterAssembler10GetContextEv', true],
  ['_ZN2v88internal8Builtins21Generate_ArrayIsArrayEPNS0_8compiler18CodeAssemblerStateE', true],
  ['_ZN2v88internal16UnsafeCast_Smi_0EPNS0_8compiler18CodeAssemblerStateENS0_5TNodeINS0_7ContextEEE', true],
  ['_ZN2v88internal8compiler13CodeAssembler14IntPtrConstantEl', true],
  ['_ZN2v88internal8compiler18CodeAssemblerLabelC1EPNS1_13CodeAssemblerEm', true],
  ['_ZN2v88internal14MacroAssembler10EnterFrameENS0_10StackFrame4TypeE', false],
  ['_ZN2v88internal9Assembler3movENS0_8RegisterES2_', false],
  // For WebAssembly, on one architecture alone.
  ['_ZN2v88internal17PatchingAssembler10PatchSubSpEj', false],
  ['_ZN2v88internal17PatchingAssemblerD1Ev', false],
  ['_ZN2v88internal20SharedTurboAssemblerBase4MovqEv', false],
  ['_ZN2v88internal20RegExpMacroAssembler14CheckCharacterEj', false],
  ['_ZN2v88internal23RegExpMacroAssemblerX6414CheckCharacterEj', false],
  ['_ZN2v88internal4wasm16LiftoffAssembler10DropValuesEi', false],
  ['_ZN2v88internal8baseline17BaselineAssembler4MoveEv', false],
  ['_ZN2v88internal8compiler14GraphAssembler10Float64AddEPNS1_4NodeES4_', false],
  ['_ZN2v88internal8compiler22JSCallReducerAssembler10ReduceMathEv', false],
  ['_ZN2v88internal8Builtins21Generate_CallFunctionEPNS0_14MacroAssemblerE', false],
  ['_ZN2v88internal7Factory9NewStringEv', false],
  ['_ZN4node17CodeStubAssembler3runEv', false],
  ['malloc', false],
];

t.test('which functions of V8 generate builtins, and which compilers run', async t => {
  for (const [name, generates] of names) t.equal(generatesBuiltins(name), generates, name);
});

t.test('the code of unused functions is gone, and nothing else', async t => {
  const path = /libc\.so\.6 => (\/\S+)/.exec(execFileSync('ldd', ['/usr/bin/ls'], { encoding: 'utf8' }))![1]!;
  const library = readFileSync(realpathSync(path));
  const { symbols, offsetOf, machine } = parseImage(library)!;
  const { value, size } = symbols.find(({ name }) => name === 'qsort_r')!;
  const at = offsetOf(Number(value));
  const changed = withoutCode(library, name => name === 'qsort_r');
  t.ok(size > 0);
  t.ok(changed.subarray(at, at + size).every(byte => byte === (machine === 62 ? 0xcc : 0)));
  const back = Buffer.from(changed);
  library.copy(back, at, at, at + size);
  t.ok(back.equals(library));

  t.ok(
    withoutCode(library, name => name === '__fork').equals(library),
    'fork is another name for the same code',
  );
  t.ok(withoutCode(library, name => name === 'stdin').equals(library), 'data stays');
  t.ok(withoutCode(library, () => false).equals(library));
  const text = Buffer.alloc(128, 'x');
  t.equal(
    withoutCode(text, () => true),
    text,
    'what is no program stays as it is',
  );
});
