import { describe, expect, test } from '@jest/globals';
import { ablationGroups, groupOfFeature, withoutGroup } from '../../model/evaluation/ablation.ts';
import { summarizeNext } from '../../model/evaluation/next-summary.ts';
import {
  figuresOf,
  NextFigures,
  relevantOf,
  type FirstPlay,
  type RankedTracks,
} from '../../model/evaluation/next.ts';
import { featureNames } from '../../model/candidates/features.ts';
import { sourceNames } from '../../model/candidates/pool.ts';

const play = (work: number, artist: number, kind: Partial<FirstPlay> = {}): FirstPlay => ({
  ...{ work, artist, newArtist: false, rareArtist: false, ...kind },
});

/** Works 0, 1, 2, ... of artists 100, 100, 101, 101, ... */
const ranking: RankedTracks = {
  works: Array.from({ length: 40 }, (_, n) => n),
  artists: Array.from({ length: 40 }, (_, n) => 100 + Math.floor(n / 2)),
};

describe('figures of a ranking', () => {
  const plays = [
    play(1, 100), // in place 2, the artist in place 1
    play(34, 117, { newArtist: true }), // in place 35, the artist too
    play(900, 110, { newArtist: true, rareArtist: true }), // unknown, the artist in place 21
  ];
  const figures = figuresOf(ranking, relevantOf(plays));
  const log = Math.log2;

  test('look for the works', () => {
    expect(figures['track/recall@30']).toBe(1 / 3);
    expect(figures['track/ndcg@30']).toBeCloseTo(1 / log(3) / (1 + 1 / log(3) + 1 / 2), 12);
    expect(figures['track/rPrecision']).toBe(1 / 3);
    expect(figures['track/clicks']).toBe(0);
    expect(figures['track/hit@30']).toBe(1);
  });

  test('look for their artists where the first track of each stands', () => {
    expect(figures['artist/recall@30']).toBe(2 / 3);
    const gain = 1 + 1 / log(22);
    expect(figures['artist/ndcg@30']).toBeCloseTo(gain / (1 + 1 / log(3) + 1 / 2), 12);
  });

  test('look for what is new to the listener, or rare, by itself', () => {
    expect(figures['newArtistTrack/recall@30']).toBe(0);
    expect(figures['newArtistTrack/clicks']).toBe(3);
    expect(figures['newArtist/recall@30']).toBe(1 / 2);
    expect(figures['rareArtist/recall@30']).toBe(1);
    expect(figures['rareArtistTrack/clicks']).toBe(51);
  });

  test('are NaN where there is nothing to find', () => {
    const nothing = figuresOf(ranking, relevantOf([play(1, 100)]));
    expect(nothing['rareArtist/ndcg@30']).toBeNaN();
    expect(nothing['newArtistTrack/clicks']).toBeNaN();
    expect(nothing['track/recall@30']).toBe(1);
  });
});

describe('the summary', () => {
  const reversed: RankedTracks = {
    works: [...(ranking.works as number[])].reverse(),
    artists: [...(ranking.artists as number[])].reverse(),
  };
  const figures = new NextFigures();
  for (let listener = 0; listener < 20; listener++) {
    // Listeners 0 to 9 have two weeks; the work in place 1 of one ranking is in place 40 of the other.
    for (let week = 0; week < (listener < 10 ? 2 : 1); week++) {
      figures.add({ listener, listens: listener }, [play(0, 100)], {
        pipeline: ranking,
        'source/a': reversed,
        'source/b': ranking,
        'source/c': ranking,
        'ablation/none': ranking,
        'ablation/b': reversed,
      });
    }
  }
  const options = { pipeline: 'pipeline', reference: 'ablation/none', seed: 1, resamples: 50 };
  const summary = summarizeNext(figures, options);

  test('takes means over pairs of listener and cut-off', () => {
    expect(summary.pairs).toBe(30);
    expect(summary.listeners).toBe(20);
    expect(summary.ways['source/a']!.track['recall@30']).toBe(0);
    expect(summary.ways['source/a']!.track.clicks).toBe(3);
    expect(summary.ways['pipeline']!.track['ndcg@30']).toBe(1);
    expect(summary.ways['pipeline']!.rareArtist['ndcg@30']).toBeNull();
  });

  test('names the source that is hardest to beat, the first of equal ones', () => {
    expect(summary.bestSource).toBe('source/b');
  });

  test('compares the pipeline with each source, and the ablations with their own reference', () => {
    const named = summary.comparisons.map(({ first, second, figures: of }) => [
      first,
      second,
      of['track/ndcg@30'],
    ]);
    const surely = (value: number) => ({ mean: value, low: value, high: value });
    expect(named).toEqual([
      ['pipeline', 'source/a', surely(1)],
      ['pipeline', 'source/b', surely(0)],
      ['pipeline', 'source/c', surely(0)],
      ['ablation/none', 'ablation/b', surely(1)],
    ]);
    expect(summary.comparisons[0]!.figures['rareArtist/ndcg@30']).toEqual({
      ...{ mean: null, low: null, high: null },
    });
  });

  test('of few listens holds only those', () => {
    const few = summarizeNext(figures, { ...options, listensBelow: 5 });
    expect({ pairs: few.pairs, listeners: few.listeners }).toEqual({ pairs: 10, listeners: 5 });
  });

  test('gives the same bytes again', () => {
    expect(JSON.stringify(summarizeNext(figures, options))).toBe(JSON.stringify(summary));
  });

  test('of other ways than before is refused', () => {
    expect(() =>
      figures.add({ listener: 1, listens: 1 }, [play(0, 100)], { pipeline: ranking }),
    ).toThrow('figures: expected rankings pipeline,source/a,');
  });
});

describe('an ablation', () => {
  test('leaves out every feature in exactly one group', () => {
    const left = ablationGroups.flatMap((group) => withoutGroup(group).without);
    expect([...left].sort()).toEqual([...featureNames].sort());
    for (const name of featureNames) expect(ablationGroups).toContain(groupOfFeature(name));
  });

  test.each(sourceNames)('of %s asks the source for nothing, and the others as ever', (name) => {
    const { candidates, without } = withoutGroup(name);
    const off = Object.entries(candidates.quotas).filter(([, quota]) => quota === 0);
    expect(off).toEqual([[name, 0]]);
    expect(without).toEqual(expect.arrayContaining([`${name} score`, `${name} rank`]));
  });
});
