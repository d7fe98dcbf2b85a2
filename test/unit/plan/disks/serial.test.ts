import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { configSchema } from '../../../../agent/config/schema.ts';
import { parseEntry } from '../../../../agent/plan/disks/install-state.ts';
import { layOut } from '../../../../agent/plan/disks/layout.ts';
import { serialOf, serialRefusals } from '../../../../agent/plan/disks/serial.ts';
import { chooseDisks } from '../../../../agent/plan/plan.ts';
import { disk, facts } from '../../../fixtures/disks.ts';

const configOf = (serial: number | undefined, isSigned: boolean) => ({
  ...configSchema.parse({
    ...{ hostName: 'web', disks: { devices: ['/dev/vda'], key: 'a passphrase of some length' } },
    ...(serial === undefined ? {} : { serial }),
  }),
  ...(isSigned ? ({ isSigned: true } as const) : {}),
});

t.test('an older configuration of the same machine', async t => {
  const rows: [name: string, serial: number | undefined, isSigned: boolean, noted: number | null | undefined, isRefused: boolean][] = [
    ['a newer one', 8, true, 7, false],
    ['the same', 7, true, 7, false],
    ['an older one', 6, true, 7, true],
    ['one from before numbers were used', undefined, true, 7, true],
    ['the first one', 1, true, null, false],
    ['without a number, the first one', undefined, true, null, false],
    ['nothing was looked at', 1, true, undefined, false],
    ['not signed', 6, false, 7, false],
  ]; // prettier-ignore
  const machine = facts([disk()]);
  for (const [name, serial, isSigned, noted, isRefused] of rows) {
    const found = { traces: [], pool: null, ...(noted === undefined ? {} : { serial: noted }) };
    const config = configOf(serial, isSigned);
    const codes = serialRefusals(config, found).map(({ code }) => code);
    t.same(codes, isRefused ? ['CONFIG_REPLAYED'] : [], name);
    if (isRefused) t.throws(() => chooseDisks(config, machine, found), { code: 'CONFIG_REPLAYED', problem: /serial/ }, name);
    else t.ok(chooseDisks(config, machine, found), name);
  }
}); // prettier-ignore

t.test('what is noted', async t => {
  const noted = (serial: number | undefined, isSigned: boolean) =>
    layOut(configOf(serial, isSigned), [disk()], facts([disk()])).installState;
  t.equal(noted(7, true).serial, 7);
  t.notOk('serial' in noted(7, false));
  t.notOk('serial' in noted(undefined, true));
  t.equal(
    noted(7, true).configuration,
    noted(8, true).configuration,
    'a number is not another configuration',
  );
  const entry = { version: 1, stage: 'install', ...noted(7, true) };
  t.equal(parseEntry(JSON.stringify(entry))?.serial, 7);
  t.equal(parseEntry(JSON.stringify({ ...entry, serial: '7' })), null);
});

t.test('who signed it decides whether a number counts', async t => {
  const bytes = Buffer.from('{"serial": 7, "for": {"serial": "S1"}, "notAfter": "2026-12-01T00:00:00Z"}');
  const time = { epochSeconds: Date.parse('2026-11-29T12:00:00Z') / 1000 };
  const resolved = (signer: string | null) => {
    const identity = { macs: [], allMacs: [], serial: 'S1', uuid: null, hostName: null, arch: '' };
    const fetched = { source: 'https://h/', bytes, inClear: false, signer, identity, time };
    return resolveConfiguration({ commandLine: '', files: [], fetched }).config!;
  };
  t.equal(serialOf(resolved('ops')), 7);
  t.equal(serialOf(resolved(null)), undefined);
  const own = resolveConfiguration({ commandLine: '', files: [{ path: '/dabei.json', bytes }] });
  t.match(own.notes.join('\n'), '/dabei.json: serial counts in a fetched configuration only');
});
