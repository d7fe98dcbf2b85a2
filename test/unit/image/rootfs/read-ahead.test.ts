import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { readAheadBytes } from '../../../../agent/limits.ts';
import { checkout, requireHostPackages } from '../../../../image/lib/host.ts';

/** While Node starts, another processor unpacks its libraries, where the memory has room for them. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox' });
const text = (path: string) => readFileSync(checkout(path), 'utf8');
const [inNew = ''] =
  /^read_ahead\(\) \{[^]*?\n\}\nread_ahead\n/m.exec(text('image/rootfs/initramfs/init')) ?? [];
const bundle = text('image/media/bundle/lib/preflight.sh');
const [inOld = ''] = /^read_ahead\(\) \{[^]*?\n\}\n/m.exec(bundle) ?? [];
const [memory = ''] = /^read_memory\(\) \{[^]*?\n\}\n/m.exec(bundle) ?? [];

const systems = {
  'the new system': inNew,
  'the old system': `read_ahead_kib=${readAheadBytes / 1024}\n${memory}image=/image\n${inOld}read_ahead\n`,
};

/** A directory in place of / with so many processors and so much memory. */
function machine(t: Test, processors: number, available: string): string {
  const cpus = Object.fromEntries(Array.from({ length: processors }, (_, number) => [`cpu${number}`, {}]));
  return t.testdir({
    sys: { devices: { system: { cpu: cpus } } },
    proc: { meminfo: `MemTotal:       999999 kB\n${available}` },
    image: {
      usr: { lib: { 'some-linux-gnu': { 'libnode.so.1': 'N', 'libcrypto.so.3': 'C', 'libicudata.so.7': 'I' } } },
    },
  });
} // prettier-ignore

/** What is read; it is shown here, not thrown away. */
function read(lines: string, directory: string): string {
  const there = lines.replace(/(?<=[ =<]|\[ -d )\/(?=sys\/|proc\/|image\b)/g, `${directory}/`);
  const shown = there.replace(' >/dev/null 2>&1 &', '').replace('reading=$!', ':');
  return spawnSync('busybox', ['sh', '-euc', shown], { encoding: 'utf8' }).stdout;
}

const least = readAheadBytes / 1024;
const [room, less] = [`MemAvailable:   ${least} kB\n`, `MemAvailable:   ${least - 1} kB\n`];
const rows: [about: string, processors: number, available: string, isRead: boolean][] = [
  ['two processors, and room', 2, room, true],
  ['one processor has nobody to help it', 1, room, false],
  ['less memory', 2, less, false],
  ['a kernel that does not say how much', 2, '', false],
];

for (const [system, lines] of Object.entries(systems))
  t.test(`libraries are unpacked ahead of Node in ${system}`, async t => {
    for (const [about, processors, available, isRead] of rows) {
      const order = system === 'the new system' ? 'NCI' : 'CIN';
      t.equal(read(lines, machine(t, processors, available)), isRead ? order : '', about);
    }
    t.match(lines, / >\/dev\/null 2>&1 &\n/, 'nothing waits for it');
  });
