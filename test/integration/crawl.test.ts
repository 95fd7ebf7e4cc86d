import type { LookupFunction } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { hourMs, openCrawlStage, type CrawlStage } from '../support/crawl-stage.ts';
import {
  gives,
  openNewsroom,
  pageOf,
  prose,
  redirects,
  rssOf,
  type Newsroom,
  type Respond,
} from '../support/newsroom.ts';

jest.setTimeout(600_000);

let room: Newsroom;
let stage: CrawlStage;

beforeEach(async () => {
  [room, stage] = await Promise.all([openNewsroom(), openCrawlStage()]);
});

afterEach(async () => {
  await Promise.all([room.close(), stage.dispose()]);
});

const rss = 'application/rss+xml';
const html = 'text/html; charset=utf-8';
const fileOf = (source: object = {}, more: object = {}) => ({
  sources: [{ name: 'news', url: `${room.url}/feed`, ...source }],
  privateHosts: [room.host],
  ...more,
});
/** A page for each number, and a feed of them. */
function publish(numbers: readonly number[]): void {
  for (const n of numbers)
    room.on(`/${n}`, gives(html, pageOf(`Record ${n}`, prose(n)), { etag: `"${n}"` }));
  room.on('/feed', gives(rss, rssOf(numbers.map((n) => `/${n}`)), { etag: `"${numbers.join()}"` }));
}

test('articles of a feed are taken once, whole, as clean text', async () => {
  publish([1, 2, 3]);
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 3, failures: 0, parked: 0 });
  expect(stage.taken.map(({ url }) => url).sort()).toEqual(
    [1, 2, 3].map((n) => `${room.url}/${n}`),
  );
  const row = stage.taken.find(({ url }) => url.endsWith('/1'))!;
  expect(row).toMatchObject({
    ...{ feed: 'news', kind: 'prose', language: 'en', title: 'About /1' },
    published: '2026-11-09T08:00:00.000Z',
  });
  expect(row.article_id).toMatch(/^[0-9a-f]{32}$/);
  expect(row.body.split('\n')).toEqual(
    expect.arrayContaining(prose(1).map((sentence) => `${sentence} It was recorded at home.`)),
  );
  expect(row.body).not.toContain('never');

  stage.pass(2 * hourMs);
  room.asked.length = 0;
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 0, unchanged: 1 });
  expect(room.paths()).toEqual(['/feed']);
  expect(room.asked.at(-1)!.headers['if-none-match']).toBe('"1,2,3"');
});

test('a request says who asks, and a host is asked one thing at a time', async () => {
  publish([1, 2, 3, 4]);
  const twice = { name: 'again', url: `${room.url}/feed?x` };
  await stage.crawl({ ...fileOf(), sources: [...fileOf().sources, twice] });
  expect(room.asked[0]!.path).toBe('/robots.txt');
  for (const { headers } of room.asked) {
    expect(headers['user-agent']).toBe('Mondaymix/0.1 (+https://service.example/crawler)');
  }
  expect(room.mostAtOnce()).toBe(1);
});

const filler = Buffer.alloc(2_000_000, ' ');
const faults: Record<string, [string, Respond, RegExp]> = {
  hang: ['is silent', () => undefined, /failed|no whole answer/],
  drip: [
    'sends a byte at a time',
    (response) => {
      response.writeHead(200, { 'content-type': html });
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    },
    /no whole answer/,
  ],
  endless: [
    'never ends',
    (response) => {
      response.writeHead(200, { 'content-type': html });
      const more = (): void => {
        if (!response.destroyed) response.write(filler, () => setImmediate(more));
      };
      more();
    },
    /larger than 200000 bytes/,
  ],
  bomb: [
    'is a gzip bomb',
    gives(html, gzipSync(Buffer.alloc(50_000_000, 'a')), { 'content-encoding': 'gzip' }),
    /larger than 200000 bytes/,
  ],
  broken: [
    'says it is packed, and is not',
    gives(html, 'plain', { 'content-encoding': 'gzip' }),
    /incorrect header/,
  ],
  loop: ['redirects to itself', redirects('/loop'), /in a circle/],
  long: [
    'redirects without end',
    (response, { url }) =>
      void response
        .writeHead(302, { location: `/long?${Number(url!.split('?')[1] ?? 0) + 1}` })
        .end(),
    /more than 5 redirects/,
  ],
  inside: ['redirects into our network', redirects('http://10.0.0.1/x'), /not a public address/],
  name: ['redirects to our own machine', redirects('http://localhost:1/'), /not a public address/],
  scheme: ['redirects to a file', redirects('file:///etc/passwd'), /redirect to/],
  image: ['is an image', gives('image/png', 'x'), /type "image\/png"/],
  missing: ['is missing', (response) => void response.writeHead(404).end(), /status 404/],
  reset: ['breaks off', (response) => void response.destroy(), /hang up|reset/],
  half: [
    'breaks off in the middle',
    (response) => {
      response.writeHead(200, { 'content-type': html, 'content-length': '5000' });
      response.write('x'.repeat(1000), () => response.destroy());
    },
    /aborted|reset/,
  ],
  error: ['has an error', (response) => void response.writeHead(500).end(), /status 500/],
  empty: ['is empty', gives(html, ''), /expected HTML/],
  short: ['says next to nothing', gives(html, pageOf('x', [])), /fewer than 20 words/],
  deep: ['is nested without end', gives(html, '<div>'.repeat(5000)), /nested deeper/],
};

