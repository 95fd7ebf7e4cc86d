import { randomNormal } from 'd3-random';
import { createRandom } from '../../model/random.ts';

export interface PlantedContest {
  readonly listeners: number;
  readonly seed: number;
  /** By how much the challenger moves what is played up: 0.5 halves its rank, 1 changes nothing. */
  readonly rankFactor: number;
}

/**
 * NDCG@30 of two models on the same listeners, as it looks in life: most have none of what they
 * played among the first 30, few have it on top; both models find the same listeners hard, and
 * differ by chance beside. A third of the listeners come at two or three cut-offs.
 *
 * What a model ranks at r earns 1 / log2(1 + r), or nothing beyond 30. Ranks are log-normal, around
 * 60, in part of the listener and in part of the model.
 */
export function plantedContest({ listeners, seed, rankFactor }: PlantedContest): {
  rivalNdcg: Float64Array;
  challengerNdcg: Float64Array;
  listeners: Int32Array;
} {
  const random = createRandom(seed, 'contest');
  const normal = randomNormal.source(random.uniform)();
  const groups: { listener: number; rival: number; challenger: number }[] = [];
  const gain = (logRank: number): number => {
    const rank = Math.max(1, Math.round(Math.exp(logRank)));
    return rank > 30 ? 0 : 1 / Math.log2(1 + rank);
  };
  for (let listener = 0; listener < listeners; listener++) {
    const taste = Math.log(60) + 1.2 * normal();
    const cutoffs = random.uniform() < 1 / 3 ? 2 + random.int(2) : 1;
    for (let n = 0; n < cutoffs; n++) {
      const hard = taste + 0.8 * normal();
      groups.push({
        listener,
        rival: gain(hard + 0.6 * normal()),
        challenger: gain(hard + 0.6 * normal() + Math.log(rankFactor)),
      });
    }
  }
  return {
    rivalNdcg: Float64Array.from(groups, ({ rival }) => rival),
    challengerNdcg: Float64Array.from(groups, ({ challenger }) => challenger),
    listeners: Int32Array.from(groups, ({ listener }) => listener),
  };
}
