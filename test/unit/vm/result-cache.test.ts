import t from 'tap';
import { programsOf } from '../../vm/result-cache.ts';
import { worldsByFile } from '../../vm/worlds/index.ts';

t.test('every file of worlds is a program of its own', async t => {
  const names = Object.keys(worldsByFile);
  const programs = await programsOf(names);
  t.same([...programs.keys()], names);
  for (const [name, texts] of programs) t.equal(texts.filter(text => text !== '').length, 2, name);
});