test.each(Object.entries(faults).map(([path, [what, ...rest]]) => [what, path, ...rest] as const))(
  'a page that %s harms no other',
  async (_, path, respond, reason) => {
    publish([1]);
    room.on(`/${path}`, respond);
    room.on('/feed', gives(rss, rssOf([`/${path}`, '/1'])));
    const warned: string[] = [];
    const note = (fields: Record<string, unknown>) => void warned.push(String(fields['reason']));
    const log = { info: () => undefined, warn: note, error: note };
    expect(await stage.crawl(fileOf(), { log })).toMatchObject({ articles: 1 });
    expect(stage.taken.map(({ url }) => url)).toEqual([`${room.url}/1`]);
    const outcome = (await stage.outcomes()).get(`${room.url}/${path}`);
    expect(`${outcome ?? ''} ${warned.join()}`).toMatch(reason);
  },
);

test.each<[string, Respond, RegExp]>([
  ['breaks off', (response) => void response.destroy(), /hang up|reset/],
  ['is a page', gives(html, pageOf('Moved', prose(1))), /got a page/],
  ['is broken', gives(rss, '<rss version="2.0"><channel><item><title>A</ti'), /broken XML/],
  ['is an image', gives('image/png', 'x'), /type "image\/png"/],
  ['has an error', (response) => void response.writeHead(503).end(), /status 503/],
  ['is larger than may be', gives(rss, Buffer.alloc(1_500_000, ' ')), /larger than 1000000 bytes/],
])('a feed that %s has failed, and says why', async (_, respond, reason) => {
  room.on('/feed', respond);
  expect(await stage.crawl(fileOf())).toMatchObject({ failures: 1, articles: 0, parked: 0 });
  const state = (await stage.states()).get('news')!;
  expect(state.lastError?.reason).toMatch(reason);
  expect(state).toMatchObject({ failures: 1, parked: null });
});

test('a source that fails eight times is parked, tried rarely, and comes back', async () => {
  room.on('/feed', (response) => void response.writeHead(500).end());
  for (let n = 0; n < 8; n++) {
    await stage.crawl(fileOf());
    stage.pass(25 * hourMs);
  }
  expect((await stage.states()).get('news')).toMatchObject({ parked: { reason: 'status 500' } });
  room.asked.length = 0;
  expect(await stage.crawl(fileOf())).toMatchObject({ visits: 0, parked: 1 });
  expect(room.asked).toEqual([]);
  publish([1]);
  stage.pass(7 * 24 * hourMs);
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 1, parked: 0 });
});

test('what robots.txt disallows is not fetched, and its delay is kept', async () => {
  publish([1, 2]);
  room.on(
    '/robots.txt',
    gives(
      'text/plain',
      'User-agent: *\nDisallow: /\n\nUser-agent: mondaymix\nDisallow: /1\nCrawl-delay: 40\n',
    ),
  );
  await stage.crawl(fileOf());
  expect(room.paths()).toEqual(['/feed']);
  stage.pass(41_000);
  await stage.crawl(fileOf());
  stage.pass(41_000);
  await stage.crawl(fileOf());
  expect(room.paths()).toEqual(['/feed', '/2']);
  expect((await stage.outcomes()).get(`${room.url}/1`)).toBe('robots.txt disallows it');
  expect(room.asked.filter(({ path }) => path === '/robots.txt')).toHaveLength(1);
});

test('while robots.txt cannot be had nothing is fetched; where there is none all may be', async () => {
  publish([1]);
  room.on('/robots.txt', (response) => void response.writeHead(503).end());
  expect(await stage.crawl(fileOf())).toMatchObject({ failures: 1, articles: 0 });
  expect(room.paths()).toEqual([]);
  expect((await stage.states()).get('news')!.lastError?.reason).toBe('robots.txt: status 503');
  room.on('/robots.txt', (response) => void response.writeHead(404).end());
  stage.pass(2 * hourMs);
  expect(await stage.crawl(fileOf())).toMatchObject({ failures: 0, articles: 1 });
});

