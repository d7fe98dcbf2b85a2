import { test } from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import { unreachableGateways } from '../../../../agent/plan/network/unreachable-gateways.ts';

const rows: [string, unknown, string[], string | null][] = [
  ['no gateway was silent, or one of several answered', {}, [], null],
  ['none answered', {}, ['192.0.2.1', '2001:db8::1'], 'NETWORK_SILENT_GATEWAY'],
  ['none answered, and that is known', { allowUnreachableGateways: true }, ['192.0.2.1'], null],
];

for (const [name, config, silent, code] of rows) {
  test(name, async t => {
    const refusal = unreachableGateways(networkSchema.parse(config), silent);
    t.equal(refusal?.code ?? null, code);
    if (refusal === null) return;
    for (const address of silent) t.match(refusal.problem, address);
    t.match(refusal.remedy, /network\.allowUnreachableGateways/);
  });
}
