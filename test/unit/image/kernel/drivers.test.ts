import t from 'tap';
import { rows } from '../../../../agent/arch.ts';
import { requireResolved, requireSameKernel } from '../../../../image/kernel/drivers.ts';
import { configurationOf, settings, symbols } from '../../../../image/kernel/kernel.ts';
import { makersOf } from '../../../../image/media/firmware/cards.ts';
import * as files from '../../../../image/lib/files.ts';
import { checkout } from '../../../../image/lib/host.ts';

const kernel = ['CONFIG_NET=y', 'CONFIG_CFG80211=m', '# CONFIG_QRTR is not set', 'CONFIG_HZ=250'].join('\n');

t.test('drivers beside a kernel that stays as it is', async t => {
  const further = ['CONFIG_IWLWIFI=m', 'CONFIG_IWLWIFI_OPMODE_MODULAR=y', 'CONFIG_QRTR=m', 'CONFIG_WANT_DEV_COREDUMP=y'];
  t.doesNotThrow(() => requireSameKernel(kernel, [kernel.replace('# CONFIG_QRTR is not set', ''), ...further].join('\n')));
  t.doesNotThrow(() => requireSameKernel(kernel, kernel));
}); // prettier-ignore

t.test('what would make another kernel is named', async t => {
  const rows: [more: string, fault: string][] = [
    ['CONFIG_RELAY=y', '  CONFIG_RELAY: n in the kernel, y with drivers'],
    ['CONFIG_CORDIC=m', '  CONFIG_CORDIC: n in the kernel, m with drivers'],
    ['CONFIG_QRTR=y', '  CONFIG_QRTR: n in the kernel, y with drivers'],
    ['CONFIG_CFG80211=y', '  CONFIG_CFG80211: m in the kernel, y with drivers'],
    ['CONFIG_HZ=100', '  CONFIG_HZ: 250 in the kernel, 100 with drivers'],
    ['# CONFIG_NET is not set', '  CONFIG_NET: y in the kernel, n with drivers'],
  ];
  for (const [more, fault] of rows)
    t.throws(() => requireSameKernel(kernel, `${kernel}\n${more}\n`), {
      message: new RegExp(`:\\n${fault}$`),
    });
});

t.test('symbols that the kernel does not have', async t => {
  t.doesNotThrow(() => requireResolved(''));
  const said = 'depmod: WARNING: /lib/modules/6.12/kernel/a.ko needs unknown symbol relay_open\n';
  t.throws(() => requireResolved(`depmod: something else\n${said}`), {
    message: /\ndepmod: WARNING.*relay_open$/,
  });
});

t.test('no fragment of the kernel asks for a driver, and none of the drivers for anything else', async t => {
  const fragment = files.readText(checkout('kernel-config/variants/wifi-drivers.config'));
  const asked = [...symbols(settings(fragment)).keys()];
  t.ok(asked.length > 20);
  for (const row of rows) {
    const kernels = symbols(configurationOf(row).asked);
    t.same(asked.filter(name => kernels.has(name)), [], row.machine); // prettier-ignore
  }
  const allowed = asked.filter(name => !/^CONFIG_(ATH|BRCM|IWL|MT7|RTW8)/.test(name));
  t.same(allowed, []);
});

t.test('each maker has drivers', async t => {
  for (const { name, drivers } of makersOf.wifi) {
    t.ok(drivers.some(path => path.startsWith('drivers/net/wireless/')), name); // prettier-ignore
    t.ok(drivers.every(path => /^\w.*(\/|[.]ko)$/.test(path)), name); // prettier-ignore
  }
});
