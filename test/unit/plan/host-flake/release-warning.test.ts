import t from 'tap';
import { isPastLastDay, nixosRelease } from '../../../../agent/config/nixos-release.ts';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { releaseWarnings } from '../../../../agent/plan/host-flake/release-warning.ts';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { judge, standInForPassphrase } from '../../../../agent/plan/preflight/judge.ts';
import { endOfSupport } from '../../../fixtures/nixos-release.ts';
import { debian, image } from '../../../fixtures/old-system.ts';
import { config } from '../machines.ts';

const seconds = (date: string) => Date.parse(date) / 1000;
const day = 24 * 60 * 60;
const storePath = '/nix/store/vbck4p2kkc5pfi8n2k5ggjaskpkbrxyb-nixos-system-web-01';
const prebuilt = {
  storePath,
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: [`cache.example.org-1:${'A'.repeat(43)}=`],
};

t.test('the default release', async t => {
  t.match(nixosRelease.name, /^\d\d\.(05|11)$/);
  t.match(nixosRelease.nixpkgs, `/nixos-${nixosRelease.name}/`);
  for (const date of [nixosRelease.lastDay, nixosRelease.checkedOn]) t.match(date, /^\d{4}-\d\d-\d\d$/);
  t.ok(nixosRelease.checkedOn <= nixosRelease.lastDay, 'it had updates when it was checked');
  // RFC 80 of NixOS: a release appears in the month that it is named after, and the next one half a year later.
  const [year, month] = nixosRelease.name.split('.').map(Number) as [number, number];
  const released = Date.UTC(2000 + year, month - 1, 1) / 1000;
  const supported = endOfSupport - released;
  t.ok(supported > 200 * day && supported < 260 * day, `${supported / day} days from its month on`);
});

t.test('the last day', async t => {
  const rows: [name: string, now: number, isPast: boolean][] = [
    ['a real-time clock without a battery', 0, false],
    ['one that starts in 2011', seconds('2011-01-01'), false],
    ['before the check', seconds(nixosRelease.checkedOn) - 1, false],
    ['the day of the check', seconds(nixosRelease.checkedOn), false],
    ['the last second', endOfSupport - 0.001, false],
    ['the first second after it', endOfSupport, true],
    ['a year later', endOfSupport + 365 * day, true],
    ['a clock that counts as far as the kernel does', seconds('2262-04-11'), true],
    ['no clock', NaN, false],
  ];
  for (const [name, now, isPast] of rows) t.equal(isPastLastDay(now), isPast, name);
});

t.test('who is warned of the end of support', async t => {
  const rows: [name: string, system: ConfigInput['system'], isWarned: boolean][] = [
    ['the default', {}, true],
    ['the default, written out', { nixpkgs: nixosRelease.nixpkgs }, true],
    ['unstable', { nixpkgs: 'https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz' }, false],
    ['a revision', { nixpkgs: 'github:NixOS/nixpkgs/0123456789abcdef0123456789abcdef01234567' }, false],
    ['a flake of your own', { flake: 'github:me/infra#web-01' }, false],
    ['a prebuilt system', prebuilt, false],
  ];
  for (const [name, system, isWarned] of rows) {
    const asked = config({ system });
    t.same(releaseWarnings(asked, endOfSupport - 1), [], `${name}, before`);
    const warnings = releaseWarnings(asked, endOfSupport);
    t.equal(warnings.length, isWarned ? 1 : 0, name);
    if (!isWarned) continue;
    t.match(warnings[0], `NixOS ${nixosRelease.name}, `);
    t.match(warnings[0], `since ${nixosRelease.lastDay}: use a newer version of dabei, or name`);
    t.match(warnings[0], 'system.nixpkgs and system.stateVersion (https://channels.nixos.org/nixos-YY.MM/');
  }
});

