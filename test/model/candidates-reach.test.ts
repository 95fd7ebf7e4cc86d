import { describe, expect, test } from '@jest/globals';
import { featureNames, numFeatures } from '../../model/candidates/features.ts';
import { sourceNames, type SourceName } from '../../model/candidates/pool.ts';
import { rankWithin, reachOf } from '../../model/candidates/reach.ts';

/** Feature rows with these ranks, as `writeFeatures` writes them. */
function ranked(...rows: Partial<Record<SourceName, number>>[]): Float32Array {
  const features = new Float32Array(rows.length * numFeatures);
  for (const [row, ranks] of rows.entries()) {
    for (const [source, rank] of Object.entries(ranks)) {
      features[row * numFeatures + featureNames.indexOf(`${source as SourceName} rank`)] =
        1 / Math.log2(1 + rank);
    }
  }
  return features;
}

describe('Reach', () => {
  test('finds every rank again that a feature was made from', () => {
    for (let rank = 1; rank <= 1000; rank++) {
      expect(rankWithin(ranked({ text: rank }), 0, 'text')).toBe(rank);
    }
    expect(rankWithin(ranked({ text: 1 }), 0, 'factors')).toBe(0);
  });

  test('counts what each source offered, what it alone did, and what of it is listed', () => {
    const reach = reachOf([
      { features: ranked({ text: 1 }, { text: 2, factors: 1 }, { factors: 2 }), listed: [0, 1] },
      { features: ranked({ text: 5 }), listed: [] },
    ]);
    expect(reach.map(({ source }) => source)).toEqual([...sourceNames]);
    expect(reach.find(({ source }) => source === 'text')).toEqual({
      source: 'text',
      offered: 3,
      onlyBySource: 2,
      listed: 2,
      listedOnlyBySource: 1,
    });
    expect(reach.find(({ source }) => source === 'factors')).toEqual({
      source: 'factors',
      offered: 2,
      onlyBySource: 1,
      listed: 1,
      listedOnlyBySource: 0,
    });
    expect(reach.find(({ source }) => source === 'popularity')!.offered).toBe(0);
  });

  test('of no candidates is 0 throughout', () => {
    const nothing = { offered: 0, onlyBySource: 0, listed: 0, listedOnlyBySource: 0 };
    expect(reachOf([])).toEqual(sourceNames.map((source) => ({ source, ...nothing })));
  });
});
