import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { checkout } from '../../../image/lib/host.ts';
import { atTerminal, type AtTerminal } from '../../support/guided/at-terminal.ts';
import { guidedMachine } from '../../support/guided/guided-machine.ts';
import { key, passphrase } from '../../support/guided/world.ts';

/** `dabei setup` at a real terminal, key by key. */

t.setTimeout(500_000);

const down = '\u001b[B';
const up = '\u001b[A';
const enter = '\r';

function begin(
  t: Test,
  term = 'vt102',
): { screen: AtTerminal; root: string; left: (name: string) => string } {
  const { root } = guidedMachine(t);
  const loaders = ['--import=tsx', `--import=${checkout('test/support/nix-text.mjs')}`];
  const argv = [process.execPath, ...loaders, checkout('test/support/guided/run-setup.ts'), root];
  const left = (name: string) => readFileSync(join(root, name), 'utf8');
  return { screen: atTerminal(argv, { TERM: term, HOME: '/nonexistent' }), root, left };
}

/** Each question: what is shown before the cursor, and what is typed. */
const dialogue: [shown: RegExp, typed: string][] = [
  [/\ndisk: $/, `/dev/vda${enter}`],
  [/\nencryption \[encrypted\]: $/, enter],
  [/\npassphrase: $/, passphrase + enter],
  [/again\.\r\npassphrase: $/, passphrase + enter],
  [/\nhost name \[nixos\]: $/, `web-01${enter}`],
  [/\nkey \[paste\]: $/, `${key}${enter}`],
  [/Another key\?[^]*\nkey \[done\]: $/, enter],
  [/\nerase: $/, `/dev/vda${enter}`],
];

const writing = /^(sgdisk|wipefs (?!--json --no-act)|zpool create|dd|blkdiscard|mkfs|mkswap|swapoff)/m;

t.test('Ctrl-C at every question changes nothing, and says so', async t => {
  for (const [at, [shown]] of dialogue.entries()) {
    const { screen, root, left } = begin(t);
    for (const [before, typed] of dialogue.slice(0, at)) {
      await screen.waitFor(before);
      screen.type(typed);
    }
    await screen.waitFor(shown);
    screen.type(at % 2 === 0 ? '\u0003' : '/dev/v\u0003');
    await screen.waitFor(/\^C\r\ncancelled: nothing was changed\r\n$/);
    t.equal(await screen.exitCode, 130, String(shown));
    t.notMatch(left('ran'), writing, 'no disk was written to');
    t.notOk(existsSync(join(root, 'run/dabei/setup.json')));
    t.notOk(existsSync(join(root, 'run/dabei/console/shell')));
  }
});

t.test('wrong answers, then the installation, at TERM=dumb', async t => {
  const { screen, left } = begin(t, 'dumb');
  const say = async (shown: RegExp, typed: string) => {
    await screen.waitFor(shown);
    screen.type(typed);
  };
  await say(/disk: $/, `7${enter}`);
  await say(/problem: "7" is not one of them[^]*disk: $/, `/dev/vda${enter}`);
  await say(/ok: \/dev\/vda: nothing is on it[^]*encryption \[encrypted\]: $/, enter);
  await say(/passphrase: $/, `short${enter}`);
  await say(/problem: must be 8 to 512 bytes long[^]*passphrase: $/, passphrase + enter);
  await say(/note: fair, about \d+ bits[^]*passphrase: $/, `another${enter}`);
  await say(/problem: the two passphrases differ[^]*passphrase: $/, passphrase + enter);
  await say(/again\.\r\npassphrase: $/, passphrase + enter);
  await say(/host name \[nixos\]: $/, `bad name${enter}`);
  await say(/problem: is not a valid host name[^]*host name \[nixos\]: $/, `web-01${enter}`);
  await say(/key \[paste\]: $/, enter);
  await say(/The public key, in one line\.\r\nkey: $/, `ssh-ed25519 AAAA${enter}`);
  await say(/problem: that key opens no shell[^]*key: $/, key + enter);
  await say(/ok: ssh-ed25519 me@laptop SHA256:[^]*key \[done\]: $/, enter);
  await screen.waitFor(/planning; [^]*## nuke-disk\r\n/);
  await say(/everything on this disk will be destroyed: \/dev\/vda[^]*erase: $/, `yes${enter}`);
  await say(/problem: that is another name: nothing was changed[^]*erase: $/, `/dev/vdb${enter}`);
  await say(/problem: that is another name[^]*erase: $/, `target${enter}`);
  // The machine has no sgdisk, which would be the first to write.
  await screen.waitFor(
    /the installation stopped \(COMMAND_MISSING\); correct the cause, and run "dabei setup/,
  );
  t.equal(await screen.exitCode, 1);

  t.match(left('ran'), writing, 'only now');
  t.notMatch(screen.text(), /\u001b/, 'no escape sequence');
  const everything = [screen.text(), left('ran'), left('told'), left('run/dabei/setup.json')].join('\n');
  t.notMatch(everything, passphrase);
  const saved = JSON.parse(left('run/dabei/setup.json')) as object;
  t.same(saved, {
    hostName: 'web-01',
    rootAuthorizedKeys: [key],
    disks: { devices: [{ serial: 'target' }], layout: 'single', encryption: 'aes-256-gcm' },
  });
  t.equal(left('run/dabei/console/shell'), 'off\n', 'a passphrase came in');
  t.match(left('root/.ssh/authorized_keys'), key, 'who installs can log in meanwhile');
});

t.test('arrow keys, corrections, back', async t => {
  const { screen } = begin(t);
  const say = async (shown: RegExp, typed: string) => {
    await screen.waitFor(shown);
    screen.type(typed);
  };
  await say(/disk: $/, down);
  await say(/\/dev\/vda$/, down);
  // "a" is replaced by "b", with no other sequence than backspace, blank, backspace.
  await say(/\u0008 \u0008b$/, up);
  await say(/\u0008 \u0008a$/, ` ${down}`);
  await say(/ \/dev\/vda$/, down);
  await say(/\u0008 \u0008b$/, enter);
  await say(/layout mirror: about 32 GiB; one disk may fail[^]*encryption \[encrypted\]: $/, `<${enter}`);
  await say(/disk: $/, `nonsense\u0015/dev/vdX\u007fb${enter}`);
  await say(/note: everything on \/dev\/vdb will be lost[^]*encryption \[encrypted\]: $/, up);
  await say(/open$/, enter);
  await say(/note: anyone with access to the disks can read the data[^]*host name \[nixos\]: $/, '\u0004');
  await screen.waitFor(/cancelled: nothing was changed\r\n$/);
  t.equal(await screen.exitCode, 130);
});

t.test('the connection is lost: nothing was changed', async t => {
  const { screen, root } = begin(t);
  await screen.waitFor(/disk: $/);
  screen.hangUp();
  await screen.exitCode;
  // What made the terminal has ended; the program ends a moment later.
  for (let tries = 0; tries < 300 && isRunning(root); tries++)
    await new Promise(resolve => setTimeout(resolve, 100));
  t.notOk(isRunning(root), 'it ends');
  t.notOk(existsSync(join(root, 'run/dabei/setup.json')));
});

/** Whether a program has this argument (proc_pid_cmdline(5)). */
function isRunning(argument: string): boolean {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .some(pid => commandLineOf(pid).split('\0').includes(argument));
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}
