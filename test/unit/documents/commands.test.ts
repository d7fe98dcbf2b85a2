import { readFileSync } from 'node:fs';
import t from 'tap';
import { configSchema } from '../../../agent/config/schema.ts';
import { parameterKinds } from '../../../agent/config/sources/parameters.ts';
import { errorCodes } from '../../../agent/errors.ts';
import { blocks, documents } from '../../support/documents/files.ts';
import { helpOf, parseHelp } from '../../support/documents/manual.ts';

/** What documents tell people to type is what the programs take. The changelog tells of what was. */
const present = documents.filter(({ path }) => path !== 'CHANGELOG.md');

/** Words of code in the text, and lines of examples. */
const codes = present.flatMap(({ path, text }) => {
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const lines = blocks({ path, text }, 'sh').flatMap(block =>
    block.split('\n').map(line => line.replace(/#.*/, '')),
  );
  return [...inline, ...lines].map(code => ({ path, code: code.trim() }));
});

t.test('commands and options of dabei', async t => {
  const help = await helpOf('dabei');
  const commands = new Set([...help.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name));
  let seen = 0;
  for (const { path, code } of codes) {
    const [, command, rest = ''] = /^dabei ([a-z]+)(.*)$/.exec(code) ?? [];
    if (command === undefined) continue;
    seen++;
    // Its name until 0.1.
    if (!commands.has(command) && command !== 'stay') t.fail(`${path}: ${code}`);
    for (const [option] of rest.matchAll(/--[a-z-]+/g))
      if (!help.includes(option)) t.fail(`${path}: ${code}: ${option}`);
  }
  t.ok(seen > 20, `${seen} commands`);
});

t.test('options of run', async t => {
  const options = new Set((await helpOf('run')).match(/--[a-z-]+/g));
  let seen = 0;
  for (const { path, code } of codes) {
    if (!/^(\.\/kexec\/)?run\b/.test(code)) continue;
    for (const [option] of code.matchAll(/--[a-z-]+/g)) {
      seen++;
      if (!options.has(option)) t.fail(`${path}: ${code}: ${option}`);
    }
  }
  t.ok(seen > 10, `${seen} options`);
});

t.test('docs/kexec.md lists every option and exit code of run', async t => {
  const help = await helpOf('run');
  const { text } = documents.find(({ path }) => path === 'docs/kexec.md')!;
  const options = [...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
  const { entries, exitCodes } = parseHelp(help);
  t.same(options.toSorted(), entries.map(({ term }) => term.split(' ')[0]!).toSorted());
  const codes = [...text.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => code);
  t.same(
    codes,
    exitCodes.map(({ term }) => term),
  );
});

t.test('scripts of package.json', async t => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const { path, code } of codes) {
    const [, script] = /^npm (?:run )?([a-z:-]+)/.exec(code) ?? [];
    if (script !== undefined && !(script in scripts)) t.fail(`${path}: ${code}`);
  }
});

t.test('configurations', async t => {
  let seen = 0;
  for (const document of present) {
    for (const block of blocks(document, 'json')) {
      const json = JSON.parse(block.startsWith('{') ? block : `{${block}}`) as Record<string, unknown>;
      // runtime-info.json, which host-flake.test.ts compares; a profile of matchbox.
      if ('firmware' in json || 'generic_id' in json) continue;
      seen++;
      // systemd's envelope of user-data, and Tinkerbell's hardware, have the configuration as a text.
      const [credential] = (json['systemd.credentials'] ?? []) as { text: string }[];
      const text = credential?.text ?? (json['spec'] as { userData: string } | undefined)?.userData;
      const { success, error } = configSchema.safeParse(text === undefined ? json : JSON.parse(text));
      t.ok(success, `${document.path}: ${error?.message ?? 'a configuration'}`);
    }
  }
  t.ok(seen >= 5, `${seen} configurations`);
});

t.test('kernel parameters', async t => {
  const names = parameterKinds.flatMap(kind => kind.names);
  for (const { path, code } of codes) {
    for (const [, name = ''] of code.matchAll(/(?:^| )(dabei\.[a-z_]+)(?:=|$)/g))
      // The option of the NixOS module, and parameters that are no longer.
      if (!['dabei.host', 'dabei.nix'].includes(name) && !names.includes(name)) t.fail(`${path}: ${code}`);
  }
});

t.test('error codes', async t => {
  // What else is written in capitals with an underscore: of the loader, the kernel, the build, nixos-anywhere.
  const others =
    /^(LD_|CONFIG_KERNEL_|DT_|UNWINDER_|FETCH_|LOCK_|HOST_|NPM_|MEDIUM_|COPIES_|DABEI_|SSH_|NIX_|NIXOS_|SHA256|[A-Z]+_…|CMAKE|LDFLAGS)/;
  for (const { path, code } of codes) {
    if (!/^[A-Z]+_[A-Z_0-9]+$/.test(code) || others.test(code)) continue;
    if (!(code in errorCodes)) t.fail(`${path}: ${code}`);
  }
});
