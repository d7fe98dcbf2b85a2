import t from 'tap';
import { configSchema } from '../../../../agent/config/schema.ts';
import { runtimeInfo } from '../../../../agent/plan/host-flake/runtime-info.ts';
import { machineConfig, parseMachine } from '../../../../agent/plan/rescue/machine.ts';
import { machines } from '../machines.ts';

t.test('every machine is known again by its runtime-info.json', async t => {
  for (const [name, { config, facts, storage }] of Object.entries(machines)) {
    const machine = parseMachine(JSON.stringify(runtimeInfo(config, facts, storage)));
    if ('problem' in machine) {
      t.fail(`${name}: ${machine.problem}`);
      continue;
    }
    const again = configSchema.parse(machineConfig(machine));
    t.equal(again.hostName, config.hostName, name);
    t.equal(again.hostId, storage.hostId, name);
    t.equal(again.network.interfaces.length > 0, config.network.interfaces.length > 0, name);
    t.same(again.network.dns, config.network.dns, name);
  }
});

t.test('what describes no machine', async t => {
  const rows: [string, RegExp][] = [
    ['', /not valid JSON/],
    ['{"version":1', /not valid JSON/],
    ['[]', /expected object/],
    ['{"version":2}', /version/],
    ['{"version":1,"hostName":"web","domain":null,"hostId":"../../x","firmware":"uefi"}', /hostId/],
  ];
  for (const [text, problem] of rows) t.match(parseMachine(text), { problem }, text);
});
