import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';

const resolve = (system: object) =>
  resolveConfiguration({
    commandLine: 'dabei.disks=single:/dev/vda dabei.disk_key=Y29ycmVjdCBob3JzZQ==',
    files: [{ path: 'dabei.json', bytes: Buffer.from(JSON.stringify({ system })) }],
  });

const prebuilt = {
  storePath: `/nix/store/${'0'.repeat(32)}-nixos-system-web`,
  substituters: ['https://cache.example.org'],
  trustedPublicKeys: [`a:${'A'.repeat(43)}=`],
};

t.test('the first boot on trial', async t => {
  const rows: [name: string, system: object, expected: unknown][] = [
    ['by default', {}, undefined],
    ['off needs no rescue system', { trial: 0 }, 0],
    ['minutes', { rescue: true, trial: 45 }, 45],
    ['with a rescue system by default', { trial: 45 }, 45],
    ['30 minutes', { rescue: true, trial: { confirm: 'report' } }, { minutes: 30, confirm: 'report' }],
  ];
  for (const [name, system, expected] of rows) {
    const { config, problems } = resolve(system);
    t.same([problems, config?.system.trial], [[], expected], name);
  }
});

t.test('what is refused', async t => {
  const rows: [name: string, system: object, message: RegExp][] = [
    [
      'without a rescue system',
      { rescue: false, trial: 30 },
      /no rescue system to return to; it requires "rescue": true/,
    ],
    ['… by default', { rescue: false, trial: {} }, /requires "rescue": true/],
    ['prebuilt', { ...prebuilt, trial: 30 }, /requires "rescue": true/],
    ['too short', { rescue: true, trial: 5 }, /neither 0 nor at least 10/],
    ['too long', { rescue: true, trial: 20_000 }, /./],
    ['another word', { rescue: true, trial: { confirm: 'ping' } }, /./],
    ['text', { rescue: true, trial: '30' }, /./],
  ];
  for (const [name, system, message] of rows) {
    const { problems } = resolve(system);
    t.match(
      problems,
      [{ code: 'CONFIG_SCHEMA', path: /^system\.trial/, message }],
      `${name}: ${problems.map(each => each.message).join('; ')}`,
    );
  }
});
