import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { openCrawlBook } from '../../infra/crawl/book.ts';
import { hourMs, openCrawlStage, type CrawlStage } from '../support/crawl-stage.ts';
import { gives, openNewsroom, pageOf, prose, rssOf, type Newsroom } from '../support/newsroom.ts';

jest.setTimeout(600_000);

const dayMs = 24 * hourMs;

let room: Newsroom;
let stage: CrawlStage;

beforeEach(async () => {
  [room, stage] = await Promise.all([openNewsroom(), openCrawlStage()]);
});

afterEach(async () => {
  await Promise.all([room.close(), stage.dispose()]);
});

const fileOf = (...names: string[]) => ({
  sources: names.map((name) => ({ name, url: `${room.url}/${name}` })),
  privateHosts: [room.host],
});

/** A feed of these paths; a page for each number. */
function publish(name: string, ...links: (number | string)[]): void {
  for (const n of links) {
    if (typeof n === 'string') continue;
    room.on(`/${n}`, gives('text/html', pageOf(`Record ${n}`, prose(n)), { etag: `"${n}"` }));
  }
  const feed = rssOf(links.map((link) => `/${link}`));
  room.on(`/${name}`, gives('application/rss+xml', feed, { etag: `"${links.join()}"` }));
}

/** Paths of the pages that are remembered, and how many articles. */
async function remembered(): Promise<[pages: string, articles: number]> {
  const pages = await stage.mongo.db.collection<{ _id: string }>('crawl_pages').find().toArray();
  const paths = pages.map(({ _id }) => _id.slice(room.url.length + 1)).sort();
  return [paths.join(), await stage.mongo.db.collection('crawl_articles').countDocuments()];
}

test('pages that a source names no more are forgotten after 90 days, with their articles', async () => {
  publish('news', 1, 2, 3);
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 3 });
  stage.pass(89 * dayMs);
  publish('news', 2, 3, 4);
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 1 });
  expect(await remembered()).toEqual(['1,2,3,4', 4]);
  stage.pass(2 * dayMs);
  publish('news', 2, 3, 4, 5);
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 1 });
  expect(await remembered()).toEqual(['2,3,4,5', 4]);

  // What comes back after that is read once more: the same article, in a newer state.
  publish('news', 1, 2);
  stage.pass(dayMs);
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 1 });
  const first = stage.taken.filter(({ url }) => url.endsWith('/1'));
  expect(new Set(first.map(({ article_id, body }) => `${article_id} ${body}`)).size).toBe(1);
  expect(first).toHaveLength(2);
});

test('a source that says "as before" for years forgets nothing: no page is read or taken again', async () => {
  publish('news', 1, 2, 3);
  await stage.crawl(fileOf('news'));
  for (let year = 0; year < 2; year++) {
    stage.pass(365 * dayMs);
    expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 0, unchanged: 1 });
  }
  expect(await remembered()).toEqual(['1,2,3', 3]);

  stage.pass(dayMs);
  room.asked.length = 0;
  const edited = ['A note of the editors comes first.', ...prose(2).slice(0, -1)];
  room.on('/copy', gives('text/html', pageOf('Another heading', edited)));
  publish('news', 1, 2, 3, 4, 'copy');
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 1, duplicates: 1 });
  expect(room.paths()).toEqual(['/news', '/4', '/copy']);
  expect(await remembered()).toEqual(['1,2,3,4,copy', 4]);

  // Called new by its feed, a page is asked for with its mark: the server says that it is as before.
  stage.pass(dayMs);
  room.asked.length = 0;
  room.on('/news', gives('application/rss+xml', rssOf(['/1']).replace('09 Nov', '10 Nov')));
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 0, unchanged: 1 });
  expect(room.asked.at(-1)).toMatchObject({ path: '/1', headers: { 'if-none-match': '"1"' } });
});

test('whole texts in a feed are remembered as long as it has them', async () => {
  const item = (n: number) =>
    `<item><title>T${n}</title><link>${room.url}/${n}</link><description>${prose(n).join(' ')}</description></item>`;
  const feed = (etag: string, ...numbers: number[]) => {
    const items = numbers.map(item).join('');
    const body = `<rss version="2.0"><channel><title>N</title>${items}</channel></rss>`;
    room.on('/news', gives('application/rss+xml', body, { etag }));
  };
  const [source] = fileOf('news').sources;
  const file = { ...fileOf('news'), sources: [{ ...source!, depth: 0 }] };
  feed('"a"', 1, 2);
  expect(await stage.crawl(file)).toMatchObject({ articles: 2 });
  stage.pass(200 * dayMs);
  expect(await stage.crawl(file)).toMatchObject({ articles: 0, unchanged: 1 });
  stage.pass(dayMs);
  feed('"b"', 2, 3);
  expect(await stage.crawl(file)).toMatchObject({ articles: 1, unchanged: 1 });
  expect(stage.taken.map(({ url }) => url.at(-1))).toEqual(['1', '2', '3']);
  expect(await remembered()).toEqual(['', 2]);
});

test('an article stays known while a page of another source leads to it', async () => {
  publish('news', 1, 2);
  await stage.crawl(fileOf('news'));
  room.on('/copy', gives('text/html', pageOf('Record, again', prose(1))));
  publish('mirror', 'copy');
  expect(await stage.crawl(fileOf('mirror'))).toMatchObject({ articles: 0, duplicates: 1 });
  for (let n = 0; n < 3; n++) {
    stage.pass(50 * dayMs);
    publish('news', 2, 10 + n);
    await stage.crawl(fileOf('news', 'mirror'));
  }
  expect((await remembered())[0]).toBe('11,12,2,copy');
  stage.pass(2 * hourMs);
  room.on('/mirror', gives('application/rss+xml', rssOf(['/copy']).replace('09 Nov', '10 Nov')));
  expect(await stage.crawl(fileOf('mirror'))).toMatchObject({ articles: 0, duplicates: 1 });
  expect(stage.taken.filter(({ body }) => body.includes(prose(1)[0]!))).toHaveLength(1);
});

test('a source that the file names no more is forgotten after 90 days, its neighbours are not', async () => {
  publish('news', 1, 2);
  publish('other', 3);
  await stage.crawl(fileOf('news', 'other'));
  stage.pass(89 * dayMs);
  await stage.crawl(fileOf('other'));
  expect(await remembered()).toEqual(['1,2,3', 3]);
  stage.pass(2 * dayMs);
  await stage.crawl(fileOf('other'));
  expect(await remembered()).toEqual(['3', 1]);
  expect([...(await stage.states()).keys()]).toEqual(['other']);
});

test('10,000 pages of a source wait at most; what found no room is found again', async () => {
  const book = await openCrawlBook(stage.mongo.db, () => stage.now());
  const none = { stamp: null, title: null, published: null, language: null };
  const waiting = Array.from({ length: 10_003 }, (_, n) => ({
    ...{ url: `${room.url}/later/${n}`, source: 'news', depth: 1 },
    ...none,
  }));
  expect(await book.addPages('news', waiting, stage.now() + 365 * dayMs)).toBe(3);
  publish('news', 1, 2);
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 0, failures: 0 });
  expect((await stage.states()).get('news')).toMatchObject({ failures: 0, etag: null });
  await stage.mongo.db.collection('crawl_pages').deleteMany({});
  stage.pass(2 * hourMs);
  expect(await stage.crawl(fileOf('news'))).toMatchObject({ articles: 2 });
  expect((await stage.states()).get('news')).toMatchObject({ etag: '"1,2"' });
});
