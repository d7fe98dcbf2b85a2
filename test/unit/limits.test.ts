import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  jumpDelaySeconds,
  layouts,
  leastMemTotalBytes,
  leastRamBytes,
  loadingSlackBytes,
  longestCommandLineBytes,
  passphraseBytes,
  returnAfterSeconds,
  shellLimits,
  type ByKind,
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
  const page = (path: string) => read(path).replace(/\s+/g, ' ');
  const number = (value: number) => value.toLocaleString('en-US');
  const inMebibytes = ({ install, rescue }: ByKind<number>) => [install / 2 ** 20, rescue / 2 ** 20] as const;
  const [install, rescue] = inMebibytes(leastRamBytes);
  const minutes = returnAfterSeconds.rescue / 60;
  for (const sentence of [
    `${install} MiB of RAM to install and ${rescue} MiB for the rescue system`,
    `compares \`MemTotal\` with ${inMebibytes(leastMemTotalBytes).join(' and ')} MiB`,
    `the kernel and ${loadingSlackBytes / 2 ** 20} MiB of available memory`,
    `(${returnAfterSeconds.rescue}; ${returnAfterSeconds.install} with \`--install\`, \`--flake\` or \`--config\`)`,
    `nobody logs in within ${minutes} minutes`,
    `longer than ${longestCommandLineBytes} bytes`,
    `the SSH session ends cleanly (${jumpDelaySeconds})`,
    `in ${jumpDelaySeconds} s; "/root/kexec/kexec -u" before then cancels it`,
    `${number(limits.interfaces)} interfaces, ${number(limits.routes)} routes per interface, ${number(limits.rules)} rules`,
    `${limits.nameServers} name servers`,
    `${limits.authorizedKey / 1024} KiB each and ${limits.hostKeys} host keys of ${limits.hostKey / 1024} KiB`,
    number(limits.authorizedKeys),
  ])
    t.match(page('docs/kexec.md'), sentence);
  t.match(page('docs/pxe.md'), `at most ${number(longestCommandLineBytes)} bytes`);
  t.match(
    page('README.md'),
    `within ${minutes} minutes, or within ${returnAfterSeconds.install / 60} minutes`,
  );
  const schema = read('docs/config.schema.json');
  t.match(schema, `${passphraseBytes.least} to ${passphraseBytes.most} bytes`);
  t.match(schema, new RegExp(`"enum": \\[\\s*${layouts.map(name => `"${name}"`).join(',\\s*')}`));
});
