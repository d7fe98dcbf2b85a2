import t from 'tap';
import { realDoors, type Doors } from '../../../agent/host/doors.ts';
import { asDabeiError } from '../../../agent/errors.ts';
import type { Closure } from '../../../agent/plan/nix/closure.ts';
import { inspectLayout } from '../../../agent/stages/toplevel.ts';

const cache = 'https://cache.example.org';
const toplevel = '/nix/store/00000000000000000000000000000000-nixos-system-web';
const script = '/nix/store/11111111111111111111111111111111-disko';
const program = '/nix/store/22222222222222222222222222222222-disko';
const text = '#! /usr/bin/env bash\nsgdisk /dev/vda\n';
const fstab = '/dev/vda1 / ext4 defaults 0 1\n';

/** What a cache holds, by path: a file's content, or {target} of a link. Nix answers for links as its 2.26 does. */
type Held = Readonly<Record<string, string | { target: string }>>;

function machine(held: Held): Doors {
  const answer = (argv: readonly string[]) => {
    const entry = held[argv.at(-1)!];
    const isLink = typeof entry === 'object';
    if (entry === undefined) return null;
    if (argv[2] === 'cat') return isLink ? null : entry;
    return JSON.stringify(isLink ? { type: 'symlink', ...entry } : { type: 'regular' });
  };
  const attempt: Doors['exec']['attempt'] = async ({ argv }) => {
    const stdout = answer(argv);
    const failed = stdout === null;
    return {
      argv,
      doing: '',
      failed,
      seconds: 0,
      exitCode: failed ? 1 : 0,
      stdout: stdout ?? '',
      stderr: '',
    };
  };
  return { ...realDoors, exec: { ...realDoors.exec, attempt } };
}

const closure = (path: string, sizes: [string, number][]): Closure => ({
  ...{ toplevel: path, substituters: [cache], paths: 1, narBytes: 1000, fileBytes: 1000, initrd: null },
  sizes: new Map(sizes),
});

const system = { [`${toplevel}/etc/fstab`]: fstab };
const linked = { [script]: { target: `${program}/bin/disko` }, [`${program}/bin/disko`]: text };

t.test('the script of a prebuilt system', async t => {
  const rows: [name: string, held: Held, sizes: [string, number][], says: RegExp | null][] = [
    ['a link to a program in another path, as nixpkgs writes it', { ...system, ...linked }, [], null],
    ['a file, as nixpkgs 24.05 writes it', { ...system, [script]: text }, [], null],
    ['not in the cache', system, [], /-disko: it is not a script/],
    ['a link that leads nowhere', { ...system, [script]: { target: `${program}/bin/disko` } }, [], /it is not a script/],
    ['a link to itself', { ...system, [script]: { target: script } }, [], /it is not a script/],
    ['not a script', { ...system, [script]: 'ELF' }, [], /it is not a script/],
    ['too large', { ...system, [script]: text }, [[script, 2 ** 21]], /it is not a script/],
    ['a link to what is too large', { ...system, ...linked }, [[script, 100], [program, 2 ** 21]], /it is not a script/],
    ['a system without an fstab', linked, [], /-nixos-system-web: it has no etc\/fstab/],
  ]; // prettier-ignore
  for (const [name, held, sizes, says] of rows) {
    const found = await inspectLayout(machine(held), closure(toplevel, []), closure(script, sizes)).catch(
      (thrown: unknown) => asDabeiError(thrown, name),
    );
    if (says === null) t.match(found, { text, fileSystems: [{ device: '/dev/vda1' }] }, name);
    else t.match(found, { code: 'CLOSURE_SYSTEM', message: says }, name);
  }
});
