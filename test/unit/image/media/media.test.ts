import t from 'tap';
import { variants, type Variant } from '../../../../agent/variants.ts';
import { isoWith } from '../../../../image/media/iso/iso.ts';
import { media, mediaWith } from '../../../../image/media/media.ts';
import { published } from '../../../../image/report/output.ts';
import { publishedBudgets } from '../../../../image/reductions/budgets.ts';

const budgets = publishedBudgets();

t.test('media are published, each file by one of them, and what carries the image has a budget', async t => {
  const names = media.flatMap(({ files }) => files);
  t.equal(new Set(names).size, names.length);
  t.strictSame(
    names.filter(name => !published.includes(name)),
    [],
  );
  for (const { name, files, carriesImage } of media) {
    t.ok(files.length > 0, name);
    for (const file of files.filter(() => carriesImage)) t.ok(file in budgets.artefacts, file);
  }
});

t.test('what a variant may add to the ISO', async t => {
  const most: Readonly<Record<Variant, number>> = {
    tor: 1_600_000,
    wifi: 18_000_000,
    'wifi-intel': 6_000_000,
  };
  for (const variant of variants) {
    const { files, carriesImage } = isoWith([variant]);
    t.same([files, carriesImage], [[`nix-dabei-${variant}.iso`], true]);
    const [plain, larger] = ['nix-dabei.iso', ...files].map(name => budgets.artefacts[name]!);
    t.ok(larger! - plain! <= most[variant], variant);
  }
  t.same(mediaWith([]), media, 'nothing else without one');
  t.same(mediaWith([['tor'], ['wifi']]).slice(0, media.length), media, 'the others stay');
});
