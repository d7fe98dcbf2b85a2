import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  layouts,
  leastRamBytes,
  longestCommandLineBytes,
  passphraseBytes,
  returnAfterSeconds,
  shellLimits,
} from '../../agent/limits.ts';
import { limits } from '../../agent/config/limits.ts';
import { checkout } from '../../image/lib/host.ts';

const read = (path: string) => readFileSync(checkout(path), 'utf8');
const parts = [
  'run',
  ...['options', 'machine', 'preflight', 'jump', 'json', 'capture'].map(name => `lib/${name}.sh`),
];

t.test("the shell's limits are the program's", async t => {
  t.equal(
    read('image/media/bundle/lib/limits.sh'),
    shellLimits(),
    'limits.sh is shellLimits() of agent/limits.ts',
  );
});

t.test('no part of the bundle has a limit of its own', async t => {
  const numbers = shellLimits().match(/\d{2,}/g)!;
  const mebibytes = [leastRamBytes.install, leastRamBytes.rescue].map(bytes => String(bytes / 2 ** 20));
  for (const part of parts)
    for (const number of [...numbers, ...mebibytes, String(longestCommandLineBytes + 1)])
      // A size of tar's blocks.
      if (!(part === 'lib/json.sh' && number === '512'))
        t.notMatch(read(`image/media/bundle/${part}`), new RegExp(`\\b${number}\\b`), `${part}: ${number}`);
});

t.test('what documents say of them', async t => {
  const kexec = read('docs/kexec.md');
  const [install, rescue] = [leastRamBytes.install, leastRamBytes.rescue].map(bytes => bytes / 2 ** 20);
  t.match(kexec, `less than ${install} MiB (install), ${rescue} MiB (rescue)`);
  t.match(kexec, `(${returnAfterSeconds.rescue}; ${returnAfterSeconds.install} to install)`);
  const number = (value: number) => value.toLocaleString('en-US');
  for (const bound of [
    `${number(limits.interfaces)} interfaces, ${number(limits.routes)} routes for each, ${number(limits.rules)} rules`,
    `${limits.nameServers} name servers`,
    `${limits.authorizedKey / 1024} KiB each and ${limits.hostKeys} host keys of ${limits.hostKey / 1024} KiB`,
    number(limits.authorizedKeys),
  ])
    t.match(kexec.replace(/\s+/g, ' '), bound);
  const schema = read('docs/config.schema.json');
  t.match(schema, `${passphraseBytes.least} to ${passphraseBytes.most} bytes`);
  t.match(schema, new RegExp(`"enum": \\[\\s*${layouts.map(name => `"${name}"`).join(',\\s*')}`));
});