t.test('a release and a stateVersion that do not belong together', async t => {
  const channel = (release: string) => `https://channels.nixos.org/nixos-${release}/nixexprs.tar.xz`;
  const newer =
    /is NixOS 25\.05, and system\.stateVersion is .*does not know: set system\.stateVersion to "25\.05"/;
  const older =
    /is NixOS 98\.11, and system\.stateVersion is .*older release's data formats; set .* to "98\.11", unless/;
  const rows: [name: string, system: ConfigInput['system'], said: RegExp | null][] = [
    ['the defaults', {}, null],
    ['an older channel', { nixpkgs: channel('25.05') }, newer],
    ['an older branch', { nixpkgs: 'github:NixOS/nixpkgs/nixos-25.05' }, newer],
    ['a small channel', { nixpkgs: 'github:NixOS/nixpkgs/nixos-25.05-small' }, newer],
    ['a branch before its channel', { nixpkgs: 'github:NixOS/nixpkgs/release-25.05' }, newer],
    ['a tag', { nixpkgs: 'github:NixOS/nixpkgs/25.05' }, newer],
    ['a branch in a parameter', { nixpkgs: 'github:NixOS/nixpkgs?ref=nixos-25.05' }, newer],
    [
      'one archive of a channel',
      { nixpkgs: 'https://releases.nixos.org/nixos/25.05/nixos-25.05.8017.0123456789ab/nixexprs.tar.xz' },
      newer,
    ],
    ['a later release', { nixpkgs: channel('98.11') }, older],
    ['an older stateVersion', { stateVersion: '24.11' }, /unless it takes over data of NixOS 24\.11$/],
    ['a later stateVersion', { stateVersion: '98.11' }, /stateVersion is 98\.11, whose data formats/],
    ['a pair', { nixpkgs: channel('25.05'), stateVersion: '25.05' }, null],
    ['unstable', { nixpkgs: 'github:NixOS/nixpkgs/nixos-unstable', stateVersion: '25.05' }, null],
    ['a revision', { nixpkgs: `github:NixOS/nixpkgs/${'25.05'.replace('.', '').repeat(10)}` }, null],
    ['an address', { nixpkgs: 'http://10.25.05.1/nixpkgs.tar.gz' }, null],
    ['a path', { nixpkgs: '/srv/nixpkgs', stateVersion: '25.05' }, null],
    ['a flake of your own', { flake: 'github:me/infra#web-01', nixpkgs: channel('25.05') }, null],
    ['a prebuilt system', { ...prebuilt, stateVersion: '25.05' }, null],
  ];
  for (const [name, system, said] of rows) {
    const warnings = releaseWarnings(config({ system }), endOfSupport - 1);
    t.equal(warnings.length, said === null ? 0 : 1, `${name}: ${warnings.join()}`);
    if (said !== null) t.match(warnings[0], said, name);
  }
});

t.test('the preflight warns of what would be installed', async t => {
  const disks = { devices: ['/dev/vda'], wipe: true };
  const rows: [name: string, given: object, now: number, isWarned: boolean][] = [
    ['an installation, whose passphrase is not known yet', { disks, system: {} }, endOfSupport, true],
    ['one without "system"', { disks }, endOfSupport, true],
    ['one in time', { disks, system: {} }, endOfSupport - 1, false],
    [
      'another nixpkgs',
      { disks, system: { nixpkgs: 'github:NixOS/nixpkgs/nixos-unstable' } },
      endOfSupport,
      false,
    ],
    ['a rescue system', { mode: 'rescue' }, endOfSupport, false],
  ];
  for (const [name, given, now, isWarned] of rows) {
    const bytes = Buffer.from(JSON.stringify(given));
    const resolve = (withPassphrase: boolean) =>
      resolveConfiguration({
        commandLine: '',
        files: [{ path: '/dabei.json', bytes }, ...(withPassphrase ? [standInForPassphrase] : [])],
      });
    const { warnings } = judge(resolve, debian, image, now).found;
    t.equal(
      warnings.some(text => text.includes('security updates')),
      isWarned,
      name,
    );
  }
});
