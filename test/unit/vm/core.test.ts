import t from 'tap';
import { coreLimitSeconds, coreWorlds } from '../../vm/core.ts';
import { worlds } from '../../vm/worlds/index.ts';

t.test('core worlds are worlds, each once, and fit into the time of npm test', async t => {
  const names = worlds.map(({ name }) => name);
  t.strictSame(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
    'no two worlds have one name',
  );
  const core = coreWorlds.map(({ world }) => world);
  t.strictSame(
    core.filter(name => !names.includes(name)),
    [],
  );
  t.equal(new Set(core).size, core.length);

  const seconds = coreWorlds.map(({ warmSeconds }) => warmSeconds);
  const together = seconds.reduce((sum, next) => sum + next) / 2;
  t.ok(together <= coreLimitSeconds, `${together} s of ${coreLimitSeconds} s`);
});
