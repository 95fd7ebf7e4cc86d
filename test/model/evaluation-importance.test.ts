import { describe, expect, test } from '@jest/globals';
import { permutationImportance } from '../../model/evaluation/importance.ts';
import { createRandom } from '../../model/random.ts';
import { groupedNdcg } from '../../model/ranker/ndcg.ts';

const names = ['useful', 'less useful', 'unused', 'of the group'];
const numGroups = 200;
const size = 20;

/** In each group the row that is highest by 2 x useful + less useful is the one played. */
function planted() {
  const random = createRandom(1, 'importance test');
  const features = new Float32Array(numGroups * size * names.length);
  const labels = new Uint8Array(numGroups * size);
  for (let group = 0; group < numGroups; group++) {
    const ofGroup = random.uniform();
    for (let row = group * size; row < (group + 1) * size; row++) {
      for (let f = 0; f < 3; f++) features[row * 4 + f] = random.uniform();
      features[row * 4 + 3] = ofGroup;
    }
  }
  const groups = Int32Array.from({ length: numGroups + 1 }, (_, g) => g * size);
  const scores = (of: Float32Array): Float32Array =>
    Float32Array.from(labels, (_, row) => 2 * of[row * 4]! + of[row * 4 + 1]! + of[row * 4 + 3]!);
  const truth = scores(features);
  for (let group = 0; group < numGroups; group++) {
    const rows = truth.subarray(group * size, (group + 1) * size);
    labels[group * size + rows.indexOf(Math.max(...rows))] = 1;
  }
  const figure = (of: Float32Array): number => groupedNdcg(scores(of), labels, groups, 30);
  return { features, groups, figure };
}

describe('Permutation importance', () => {
  test('is 0 for a feature that is not used, and for one that is the same for a whole group', () => {
    const { features, groups, figure } = planted();
    const found = permutationImportance(names, features, groups, figure, { seed: 1 });
    const unused = found.filter(({ feature }) => ['unused', 'of the group'].includes(feature));
    expect(unused).toEqual([
      { feature: 'unused', drop: 0, low: 0, high: 0 },
      { feature: 'of the group', drop: 0, low: 0, high: 0 },
    ]);
  });

  test('orders the features by what they are worth', () => {
    const { features, groups, figure } = planted();
    expect(figure(features)).toBe(1);
    const found = permutationImportance(names, features, groups, figure, { seed: 1 });
    expect(found.slice(0, 2).map(({ feature }) => feature)).toEqual(['useful', 'less useful']);
    const [useful, less] = found;
    expect(useful!.drop).toBeGreaterThan(1.2 * less!.drop);
    expect(less!.drop).toBeGreaterThan(0.1);
    expect(useful!.low).toBeLessThanOrEqual(useful!.drop);
    expect(useful!.high).toBeGreaterThanOrEqual(useful!.drop);
  });

  test('leaves the features as they were, and gives the same figures again', () => {
    const { features, groups, figure } = planted();
    const before = features.slice();
    const first = permutationImportance(names, features, groups, figure, { seed: 3 });
    expect(features).toEqual(before);
    expect(permutationImportance(names, features, groups, figure, { seed: 3 })).toEqual(first);
    const other = permutationImportance(names, features, groups, figure, { seed: 4 });
    expect(other[0]!.drop).not.toBe(first[0]!.drop);
  });

  test('of no rows is 0 throughout', () => {
    const none = permutationImportance(names, new Float32Array(0), [0], () => 0, { seed: 1 });
    expect(none.map(({ drop }) => drop)).toEqual([0, 0, 0, 0]);
  });
});
