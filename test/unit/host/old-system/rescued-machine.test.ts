import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { readCaptured } from '../../../../agent/host/old-system/captured.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { publicKeyOf } from '../../../fixtures/public-keys.ts';
import { doorsTo } from '../../../support/doors.ts';
import { machines } from '../../plan/machines.ts';

const { config, facts, storage } = machines['bios-static'];
const boot = '/run/dabei/boot';
const keys = `from="192.0.2.0/24",expiry-time="20400101" ${publicKeyOf('one')}\ncommand="true" ${publicKeyOf('two')}\n`;
const entry = {
  [`${boot}/dabei/machine.json`]: JSON.stringify(runtimeInfo(config, facts, storage)),
  [`${boot}/dabei/capture/ssh-port`]: '2222\n',
  [`${boot}/ssh/authorized_keys`]: keys,
};

/** As the start of a rescue entry reads its sources. */
function resolve(root: string, files: Readonly<Record<string, string>>, commandLine = 'dabei.rescue') {
  return resolveConfiguration({ commandLine, files: [], captured: readCaptured(doorsTo(root, { files })) });
}

t.test('the rescue system is reached where stage 1 is, by the same keys', async t => {
  const { mode, problems, reachability } = resolve(t.testdir(), entry);
  t.same(problems, []);
  t.equal(mode, 'rescue');
  t.match(reachability, {
    hostName: config.hostName,
    ssh: { port: 2222 },
    rootAuthorizedKeys: keys.trim().split('\n'),
    network: {
      interfaces: [{ mac: '52:54:00:12:34:56', addresses: ['198.51.100.7/32', '2001:db8:1::7/64'] }],
    },
  });
});

t.test('a machine that cannot be read costs its addresses alone', async t => {
  const { notes, reachability } = resolve(t.testdir(), { ...entry, [`${boot}/dabei/machine.json`]: '{' });
  t.match(notes.join('\n'), /the machine of this rescue entry is unknown, .* not valid JSON/);
  t.match(reachability, { ssh: { port: 2222 }, network: { interfaces: [] } });
  t.equal(reachability.rootAuthorizedKeys.length, 2);
});
