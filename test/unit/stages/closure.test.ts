import { createServer } from 'node:http';
import t from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import { asDabeiError, reasonsOf } from '../../../agent/errors.ts';
import { narinfoName } from '../../../agent/plan/nix/narinfo.ts';
import { readClosure } from '../../../agent/stages/closure.ts';
import { cache, key, narinfo, pathOf, type Cache, type Graph } from '../../support/signed-cache.ts';
import { listen } from '../../vm/harness/serve.ts';

const read = (toplevel: string, caches: readonly Cache[], keys = [key]) =>
  readClosure(
    { ...realDoors, log: () => {} },
    { toplevel: pathOf(toplevel), substituters: caches.map(({ url }) => url), keys },
  );

async function refusals(reading: Promise<unknown>): Promise<[string, string][]> {
  const error = await reading.then(
    () => null,
    (thrown: unknown) => asDabeiError(thrown, 'reading'),
  );
  return error === null
    ? []
    : reasonsOf(error).map(({ code, doing, problem }) => [code, `${doing}: ${problem}`]);
}

const diamond: Graph = { a: ['b', 'c', 'a'], b: ['d'], c: ['d'], d: [] };

t.test('all paths, each once', async t => {
  const one = await cache(t, diamond);
  t.same(await read('a', [one]), {
    toplevel: pathOf('a'),
    substituters: [one.url],
    paths: 4,
    narBytes: 4000,
    fileBytes: 400,
    sizes: new Map(['a', 'b', 'c', 'd'].map(name => [pathOf(name), 1000])),
    initrd: null,
  });
  t.ok([...one.asked.values()].every(times => times === 1));
});

t.test('a chain and a wide closure', async t => {
  const names = Array.from({ length: 300 }, (_, index) => `n${index}`);
  const chain = Object.fromEntries(names.map((name, index) => [name, names.slice(index + 1, index + 2)]));
  t.match(await read('n0', [await cache(t, chain)]), { paths: 300 });
  const wide = { ...Object.fromEntries(names.map(name => [name, []])), a: names };
  t.match(await read('a', [await cache(t, wide)]), { paths: 301 });
});

t.test('several caches together', async t => {
  const first = await cache(t, { a: ['b', 'c', 'a'], b: ['d'] });
  const second = await cache(t, diamond);
  t.match(await read('a', [first, second]), { paths: 4, substituters: [first.url, second.url] });
  const unsigned = await cache(t, diamond, {
    [`/${narinfoName(pathOf('d'))}`]: narinfo('d', []).replace(/Sig.*/, ''),
  });
  t.match(await read('a', [unsigned, second]), { paths: 4 }, 'what one has unsigned, another has signed');
  const otherStore = await cache(t, diamond, { '/nix-cache-info': 'StoreDir: /gnu/store\n' });
  t.match(await read('a', [otherStore, second]), { paths: 4, substituters: [second.url] });
});

t.test('refusals', async t => {
  const at = (name: string) => `/${narinfoName(pathOf(name))}`;
  const rows: [string, Readonly<Record<string, number | string>>, [string, RegExp][]][] = [
    ['a path that is not there', { [at('d')]: 404 }, [['CLOSURE_PATH_MISSING', /-d: it answered 404/]]],
    ['a bucket that cannot be listed', { [at('d')]: 403 }, [['CLOSURE_PATH_MISSING', /-d: it answered 403/]]],
    [
      'an archive that is gone',
      { '/nar/c.nar': 404 },
      [['CLOSURE_PATH_MISSING', /-c: its archive is missing/]],
    ],
    ['an error page', { [at('b')]: '<html>' }, [['CLOSURE_NARINFO', /-b: a line has no colon/]]],
    [
      'another signature',
      { [at('b')]: narinfo('b', ['d']).replace('NarSize: 1000', 'NarSize: 1001') },
      [['CLOSURE_SIGNATURE', /-b: the signature by test-1/]],
    ],
    [
      'no signature',
      { [at('b')]: narinfo('b', []).replace(/Sig.*/, '') },
      [['CLOSURE_SIGNATURE', /-b: it is not signed/]],
    ],
    ['no binary cache', { '/nix-cache-info': 404 }, [['CACHE_UNREACHABLE', /it answered 404/]]],
    [
      'several at once',
      { [at('b')]: '<html>', '/nar/c.nar': 404 },
      [
        ['CLOSURE_NARINFO', /-b/],
        ['CLOSURE_PATH_MISSING', /-c/],
      ],
    ],
  ];
  for (const [name, changes, expected] of rows) {
    const found = await refusals(read('a', [await cache(t, diamond, changes)]));
    t.match(found.sort(), expected, name);
    t.equal(found.length, expected.length, name);
  }
});