test('a host that asks for a rest is left alone for as long, pages too', async () => {
  publish([1, 2]);
  room.on('/1', (response) => void response.writeHead(429, { 'retry-after': '7200' }).end());
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 0, failures: 0, parked: 0 });
  expect(room.paths()).toEqual(['/feed', '/1']);
  stage.pass(1.9 * hourMs);
  await stage.crawl(fileOf());
  expect(room.paths()).toEqual(['/feed', '/1']);
  publish([1, 2]);
  stage.pass(0.2 * hourMs);
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 2 });
});

test('a permanent redirect moves the source, a temporary one does not', async () => {
  publish([1]);
  room.on('/old', redirects('/feed', 301));
  room.on('/now', redirects('/feed', 307));
  const sources = ['old', 'now'].map((name) => ({ name, url: `${room.url}/${name}` }));
  await stage.crawl({ ...fileOf(), sources });
  const states = await stage.states();
  expect(states.get('old')!.url).toBe(`${room.url}/feed`);
  expect(states.get('now')!.url).toBe(`${room.url}/now`);
  stage.pass(2 * hourMs);
  room.asked.length = 0;
  await stage.crawl({ ...fileOf(), sources });
  expect(room.paths().sort()).toEqual(['/feed', '/feed', '/now']);
});

test('a redirect to what is no feed, as to a page where one logs in, moves nothing', async () => {
  const login = '<!doctype html><title>Log in</title><form></form>';
  room.on('/login', (response) => void response.setHeader('content-type', 'text/html').end(login));
  room.on('/old', redirects('/login', 301));
  const sources = [{ name: 'old', url: `${room.url}/old` }];
  expect(await stage.crawl({ ...fileOf(), sources })).toMatchObject({ failures: 1 });
  expect((await stage.states()).get('old')!.url).toBe(`${room.url}/old`);
  publish([1]);
  room.on('/old', redirects('/feed', 301));
  stage.pass(24 * hourMs);
  expect(await stage.crawl({ ...fileOf(), sources })).toMatchObject({ articles: 1 });
  expect((await stage.states()).get('old')!.url).toBe(`${room.url}/feed`);
});

test('a feed that is not public is not fetched unless it is told to be', async () => {
  publish([1]);
  await stage.crawl({ sources: fileOf().sources });
  expect(room.asked).toEqual([]);
  expect((await stage.states()).get('news')!.lastError?.reason).toMatch(/not a public address/);
});

test('a name that leads inside our network is refused when it is connected to, behind a redirect too', async () => {
  publish([1]);
  const port = room.host.split(':')[1]!;
  const asked: string[] = [];
  const lookup: LookupFunction = (name, _options, callback) => {
    asked.push(name);
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  const file = { sources: [{ name: 'news', url: `http://rebinding.example:${port}/feed` }] };
  expect(await stage.crawl(file, { lookup })).toMatchObject({ articles: 0, failures: 1 });
  expect(room.asked).toEqual([]);
  expect((await stage.states()).get('news')!.lastError?.reason).toContain('leads to 127.0.0.1');

  // Trusted by name, it is had; what it redirects to is not trusted by that.
  const trusted = { ...file, privateHosts: [`rebinding.example:${port}`] };
  room.on('/1', redirects(`http://other.example:${port}/2`));
  room.on('/2', gives(html, pageOf('Inside', prose(2))));
  stage.pass(2 * hourMs);
  expect(await stage.crawl(trusted, { lookup })).toMatchObject({ articles: 0, failures: 1 });
  expect(room.paths()).toEqual(['/feed', '/1']);
  expect(asked.at(-1)).toBe('other.example');
});

test('the same article under other addresses is taken once', async () => {
  const words = prose(1);
  const canonical = `<link rel="canonical" href="/record">`;
  room.on('/a', gives(html, pageOf('Record', words)));
  room.on('/b', gives(html, pageOf('Record', words, canonical)));
  room.on('/copy', gives(html, pageOf('Record, again', words)));
  const edited = ['A note of the editors comes first.', ...words.slice(0, -1), 'And a last word.'];
  room.on('/near', gives(html, pageOf('Another heading', edited)));
  room.on('/other', gives(html, pageOf('Other', prose(2))));
  room.on('/moved', redirects('/a'));
  const links = ['/a', '/a?utm_source=x#y', '/b', '/copy', '/near', '/other', '/moved'];
  room.on('/feed', gives(rss, rssOf(links)));
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 2, duplicates: 3, unchanged: 1 });
  expect(stage.taken.map(({ url }) => url)).toEqual([`${room.url}/a`, `${room.url}/other`]);
});

