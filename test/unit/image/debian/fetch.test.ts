import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Context } from '../../../../image/debian/context.ts';
import { fetchAll } from '../../../../image/debian/fetch.ts';
import { formatLockFile, readLockFile, type LockFile } from '../../../../image/debian/lock-file.ts';
import type { Need } from '../../../../image/debian/needs.ts';
import { BuildError, type Missing } from '../../../../image/lib/errors.ts';
import * as files from '../../../../image/lib/files.ts';
import { makeArchive, startMirror, type FaultRule } from './mirror.ts';

/** The real fetching code against a mirror of the test's own that misbehaves. */

// Most of it is waiting: each world starts some twenty programs.
t.setTimeout(900_000);

const release = 'tiny';
const workshop = mkdtempSync(join(tmpdir(), 'dabei-archive-'));
t.teardown(() => rmSync(workshop, { recursive: true, force: true }));
const archive = await makeArchive(workshop);
const set: Need = {
  kind: 'set',
  set: { name: 'tiny-set', packages: ['alpha'], variant: 'extract' },
  release,
};
const source: Need = { kind: 'source', name: 'gamma', release };
const installer: Need = {
  ...{ kind: 'packages', name: 'tiny-installer', names: ['delta-udeb'], release },
  installer: true,
};

interface World {
  name: string;
  faults: FaultRule[];
  /** "name version" of everything that was fetched. */
  fetched?: string[];
  /** Of the plans, for people. */
  warnings?: RegExp[];
  /** Name -> what stands in its attempts, for the optional items that cannot be had. */
  missing?: Record<string, RegExp>;
  /** A required item cannot be had: code, and what the message says. */
  error?: { code: string; says: RegExp[] };
}

const whole = ['alpha 1.0', 'beta 1.0', 'delta-udeb 4.0', 'gamma 1:1.0'];
const olderGamma = ['alpha 1.0', 'beta 1.0', 'delta-udeb 4.0', 'gamma 1.9'];
const otherBeta = ['alpha 1.0', 'beta 1.1', 'delta-udeb 4.0', 'gamma 1:1.0'];
const gammaNow = /pool\/gamma\/gamma_1\.0/;

