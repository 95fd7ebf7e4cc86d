import { expect, test } from '@jest/globals';
import { canonicalOf, isSameSite, normalizePageUrl } from '../../infra/crawl/addresses-of-pages.ts';
import { decode } from '../../infra/crawl/charset.ts';
import { mostEntries } from '../../infra/crawl/feed.ts';
import { plainText, plainTitle } from '../../infra/crawl/plain-text.ts';
import { readers } from '../../infra/crawl/readers.ts';
import { retryAfterMs, userAgent } from '../../infra/crawl/fetcher.ts';
import { Unreadable } from '../../pipelines/crawl/ports.ts';

const at = 'https://news.example/feed.xml';
const titles = (text: string) => readers.feed(text, at).entries.map(({ title }) => title);
const rss = (items: string, head = '') =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>${head}${items}</channel></rss>`;

test('RSS, Atom, RDF and JSON Feed are read alike', () => {
  const one = { url: 'https://news.example/a', title: 'A', published: '2026-11-09T08:00:00Z' };
  const inRss = rss(
    '<item><title>A</title><link>https://news.example/a</link><pubDate>2026-11-09T08:00:00Z</pubDate></item>',
  );
  const inAtom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><entry><title>A</title>
    <link rel="self" href="/self"/><link href="/a"/><published>2026-11-09T08:00:00Z</published></entry></feed>`;
  const inRdf = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>N</title><link>https://news.example/</link></channel>
    <item><title>A</title><link>https://news.example/a</link><dc:date>2026-11-09T08:00:00Z</dc:date></item></rdf:RDF>`;
  const inJson = JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: 'N',
    items: [{ id: '1', url: '/a', title: 'A', date_published: '2026-11-09T08:00:00Z' }],
  });
  for (const text of [inRss, inAtom, inRdf, inJson]) {
    expect(readers.feed(text, at).entries).toMatchObject([one]);
  }
});

test('links are made absolute by xml:base, by the feed, or by its address', () => {
  const atom = `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/blog/">
    <entry xml:base="2026/"><link href="one"/></entry><entry><link href="two"/></entry></feed>`;
  const urls = (text: string) => readers.feed(text, at).entries.map(({ url }) => url);
  expect(urls(atom)).toEqual(['https://b.example/blog/2026/one', 'https://b.example/blog/two']);
  expect(urls(rss('<item><link>x/y</link></item>'))).toEqual(['https://news.example/x/y']);
  expect(urls(rss('<item><link>y</link></item>', '<link>https://c.example/</link>'))).toEqual([
    'https://c.example/y',
  ]);
  expect(
    urls(
      rss(
        '<item><guid>https://news.example/g</guid></item><item><guid isPermaLink="false">7</guid></item>',
      ),
    ),
  ).toEqual(['https://news.example/g', null]);
});

test('HTML and entities in titles become text', () => {
  const items = [
    '<title>&lt;b&gt;Loud&lt;/b&gt; &amp;amp; quiet</title>',
    '<title><![CDATA[Sigur R&oacute;s &#8211; <i>&Aacute;g&aelig;tis</i>]]></title>',
    '<title>I &lt;3 noise</title>',
    '<title>AT&T live</title>',
    '<title> \n </title><link>x</link>',
  ];
  const expected = ['Loud & quiet', 'Sigur Rós – Ágætis', 'I <3 noise', 'AT&T live', null];
  expect(titles(rss(items.map((item) => `<item>${item}</item>`).join('')))).toEqual(expected);
  expect(plainTitle(`${'long '.repeat(200)}`)).toHaveLength(500);
});

test.each([
  ['a page', '<!doctype html><html><body>Moved</body></html>', 'a page'],
  ['nothing', '', 'nothing'],
  ['XML that breaks off', '<rss version="2.0"><channel><item><title>A</ti', 'broken XML'],
  [
    'JSON that breaks off',
    '{"version": "https://jsonfeed.org/version/1.1", "items": [',
    'something else',
  ],
])('in place of a feed, %s is told as that', (_, text, reason) => {
  expect(() => readers.feed(text, at)).toThrow(Unreadable);
  expect(() => readers.feed(text, at)).toThrow(reason);
});

