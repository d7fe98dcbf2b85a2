import t from 'tap';
import { formatProblem } from '../../../../agent/config/report.ts';
import { givenText } from '../../../../agent/config/given.ts';
import { resolveConfiguration, type Resolution } from '../../../../agent/config/resolve.ts';

const flake = 'github:me/infra#web';
const store = (name: string) => `/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-${name}`;
const caches = {
  substituters: ['https://c.example'],
  trustedPublicKeys: [`c:${Buffer.alloc(32).toString('base64')}`],
};
const prebuilt = { storePath: store('system'), diskoScript: store('disko'), ...caches };
const secret = 'correct horse battery';

function resolve(disks: object, system: object): Resolution {
  const text = JSON.stringify({ disks: { layout: 'disko', devices: ['/dev/vda'], ...disks }, system });
  return resolveConfiguration({ commandLine: '', files: [{ path: 'dabei.json', bytes: Buffer.from(text) }] });
}

t.test('a layout of the flake needs no key, and takes key files', async t => {
  const { config, problems, consoleQuestion } = resolve(
    { keyFiles: [{ path: '/tmp/disk.key', content: secret }] },
    { flake },
  );
  t.same(problems.map(formatProblem), []);
  t.equal(config!.disks!.keyFiles![0]!.content.reveal().toString(), secret);
  t.equal(consoleQuestion.secrets, 'elsewhere', 'nobody gets a shell at the console beside a key');
  t.notMatch(JSON.stringify(config), /horse/);
  t.notMatch(config!.given, /horse/);
  t.match(config!.given, '"keyFiles":["/tmp/disk.key"]');
  t.same(resolve({}, prebuilt).problems, []);
});

t.test('another key is the same configuration, another path is not', async t => {
  const given = (path: string, content: string) => givenText({ disks: { keyFiles: [{ path, content }] } });
  t.equal(given('/tmp/a', 'x'), given('/tmp/a', 'y'));
  t.not(given('/tmp/a', 'x'), given('/tmp/b', 'x'));
});

t.test('what is refused', async t => {
  const rows: [name: string, disks: object, system: object, path: string, message: RegExp][] = [
    ['the key of our own layouts', { key: secret }, { flake }, 'disks.key', /has no effect with the layout "disko"/],
    ['swap', { swap: '8GiB' }, { flake }, 'disks.swap', /has no effect/],
    ['no encryption', { encryption: 'none' }, { flake }, 'disks.encryption', /has no effect/],
    ['impermanence', {}, { flake, impermanence: true }, 'system.impermanence', /has no effect/],
    ['no flake', {}, {}, 'system.flake', /is missing, and the layout "disko" is that of a flake/],
    ['a system without its script', {}, { ...prebuilt, diskoScript: undefined }, 'system.diskoScript', /system\.storePath requires it/],
    ['a script without its system', {}, { flake, diskoScript: store('disko') }, 'system.storePath', /system\.diskoScript requires it/],
    ['a script for another layout', { layout: 'single', key: secret }, prebuilt, 'system.diskoScript', /only with the layout "disko"/],
    ['key files for another layout', { layout: 'single', key: secret, keyFiles: [] }, { flake }, 'disks.keyFiles', /only with the layout "disko"/],
    ['a key file on the target', { keyFiles: [{ path: '/mnt/key', content: 'x' }] }, { flake }, 'disks.keyFiles[0]', /below \/tmp, \/run or \/root/],
    ['a key file of the installer', { keyFiles: [{ path: '/run/dabei/key', content: 'x' }] }, { flake }, 'disks.keyFiles[0]', /programs of the installer use/],
    ['a path that climbs', { keyFiles: [{ path: '/tmp/../etc/shadow', content: 'x' }] }, { flake }, 'disks.keyFiles[0]', /below \/tmp/],
    ['a path twice', { keyFiles: [{ path: '/tmp/k', content: 'x' }, { path: '/tmp/k', content: 'y' }] }, { flake }, 'disks.keyFiles', /has a path twice/],
    ['a file below a file', { keyFiles: [{ path: '/tmp/k/a', content: 'x' }, { path: '/tmp/k', content: 'y' }] }, { flake }, 'disks.keyFiles', /has a file below another file/],
    ['an empty key', { keyFiles: [{ path: '/tmp/k', content: '' }] }, { flake }, 'disks.keyFiles[0]', /is empty/],
    ['no key', { keyFiles: [{ path: '/tmp/k' }] }, { flake }, 'disks.keyFiles[0]', /is missing/],
  ]; // prettier-ignore
  for (const [name, disks, system, path, message] of rows) {
    const { problems } = resolve(disks, system);
    t.equal(problems.length, 1, `${name}: ${problems.map(formatProblem).join('; ')}`);
    t.match(problems[0], { code: 'CONFIG_SCHEMA', path, message }, name);
    t.notMatch(JSON.stringify(problems), /horse/, name);
  }
});

t.test('a rescue system may have half of it', async t => {
  const { problems } = resolve({}, {});
  t.equal(problems.length, 1);
  const text = JSON.stringify({ mode: 'rescue', disks: { layout: 'disko', devices: ['/dev/vda'] } });
  const rescue = resolveConfiguration({
    commandLine: '',
    files: [{ path: 'dabei.json', bytes: Buffer.from(text) }],
  });
  t.same(rescue.problems, []);
});