const worlds: World[] = [
  { name: 'all is well; an epoch is newer than none', faults: [], fetched: whole },
  {
    name: 'a source that the list names and the pool has not: another version of the same list',
    faults: [{ path: gammaNow, fault: 'missing' }],
    fetched: olderGamma,
    warnings: [
      /^gamma 1:1\.0 is not available \(404 Not Found\); using 1\.9 instead, which a signed list names$/,
    ],
  },
  {
    name: 'neither version is there: the optional item is missing, the rest is fetched',
    faults: [{ path: /pool\/gamma/, fault: 'missing' }],
    fetched: ['alpha 1.0', 'beta 1.0', 'delta-udeb 4.0'],
    missing: {
      gamma: /^1:1\.0: http\S+gamma_1\.0\.dsc: 404 Not Found[^]*^1\.9: [^]*no list names another version/m,
    },
  },
  {
    name: 'an index with another hash is taken by its hash',
    faults: [{ path: /source\/Sources\.gz/, fault: 'wrong' }],
    fetched: whole,
  },
  {
    name: 'an index that fits in no way: what it names is missing, the rest is fetched',
    faults: [
      { path: /^dists\/[^/]*\/main\/debian-installer\//, fault: 'wrong' },
      { path: /source\/(Sources|by-hash)/, fault: 'wrong' },
    ],
    fetched: ['alpha 1.0', 'beta 1.0'],
    missing: {
      'packages tiny-installer':
        /Packages\.gz: Hash Sum mismatch \(3 times\), then [0-9a-f]{64}: Hash Sum mismatch/,
      'source tiny gamma': /Sources\.gz: Hash Sum mismatch/,
    },
  },
  {
    name: 'a file that is cut off once is continued',
    faults: [{ path: /beta_1\.0/, fault: 'cut', times: 1 }],
    fetched: whole,
  },
  {
    name: 'a package that has other bytes than its hash is never used: that of -updates is',
    faults: [{ path: /beta_1\.0/, fault: 'wrong' }],
    fetched: otherBeta,
    warnings: [/^beta 1\.0 is not available \(Hash Sum mismatch \(3 times\)\); using 1\.1 instead/],
  },
  {
    name: 'a file that drips is given up for another version',
    faults: [{ path: /beta_1\.0/, fault: 'drip' }],
    fetched: otherBeta,
    warnings: [/^beta 1\.0 is not available \(slower than 1 kB\/s \(3 times\)\); using 1\.1 instead/],
  },
  {
    name: 'resets and 503 twice, then all is well',
    faults: [
      { path: /alpha_1\.0/, fault: 'reset', times: 2 },
      { path: /beta_1\.0/, fault: 'busy', times: 2 },
      { path: /^dists\/tiny\/InRelease/, fault: 'busy', times: 2 },
    ],
    fetched: whole,
  },
  {
    name: 'a Release file whose signature does not fit is not used',
    faults: [{ path: /InRelease/, fault: 'wrong' }],
    error: {
      code: 'FETCH_MISSING',
      says: [/list set tiny-set/, /InRelease: it is not signed by a key of Debian/],
    },
  },
  {
    name: 'all that is required and missing is told at once, with what was tried',
    faults: [{ path: /pool\//, fault: 'missing' }],
    error: {
      code: 'FETCH_MISSING',
      says: [
        /^fetching what the build needs: 2 items are not available:$/m,
        /^  package alpha 1\.0\n    tried 1\.0: http\S+\/alpha_1\.0_amd64\.deb: 404 Not Found( \(\d times\))?$/m,
        /^  package beta 1\.0\n    tried 1\.0: http\S+\/beta_1\.0_amd64\.deb: 404 Not Found( \(\d times\))?$/m,
      ],
    },
  },
  {
    name: 'a mirror that says nothing is given up after a while, not file by file',
    faults: [{ path: /./, fault: 'silent' }],
    error: {
      code: 'FETCH_MISSING',
      says: [/InRelease: (Connection timed out|slower than 1 kB\/s) \(3 times\)/],
    },
  },
];

for (const { name, faults, fetched, warnings = [], missing = {}, error } of worlds) {
  t.test(name, async t => {
    const { mirror } = await world(t);
    mirror.faults = faults;
    const attempt = fetchAll([set], [source, installer], mirror.context);
    if (error) {
      const thrown = await failure(attempt);
      t.equal(thrown.code, error.code);
      for (const pattern of error.says) t.match(thrown.message, pattern);
      t.match(thrown.remedy, /run the same command again/);
      return;
    }
    const { plans, missingOptional } = await attempt;
    t.strictSame(versions(plans), fetched);
    const told = [...plans.values()].flatMap(plan => plan.warnings);
    t.equal(told.length, warnings.length, told.join('\n'));
    for (const pattern of warnings)
      t.ok(
        told.some(line => pattern.test(line)),
        told.join('\n'),
      );
    t.strictSame(missingOptional.map(item => item.name).sort(), Object.keys(missing).sort());
    for (const item of missingOptional) t.match(attemptsOf(item), missing[item.name]);
  });
}

t.test('lists that were verified once are used on a day on which the mirror has none', async t => {
  const { mirror } = await world(t);
  await fetchAll([set], [source], mirror.context);
  mirror.faults = [{ path: /^dists/, fault: 'wrong' }];
  const { plans } = await fetchAll([set], [source], { ...mirror.context, update: true });
  t.strictSame(versions(plans), ['alpha 1.0', 'beta 1.0', 'gamma 1:1.0']);
});

t.test('two builds at once on one cache: both succeed, and each file is fetched once', async t => {
  const { mirror } = await world(t);
  const both = [{ ...mirror.context }, { ...mirror.context }].map(context =>
    fetchAll([set], [source], context),
  );
  for (const { plans } of await Promise.all(both))
    t.strictSame(versions(plans), ['alpha 1.0', 'beta 1.0', 'gamma 1:1.0']);
  const pool = mirror.requests.filter(path => path.startsWith('pool/'));
  t.equal(new Set(pool).size, pool.length, pool.join(' '));
});

t.test('what cannot be had is not asked for a second time', async t => {
  const { mirror } = await world(t);
  mirror.faults = [{ path: /pool\/gamma/, fault: 'missing' }];
  await fetchAll([set], [source], mirror.context);
  const asked = mirror.requests.length;
  const thrown = await failure(fetchAll([source], [], mirror.context));
  t.equal(thrown.code, 'FETCH_MISSING');
  t.match(thrown.message, /^ {2}source gamma 1:1\.0$/m);
  t.equal(mirror.requests.length, asked);
});

t.test('a locked build', async t => {
  const { mirror, directory } = await world(t);
  const today = await fetchAll([set], [source], mirror.context);
  const path = join(directory, 'debian.lock.json');
  files.write(path, formatLockFile(today.plans));
  const locked = (name: string, lock: LockFile): Context => ({
    ...{ ...mirror.context, directory: join(directory, name), locked: lock },
  });
  t.strictSame(
    [...(await fetchAll([set], [source], locked('again', readLockFile(path)))).plans],
    [...today.plans],
    'takes the same versions and hashes',
  );
  mirror.requests.length = 0;
  mirror.faults = [
    { path: gammaNow, fault: 'missing' },
    { path: /beta_1\.0/, fault: 'missing' },
  ];
  const thrown = await failure(fetchAll([set], [source], locked('later', readLockFile(path))));
  t.equal(thrown.code, 'LOCK_GONE');
  t.match(thrown.message, /2 of its versions are no longer available/);
  t.match(thrown.message, /^ {2}package beta 1\.0$/m);
  t.match(thrown.message, /^ {2}source gamma 1:1\.0$/m);
  t.match(thrown.remedy, /--lock/);
  t.notOk(
    mirror.requests.some(path => path.startsWith('dists/')),
    'asks for no list',
  );
  for (const [text, problem] of [
    [null, /there is no lock file/],
    ['{', /JSON/],
    ['{"version": 2, "needs": {}}', /it is not a valid lock file of version 1/],
    [
      '{"version": 1, "architectures": ["vax", "vax"], "needs": {}}',
      /it is for an image for vax, built on vax/,
    ],
  ] as const) {
    const bad = join(directory, 'bad.json');
    files.remove(bad);
    if (text !== null) files.write(bad, text);
    t.throws(() => readLockFile(bad), { code: 'LOCK_FILE', problem });
  }
});

t.test('firmware that is not free is in lists of its own, which nothing else asks for', async t => {
  const firmware: Need = {
    ...{ kind: 'packages', name: 'tiny-firmware', names: ['firmware-epsilon'], release },
    ...{ installer: false, firmware: true },
  };
  const { mirror } = await world(t);
  await fetchAll([set, source], [], mirror.context);
  t.notOk(mirror.requests.some(path => path.includes('firmware')));
  const { plans } = await fetchAll([firmware], [], mirror.context);
  t.match(plans.get('packages tiny-firmware'), { versions: { 'firmware-epsilon': '5.0' } });
  t.ok(mirror.requests.includes('pool/firmware-epsilon_5.0_amd64.deb'));
  const elsewhere: Need = { ...firmware, name: 'other', names: ['alpha'] };
  await t.rejects(fetchAll([elsewhere], [], mirror.context), { code: 'FETCH_MISSING' });
});

async function world(t: { teardown: (work: () => Promise<void>) => void }) {
  const directory = mkdtempSync(join(tmpdir(), 'dabei-mirror-'));
  const mirror = await startMirror(archive, join(directory, 'cache'));
  t.teardown(async () => {
    await mirror.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { mirror, directory };
}

async function failure(work: Promise<unknown>): Promise<BuildError> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof BuildError)) throw new Error('no BuildError was thrown', { cause: thrown });
  return thrown;
}

const versions = (plans: Awaited<ReturnType<typeof fetchAll>>['plans']) =>
  [...plans.values()].flatMap(plan => plan.items.map(({ name, version }) => `${name} ${version}`)).sort();

const attemptsOf = ({ tried }: Missing) => tried.join('\n');
