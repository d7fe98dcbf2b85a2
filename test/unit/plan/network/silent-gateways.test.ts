import { test } from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import { silentGateways } from '../../../../agent/plan/network/silent-gateways.ts';

const rows: [string, unknown, string[], string | null][] = [
  ['no gateway was silent, or one of several answered', {}, [], null],
  ['none answered', {}, ['192.0.2.1', '2001:db8::1'], 'NETWORK_SILENT_GATEWAY'],
  ['none answered, and that is known', { allowSilentGateways: true }, ['192.0.2.1'], null],
];

for (const [name, config, silent, code] of rows) {
  test(name, async t => {
    const refusal = silentGateways(networkSchema.parse(config), silent);
    t.equal(refusal?.code ?? null, code);
    if (refusal === null) return;
    for (const address of silent) t.match(refusal.problem, address);
    t.match(refusal.remedy, /network\.allowSilentGateways/);
  });
}
