import t from 'tap';
import { lackingModules } from '../../../../image/rootfs/modules.ts';

t.test('modules that need others which are not there', async t => {
  const index = [
    'kernel/a.ko:',
    'kernel/b.ko: kernel/a.ko',
    'kernel/c.ko: kernel/b.ko kernel/d.ko kernel/a.ko',
    'kernel/d.ko: kernel/a.ko',
    '',
  ].join('\n');
  const having = (...names: string[]) =>
    lackingModules(index, path => names.includes(path.slice('kernel/'.length, -'.ko'.length)));
  t.same(having('a', 'b', 'c', 'd'), []);
  t.same(having('a', 'b', 'c'), ['kernel/c.ko needs kernel/d.ko']);
  t.same(having('c'), ['kernel/c.ko needs kernel/b.ko', 'kernel/c.ko needs kernel/d.ko', 'kernel/c.ko needs kernel/a.ko']); // prettier-ignore
  t.same(having('d'), ['kernel/d.ko needs kernel/a.ko']);
  t.same(having('a'), []);
});
