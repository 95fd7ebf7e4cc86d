import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { linkerWeights } from '../../model/text/linking/weights.ts';
import { prepareWorks, type PreparedWorks } from '../../model/text/linking/works.ts';
import {
  measureArticles,
  withoutFirstSentence,
  type MaskedArticle,
  type RealFigures,
} from '../bench/linking/real.ts';
import { csvRows, describeRealData, realData } from '../support/real-data.ts';

const numArticles = 600;

interface Written {
  readonly name: string;
  readonly wikipedia_page_id: number;
  readonly text: string;
}

/**
 * Articles that no weight was fitted on, against the artists of all articles and of the playlists. A
 * smaller catalogue than that of `npm run bench:linking`, read without any importer.
 */
describeRealData('the subjects of real articles, title and first sentence masked', () => {
  let figures: RealFigures;

  beforeAll(async () => {
    const numbers = new Map<string, number>();
    const names: string[] = [];
    const numberOf = (name: string): number => {
      const key = name.toLowerCase();
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, names.length);
      return names.push(name) - 1;
    };
    const articles: MaskedArticle[] = [];
    for (const file of ['hetrec_artists_5000_chars.jsonl', 'other_artists_2500_chars.jsonl']) {
      for (const line of (await readFile(join(realData, 'text', file), 'utf8')).split('\n')) {
        if (line === '') continue;
        const { name, wikipedia_page_id: page, text } = JSON.parse(line) as Written;
        const subject = numberOf(name);
        if (page % 2 === 0 || articles.length === numArticles) continue;
        articles.push({ text: withoutFirstSentence(text), subject, part: 'held-out' });
      }
    }
    const works = new Map<number, { albums: Set<string>; tracks: string[] }>();
    const tracks = await readFile(join(realData, 'playlists', 'tracks.csv'), 'utf8');
    for (const [, title, artists, , album] of csvRows(tracks).slice(1)) {
      const lead = numberOf(artists!.split(/[,;|]/)[0]!.trim());
      const own = works.get(lead) ?? { albums: new Set(), tracks: [] };
      works.set(lead, own);
      own.albums.add(album!);
      own.tracks.push(title!);
    }
    const prepared = new Map<number, PreparedWorks>();
    const worksOf = (artist: number): PreparedWorks => {
      let one = prepared.get(artist);
      if (one === undefined) {
        const own = works.get(artist);
        one = prepareWorks({
          name: names[artist]!,
          albums: [...(own?.albums ?? [])].sort(),
          tracks: (own?.tracks ?? []).map((title, track) => ({ title, track })),
          genres: [],
        });
        prepared.set(artist, one);
      }
      return one;
    };
    const renown = names.map((_, artist) => works.get(artist)?.tracks.length ?? 0);
    const real = { names: { artists: names, renown }, worksOf, articles };
    figures = measureArticles(real, linkerWeights, 'held-out');
  });

  test('most are linked, and the surer the linker is the more often it is right', () => {
    expect(figures.articles).toBe(numArticles);
    expect(figures.linked).toBeGreaterThan(0.7);
    const [any, , half, , sure] = figures.subjects;
    expect(any!.recall).toBeGreaterThan(0.6);
    expect(half!.precision).toBeGreaterThan(0.75);
    expect(half!.recall).toBeGreaterThan(0.5);
    expect(sure!.precision).toBeGreaterThan(0.85);
    expect(sure!.precision).toBeGreaterThan(half!.precision);
    expect(half!.precision).toBeGreaterThan(any!.precision);
  });
});
