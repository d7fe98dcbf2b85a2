import t, { type Test } from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import { Secret } from '../../../../agent/secret.ts';
import { start } from '../../../../agent/setup/machine.ts';
import { fulfil, type Surroundings } from '../../../../agent/stages/guided/needs.ts';
import { guidedMachine } from '../../../support/guided/guided-machine.ts';
import { world } from '../../../support/guided/world.ts';
import { iwdOf, type Radio } from './radio.ts';

/** The guided installation joins a network that somebody typed. */

async function joins(t: Test, radio: Radio) {
  const { doors } = iwdOf(t, radio, machine =>
    guidedMachine(t, { ...machine, files: { ...machine.files, '/addresses': '[]' } }),
  );
  const configured = networkSchema.parse({ wifi: [{ ssid: 'work', passphrase: 'far away here' }] });
  const around: Surroundings = {
    ...{ base: {}, keys: [], wifi: configured.wifi!, network: configured },
    ...{ captured: undefined, isChanged: false },
  };
  const { answers, ...rest } = start(world({ isOnline: false }), undefined);
  const state = {
    ...rest,
    answers: {
      ...answers,
      wifi: { kind: 'network' as const, ssid: 'home', hidden: false },
      wifiPassphrase: new Secret('correct horse'),
    },
  };
  return { doors, supply: await fulfil(doors, { kind: 'wifi' }, state, around) };
}

t.test('a wrong passphrase is told at once, and the network stays', async t => {
  const { doors, supply } = await joins(t, { networks: { home: { answer: 'net.connman.iwd.Failed' } } });
  t.match(supply, { kind: 'failed', problem: /"home".*refuses the passphrase/ });
  t.notMatch(supply, { problem: /network\.wifi/ }, 'no setting: the network is asked for again');
  t.same(doors.ran.filter(line => /(^|\/)(ip|udhcpc\S*|dhcpcd) /.test(line)), []); // prettier-ignore
  t.equal(doors.read('/run/dabei/wifi/typed.json'), null);
  t.equal(doors.read('/var/lib/iwd/home.psk'), null);
  t.match(doors.read('/var/lib/iwd/work.psk'), 'far away here', 'iwd looks further for those it had');
});

t.test('joined, and no server gives an address: one is asked for', async t => {
  const { doors, supply } = await joins(t, { networks: { home: {} } });
  t.match(supply, { kind: 'isJoined', world: { isOnline: false } });
  t.match(doors.read('/run/dabei/wifi/typed.json'), 'correct horse');
});