test('entities that grow without end are not unfolded', () => {
  const bomb = `<!DOCTYPE r [<!ENTITY a "ha">${'bcdefghijk'
    .split('')
    .map((name, n) => `<!ENTITY ${name} "${`&${'abcdefghij'[n]};`.repeat(10)}">`)
    .join('')}]>${rss('<item><title>&k;</title></item>').replace('<?xml version="1.0"?>', '')}`;
  let told: (string | null)[] = [];
  try {
    told = titles(bomb);
  } catch (error) {
    expect(error).toBeInstanceOf(Unreadable);
  }
  expect(JSON.stringify(told).length).toBeLessThan(1000);
});

test('of a huge feed the first entries are read', () => {
  const items = Array.from({ length: 20_000 }, (_, n) => `<item><title>${n}</title></item>`);
  const read = titles(rss(items.join('')));
  expect(read).toHaveLength(mostEntries);
  expect(read[0]).toBe('0');
});

const paragraph =
  'The band plays a slow and dreamy record, with guitars and a voice low in the mix.';
const page = (body: string, head = '') =>
  `<!doctype html><html lang="en-gb"><head><title>Record – News</title>${head}</head><body>
   <nav><a href="/about">About</a> <a href="/log" rel="nofollow">Log in</a></nav>
   <script>document.write("never")</script><article><h1>Record</h1>${body}
   <script>alert("never")</script><style>p { color: red }</style></article><footer>All rights</footer></body></html>`;

test('the article of a page is its paragraphs, without scripts and navigation', () => {
  const body = Array.from({ length: 5 }, (_, n) => `<p>${n}: ${paragraph}</p>`).join('');
  const read = readers.page(
    page(body, '<link rel="canonical" href="/record"><base href="https://news.example/x/">'),
    'text/html',
    'https://news.example/a?utm_source=b',
  );
  expect(read.text.split('\n').slice(-5)).toEqual(
    Array.from({ length: 5 }, (_, n) => `${n}: ${paragraph}`),
  );
  expect(read.text).not.toMatch(/never|color|About|rights/);
  expect(read).toMatchObject({
    language: 'en-GB',
    canonical: 'https://news.example/record',
    links: ['https://news.example/about'],
    isIndexed: true,
  });
  expect(read.title).toContain('Record');
});

test('a page that asks not to be indexed is not, and one without text has none', () => {
  const head = '<meta name="robots" content="noindex, follow">';
  expect(readers.page(page('', head), 'text/html', at)).toMatchObject({ isIndexed: false });
  expect(readers.page('<html><body></body></html>', 'text/html', at).text).toBe('');
  expect(() => readers.page('', 'text/html', at)).toThrow(Unreadable);
  expect(readers.page(' one\r\n\r\n two ', 'text/plain', at).text).toBe('one\ntwo');
});

test('what a page asks of crawlers counts in any case, of several elements, and for its links', () => {
  const read = (head: string) =>
    readers.page(page('<p><a href="/b">b</a></p>', head), 'text/html', at);
  const links = ['https://news.example/b'];
  for (const [head, isIndexed, followed] of [
    ['<META NAME="ROBOTS" CONTENT="NOINDEX">', false, true],
    ['<meta name="robots" content="all"><meta name="robots" content="noindex">', false, true],
    ['<meta name="mondaymix" content="noindex">', false, true],
    ['<meta name="robots" content="nofollow">', true, false],
    ['<meta name="Robots" content="none">', false, false],
    ['<meta name="otherbot" content="none">', true, true],
    ['<BASE HREF="https://news.example/c/"><LINK REL="canonical">', true, true],
  ] as const) {
    expect(read(head)).toMatchObject({ isIndexed });
    expect(read(head).links.includes(links[0]!)).toBe(followed);
  }
});

test('a page that is made to break readers is refused', () => {
  for (const [text, reason] of [
    ['<div>'.repeat(5000), 'nested deeper'],
    ['<div>'.repeat(500_000), 'elements'],
    [`<html><body>${'<p>x</p>'.repeat(10_000)}`, 'elements'],
  ] as const) {
    expect(() => readers.page(text, 'text/html', at)).toThrow(reason);
  }
});

test('blocks divide text, and inline elements do not', () => {
  expect(plainText('<p>One<b>two</b> three</p><ul><li>a</li><li>b<br>c</li></ul><p> </p>')).toBe(
    'Onetwo three\na\nb\nc',
  );
});

