import { expect, test } from '@jest/globals';
import { Mistake } from '../../model/mistake.ts';
import { parseSources } from '../../pipelines/crawl/sources-file.ts';

const feed = { name: 'pitch', url: 'https://news.example/feed' };
const parse = (json: unknown) => parseSources(JSON.stringify(json), 'crawl.json');

test('a source needs a name and an address; the rest has defaults', () => {
  const { sources, delaySeconds, privateHosts, rememberDays } = parse({
    sources: [feed, { ...feed, name: 'about', kind: 'page' }],
  });
  expect(sources[0]).toEqual({
    ...feed,
    ...{ kind: 'feed', everyMinutes: 60, depth: 1, maxArticles: 50, lyrics: false },
    staleAfterHours: 168,
  });
  expect(sources[1]).toMatchObject({ kind: 'page', depth: 0 });
  expect([delaySeconds, privateHosts, rememberDays]).toEqual([2, [], 90]);
});

test.each<[unknown, string]>([
  [{ sources: [] }, 'crawl.json, sources: expected at least one source, got []'],
  [
    { sources: [feed, { ...feed, name: 'Über' }] },
    'crawl.json, sources[1].name: expected up to 64 of a-z, 0-9, ., _ and -, got "Über"',
  ],
  [
    { sources: [{ ...feed, url: 'ftp://news.example' }] },
    'crawl.json, sources[0].url: expected an address with http or https, got "ftp://news.example"',
  ],
  [{ sources: [feed], rememberDays: 30 }, 'crawl.json, rememberDays: expected '],
  [{ sources: [{ ...feed, everyMinutes: 0 }] }, 'crawl.json, sources[0].everyMinutes: expected '],
  [{ sources: [{ ...feed, depht: 1 }] }, 'crawl.json, sources[0]: expected '],
  [
    { sources: [{ ...feed, follow: '(' }] },
    'sources[0].follow: expected a regular expression, got "("',
  ],
  [{ sources: [{ ...feed, language: 'x y' }] }, 'sources[0].language: expected a language such as'],
  [
    { sources: [feed, feed] },
    'sources[1].name: expected a name other than that of sources[0], got "pitch"',
  ],
  [{}, 'crawl.json, sources: expected array, got nothing'],
])('a mistake names its place, what was expected and what came (%#)', (json, message) => {
  const act = () => parse(json);
  expect(act).toThrow(Mistake);
  expect(act).toThrow(message);
  expect(act).not.toThrow('\n');
});

test('what is no JSON at all is told as that', () => {
  expect(() => parseSources('{"sources": [', 'crawl.json')).toThrow(
    'crawl.json: expected JSON, got',
  );
});
