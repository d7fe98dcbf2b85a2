import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { checkout } from '../../../../image/lib/host.ts';
import { networkOptionsNix } from '../../../support/network-options.ts';
import { fillIn, modules, nixString, templates } from '../../../../agent/plan/host-flake/templates.ts';

t.test('a string of the Nix language', async t => {
  const rows: [string, string][] = [
    ['web-01', '"web-01"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['${builtins.readFile /etc/shadow}', '"\\${builtins.readFile /etc/shadow}"'],
    ['$${x}', '"$\\${x}"'],
    ['$x', '"$x"'],
    ['two\nlines', '"two\\nlines"'],
    ['', '""'],
  ];
  for (const [value, literal] of rows) t.equal(nixString(value), literal);
});

t.test('filling in', async t => {
  t.equal(fillIn('a = @x@; b = @x@;', { x: '$&' }), 'a = "$&"; b = "$&";');
  t.throws(() => fillIn('a = @x@;', {}), /@x@, which has no value/);
  t.throws(() => fillIn('a = 1;', { x: '' }), /has no x/);
});

t.test('only the two flakes have placeholders', async t => {
  const names = (text: string) => [...new Set(text.match(/@\w+@/g))].sort();
  t.same(names(templates.flake), ['@hostName@', '@nixpkgs@', '@stateVersion@']);
  t.same(names(templates.flakeWithConfig), ['@attribute@', '@config@', '@hostName@', '@stateVersion@']);
  for (const [name, text] of Object.entries(modules)) t.same(names(text), [], name);
});

// After a change to a table: TAP_SNAPSHOT=1 npx tap test/unit/plan/host-flake/templates.test.ts
t.test("network-options.nix is the schema's tables of bonds and routes", async t => {
  const path = checkout('nix/host-flake/network-options.nix');
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, networkOptionsNix());
  t.equal(readFileSync(path, 'utf8'), networkOptionsNix());
});