test('an article that changed is taken again, one that did not is not', async () => {
  publish([1, 2]);
  await stage.crawl(fileOf());
  const later = rssOf(['/1', '/2']).replaceAll('09 Nov', '10 Nov');
  room.on('/feed', gives(rss, later));
  room.on('/1', gives(html, pageOf('Record 1', prose(7)), { etag: '"1b"' }));
  stage.pass(2 * hourMs);
  expect(await stage.crawl(fileOf())).toMatchObject({ articles: 1, unchanged: 1 });
  expect(stage.taken).toHaveLength(3);
  const states = stage.taken.filter(({ url }) => url.endsWith('/1'));
  expect(new Set(states.map(({ article_id }) => article_id)).size).toBe(1);
  expect(states[0]!.fetched < states[1]!.fetched).toBe(true);
});

test('of lyrics only words with counts are kept, anywhere', async () => {
  const secret = prose(3).join(' ');
  room.on('/song', gives(html, pageOf('Song', prose(3))));
  room.on('/feed', gives(rss, rssOf(['/song'])));
  await stage.crawl(fileOf({ lyrics: true }));
  const [row] = stage.taken;
  expect(row).toMatchObject({ kind: 'lyrics', title: 'About /song' });
  const words = row!.body.split('\n').map((line) => line.split(' ')[0]!);
  expect(words).toEqual([...words].sort());
  expect(row!.body).toMatch(/^the 30$/m);
  const kept = [];
  for (const { name } of await stage.mongo.db.listCollections().toArray()) {
    kept.push(...(await stage.mongo.db.collection(name).find().toArray()));
  }
  expect(JSON.stringify([kept, stage.taken])).not.toContain(secret.slice(0, 40));
});

test('plain pages are followed to the depth that was asked for, on their own site', async () => {
  const elsewhere = await openNewsroom();
  const link = (href: string) => `<a href="${href}">${href}</a>`;
  const withLinks = (n: number, links: string[]) =>
    pageOf(`Page ${n}`, [...prose(n), links.map(link).join(' ')]);
  room.on(
    '/index',
    gives(html, withLinks(0, ['/1', '/skip/1', `${elsewhere.url}/x`, 'mailto:a@b.example'])),
  );
  room.on('/1', gives(html, withLinks(1, ['/2', '/index'])));
  room.on('/2', gives(html, withLinks(2, ['/3'])));
  room.on('/3', gives(html, withLinks(3, [])));
  const source = {
    kind: 'page',
    url: `${room.url}/index`,
    depth: 2,
    follow: '^(?!.*skip).*/[a-z0-9]+$',
  };
  await stage.crawl(fileOf(source, { privateHosts: [room.host, elsewhere.host] }));
  await elsewhere.close();
  expect(room.paths()).toEqual(['/index', '/1', '/2']);
  expect(elsewhere.asked).toEqual([]);
  expect(stage.taken).toHaveLength(2);
});

test('a page by itself is an article, and read again only where it changed', async () => {
  room.on('/feed', gives(html, pageOf('Page', prose(1)), { etag: '"1"' }));
  const source = { kind: 'page', language: 'pt' };
  expect(await stage.crawl(fileOf(source))).toMatchObject({ articles: 1 });
  stage.pass(2 * hourMs);
  expect(await stage.crawl(fileOf(source))).toMatchObject({ articles: 0, unchanged: 1 });
});

test('a feed of whole texts needs no pages', async () => {
  const items = [1, 2].map(
    (n) =>
      `<item><title>T${n}</title><link>${room.url}/${n}</link><description>&lt;p&gt;${prose(n).join('&lt;/p&gt;&lt;p&gt;')}</description></item>`,
  );
  room.on(
    '/feed',
    gives(rss, `<rss version="2.0"><channel><title>N</title>${items.join('')}</channel></rss>`),
  );
  expect(await stage.crawl(fileOf({ depth: 0 }))).toMatchObject({ articles: 2 });
  expect(room.paths()).toEqual(['/feed']);
  expect(stage.taken[0]!.body).toBe(prose(1).join('\n'));
});

test('a visit reads no more pages than it may, the next goes on', async () => {
  publish([1, 2, 3, 4, 5]);
  const source = { maxArticles: 2 };
  const counts: number[] = [];
  for (let n = 0; n < 3; n++) {
    counts.push((await stage.crawl(fileOf(source))).articles);
    stage.pass(1.1 * hourMs);
  }
  expect(counts).toEqual([2, 2, 1]);
});
