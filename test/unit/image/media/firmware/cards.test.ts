import t from 'tap';
import { makersOf, modprobeLines } from '../../../../../image/media/firmware/cards.ts';
import * as files from '../../../../../image/lib/files.ts';
import { checkout } from '../../../../../image/lib/host.ts';

t.test('every driver of the kernel that needs firmware has some, and no other', async t => {
  const config = files.readText(checkout('kernel-config/variants/wifi-drivers.config'));
  /** Options that are one module each, which asks for firmware. */
  const leaf = /^CONFIG_((?:RTW8[89]_|MT79)\w+|ATH1[01]K_PCI|IWLWIFI|BRCMFMAC)=m$/gm;
  const drivers = [...config.matchAll(leaf)].map(([, name = '']) => name.toLowerCase());
  t.ok(drivers.length > 10);
  const modules = makersOf.wifi.flatMap(maker => maker.modules);
  t.strictSame(modules.toSorted(), drivers.toSorted());
});

t.test('each file is in one archive', async t => {
  const all = makersOf.wifi.flatMap(maker => maker.files);
  t.equal(new Set(all).size, all.length);
  t.equal(new Set(makersOf.wifi.map(({ name }) => name)).size, makersOf.wifi.length);
  t.same(
    makersOf['wifi-intel'],
    makersOf.wifi.filter(({ name }) => name === 'intel'),
  );
});

t.test('a driver is loaded after its firmware was unpacked', async t => {
  const [intel] = makersOf['wifi-intel'];
  t.equal(
    modprobeLines([intel]),
    'install iwlwifi /usr/lib/dabei/firmware intel && /usr/sbin/modprobe --ignore-install iwlwifi $CMDLINE_OPTS\n',
  );
});
