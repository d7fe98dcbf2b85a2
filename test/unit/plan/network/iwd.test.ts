import t from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import { iwdFileName, iwdFiles, iwdMainConf } from '../../../../agent/plan/network/iwd.ts';

t.test('names of files: iwd.network(5), NAMING', async t => {
  t.equal(iwdFileName('My home_net-5'), 'My home_net-5.psk');
  t.equal(iwdFileName('=a'), '=3d61.psk', 'what begins like a coded name is coded');
  t.equal(iwdFileName('../x'), '=2e2e2f78.psk', 'no name leads elsewhere');
  t.equal(iwdFileName('Café'), '=436166c3a9.psk');
});

t.test('contents', async t => {
  const files = (wifi: object[]) =>
    iwdFiles(networkSchema.parse({ wifi }).wifi!).map(({ content }) => content.reveal().toString());
  t.same(files([{ ssid: 'a', passphrase: ' a\\b=c # ' }]), ['[Security]\nPassphrase=\\sa\\\\b=c # \n']);
  t.same(files([{ ssid: 'a', psk: 'AB'.repeat(32), hidden: true }]), [
    `[Security]\nPreSharedKey=${'ab'.repeat(32)}\n\n[Settings]\nHidden=true\n`,
  ]);
  t.notMatch(JSON.stringify(iwdFiles(networkSchema.parse({ wifi: [{ ssid: 'a', passphrase: 'a secret' }] }).wifi!)), /a secret/); // prettier-ignore
});

t.test('settings', async t => {
  t.match(iwdMainConf({ wifiCountry: 'DE' }), '[General]\nEnableNetworkConfiguration=false\nCountry=DE\n\n');
  t.notMatch(iwdMainConf({}), 'Country');
});
