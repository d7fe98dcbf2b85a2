import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { documents, prose, resolve } from '../../support/documents/files.ts';

/** As GitHub makes them of a heading: lower case, no punctuation, dashes for blanks. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
  return [...prose({ path: '', text }).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));
}

t.test('every relative link leads to a file, and to a heading of it', async t => {
  let links = 0;
  for (const document of documents) {
    for (const [, target = ''] of prose(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      const [path = '', heading] = target.split('#');
      const file = resolve(document.path, path === '' ? document.path.split('/').at(-1)! : path);
      if (!existsSync(file)) {
        t.fail(`${document.path}: ${target}`);
        continue;
      }
      if (heading !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(heading))
        t.fail(`${document.path}: ${target}: no such heading`);
    }
  }
  t.ok(links > 50, `${links} links`);
});

t.test('docs/index.md names every document', async t => {
  const index = documents.find(({ path }) => path === 'docs/index.md')!;
  const named = [...index.text.matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => resolve(index.path, link));
  for (const { path } of documents) {
    if (!path.startsWith('docs/') || path === index.path) continue;
    t.ok(named.includes(resolve('README.md', path)), path);
  }
});

t.test('anchors, as GitHub makes them', async t => {
  t.equal(anchor('Images: `nixosModules.instance-data`'), 'images-nixosmodulesinstance-data');
  t.equal(anchor('3. Start it'), '3-start-it');
});