t.test('many that are missing are told as a few and a number', async t => {
  const names = Array.from({ length: 9 }, (_, index) => `n${index}`);
  const [[code, text] = []] = await refusals(read('a', [await cache(t, { a: names })]));
  t.equal(code, 'CLOSURE_PATH_MISSING');
  t.match(text, /-n\d.*\n.*-n\d.*\n.*-n\d.*\n {2}and 6 more$/);
});

t.test('a signer that nobody trusts', async t => {
  const found = await refusals(read('a', [await cache(t, diamond)], [`other-1:${key.split(':')[1]}`]));
  t.match(found, [['CLOSURE_SIGNATURE', /test-1/]]);
});

t.test('a cache that does not answer, or stops answering', async t => {
  const closed = async (): Promise<Cache> => {
    const { port, close } = await listen(createServer());
    await close();
    return { url: `http://127.0.0.1:${port}`, asked: new Map() };
  };
  const stops = (graph: Graph) => cache(t, graph, { [`/${narinfoName(pathOf('d'))}`]: null });
  const withoutD: Graph = { a: ['b', 'c'], b: ['d'], c: ['d'] };
  const rows: [name: string, caches: Cache[], code: string | null, says: RegExp][] = [
    ['the only one', [await closed()], 'CACHE_UNREACHABLE', /nix-cache-info: .*ECONNREFUSED/],
    ['each of two', [await closed(), await closed()], 'CACHE_UNREACHABLE', /ECONNREFUSED/],
    ['one, and another has everything', [await closed(), await cache(t, diamond)], null, /ECONNREFUSED/],
    ['the only one, half way', [await stops(diamond)], 'CACHE_UNREACHABLE', /-d/],
    ['half way, and another has the rest', [await stops(diamond), await cache(t, diamond)], null, /-d/],
    ['half way, and it alone may have the rest', [await stops(diamond), await cache(t, withoutD)], 'CACHE_UNREACHABLE', /-d/],
  ]; // prettier-ignore
  for (const [name, caches, code, says] of rows) {
    const told: string[] = [];
    const reading = readClosure(
      {
        ...realDoors,
        // The waits between attempts are for networks that come back.
        network: {
          ...realDoors.network,
          request: once => realDoors.network.request({ ...once, attempts: 1 }),
        },
        log: entry => 'text' in entry && told.push(entry.text),
      },
      { toplevel: pathOf('a'), substituters: caches.map(({ url }) => url), keys: [key] },
    );
    if (code === null) {
      t.match(await reading, { paths: 4, substituters: [caches.at(-1)!.url] }, name);
      t.match(told, [says], `${name}: a warning`);
    } else {
      const found = await refusals(reading);
      t.same([...new Set(found.map(([each]) => each))], [code], name);
      for (const [, text] of found) t.match(text, says, name);
    }
  }
});

t.test('a long walk tells how far it is', async t => {
  let now = 0;
  const clock = { ...realDoors.clock, uptimeSeconds: () => (now += 8) };
  const told: unknown[] = [];
  const { url } = await cache(t, diamond);
  const doors = { ...realDoors, clock, log: (entry: unknown) => told.push(entry) };
  await readClosure(doors, { toplevel: pathOf('a'), substituters: [url], keys: [key] });
  t.match(told[0], { event: 'progress', text: /^asked the binary caches for \d of \d paths$/ });
});