test.each<[string, Uint8Array, string, string]>([
  [
    'UTF-8 that is called Latin-1',
    Buffer.from('Sigur Rós'),
    'text/html; charset=iso-8859-1',
    'Sigur Rós',
  ],
  [
    'Latin-1 that is called UTF-8',
    Buffer.from('Sigur R\xf3s', 'latin1'),
    'text/html; charset=utf-8',
    'Sigur Rós',
  ],
  [
    'Latin-1 that ends in its letter',
    Buffer.from('caf\xe9', 'latin1'),
    'text/html; charset="UTF-8"',
    'café',
  ],
  [
    'what the header says',
    Buffer.from('\xcf\xf0\xe8', 'latin1'),
    'text/html; charset=windows-1251',
    'При',
  ],
  [
    'what the prolog says',
    Buffer.from('<?xml version="1.0" encoding="windows-1251"?>\xcf', 'latin1'),
    'text/xml',
    '<?xml version="1.0" encoding="windows-1251"?>П',
  ],
  [
    'what the page says',
    Buffer.from('<meta charset="shift_jis">\x83\x65', 'latin1'),
    'text/html',
    '<meta charset="shift_jis">テ',
  ],
  ['a byte order mark', Buffer.from('\ufeffRós', 'utf16le'), 'text/html; charset=utf-8', 'Rós'],
  ['UTF-8 with its mark', Buffer.from('\ufeffRós'), '', 'Rós'],
  ['nothing said', Buffer.from('na\xefve', 'latin1'), '', 'naïve'],
  [
    'a charset that nobody knows',
    Buffer.from('na\xefve', 'latin1'),
    'text/html; charset=klingon',
    'naïve',
  ],
  [
    'the nearest charset, where the platform has not its own',
    Buffer.from([0xe2, 0x20, 0xba, 0x69]),
    'text/html; charset=iso-8859-16',
    'â şi',
  ],
])('text is decoded by %s', (_, bytes, type, text) => {
  expect(decode(bytes, type)).toBe(text);
});

test('an address has one normal form, without what follows its readers', () => {
  const normal = 'https://news.example/a?b=1&c=2';
  for (const url of [
    'https://NEWS.example:443/a/?c=2&b=1#comments',
    'https://user:secret@news.example/a?utm_source=x&b=1&c=2&fbclid=y&mc_cid=z',
  ]) {
    expect(normalizePageUrl(url)).toBe(normal);
  }
  expect(normalizePageUrl(normal)).toBe(normal);
  for (const url of [
    'mailto:a@b.example',
    'javascript:alert(1)',
    'https://',
    '/a',
    `https://a.example/${'x'.repeat(2000)}`,
  ]) {
    expect(normalizePageUrl(url)).toBeNull();
  }
});

test('a page may claim a canonical address of its own site alone', () => {
  const own = 'https://m.news.example/a';
  expect(canonicalOf(own, 'https://news.example/a/')).toBe('https://news.example/a');
  for (const claim of [
    null,
    'https://rival.example/a',
    'https://news.example/',
    'ftp://news.example/a',
    'x',
  ]) {
    expect(canonicalOf(own, claim)).toBe(own);
  }
  expect(isSameSite('https://a.github.io/x', 'https://b.github.io/x')).toBe(false);
  expect(isSameSite('http://10.0.0.1/x', 'http://10.0.0.2/x')).toBe(false);
});

test('the language of a text is told, and that of none is not', () => {
  expect(readers.language(paragraph)).toBe('en');
  expect(
    readers.language('Die Gruppe spielt ruhige Lieder mit Gitarren und einer leisen Stimme.'),
  ).toBe('de');
  expect(readers.language('')).toBeNull();
});

test('Retry-After is seconds or a date, within reason', () => {
  const now = Date.parse('2026-11-16T00:00:00Z');
  expect(retryAfterMs('120', now)).toBe(120_000);
  expect(retryAfterMs('Mon, 16 Nov 2026 00:05:00 GMT', now)).toBe(300_000);
  expect(retryAfterMs('0', now)).toBe(1000);
  expect(retryAfterMs('99999999999', now)).toBe(7 * 24 * 3_600_000);
  for (const said of [undefined, 'soon']) expect(retryAfterMs(said, now)).toBe(600_000);
});

test('a request says who asks, and where they can be turned to', () => {
  expect(userAgent('https://service.example/crawler')).toBe(
    'Mondaymix/0.1 (+https://service.example/crawler)',
  );
});
