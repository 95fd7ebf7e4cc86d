import { randomNormal } from 'd3-random';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { byFeature } from '../../model/gate/baseline.ts';
import { decide, gateOptions, type Decision } from '../../model/gate/decide.ts';
import { ndcgOf, ndcgOfRandom } from '../../model/gate/judge.ts';
import { meanOf } from '../../model/metrics.ts';
import type { Examples } from '../../model/ranker/examples.ts';
import { ndcgByGroup } from '../../model/ranker/ndcg.ts';
import type { Tensorflow } from '../../model/ranker/network.ts';
import type { Ranker } from '../../model/ranker/ranker.ts';
import { trainRanker } from '../../model/ranker/train.ts';
import { createRandom } from '../../model/random.ts';
import { tell } from '../support/figures.ts';

jest.setTimeout(300_000);

const featureNames = ['taste', 'popularity', 'age', 'mood'];
const numFeatures = featureNames.length;
const groupRows = 60;
const gate = gateOptions.parse({ resamples: 500 });
/** Small and quick; the form of the model is not what is tested here. */
const quick = { hidden: [], epochs: 6, learningRate: 0.05, minGroups: 10 };
let tf: Tensorflow;
let champion: Ranker;
let lessons: Examples;
let holdout: Examples;

beforeAll(async () => {
  tf = await loadTensorflow();
  lessons = listeners(300, 'lessons');
  holdout = listeners(200, 'holdout');
  champion = trainRanker(tf, lessons, quick);
});

/** Each listener plays one of 60 candidates, by the odds exp(2 taste + popularity + age). */
function listeners(numGroups: number, seed: string): Examples {
  const random = createRandom(seed);
  const normal = randomNormal.source(random.uniform)();
  const numRows = numGroups * groupRows;
  const features = Float32Array.from({ length: numRows * numFeatures }, normal);
  const labels = new Uint8Array(numRows);
  for (let group = 0; group < numGroups; group++) {
    const odds = Array.from({ length: groupRows }, (_, at) => {
      const row = (group * groupRows + at) * numFeatures;
      return Math.exp(2 * features[row]! + features[row + 1]! + features[row + 2]!);
    });
    let left = random.uniform() * odds.reduce((sum, odd) => sum + odd, 0);
    labels[group * groupRows + odds.findIndex((odd) => (left -= odd) < 0)] = 1;
  }
  return {
    featureNames,
    numFeatures,
    features,
    labels,
    groups: Int32Array.from({ length: numGroups + 1 }, (_, group) => group * groupRows),
  };
}

function contest(challenger: Ranker, rival: Ranker, judges = holdout): Decision {
  return decide(
    {
      rival: 'champion',
      rivalNdcg: ndcgOf(tf, rival, judges),
      challengerNdcg: ndcgOf(tf, challenger, judges),
      listeners: Int32Array.from({ length: judges.groups.length - 1 }, (_, group) => group),
      guardrails: [],
    },
    gate,
  );
}

test('a model that sees what matters replaces one that does not, and not the other way round', () => {
  const blind = trainRanker(tf, lessons, { ...quick, without: ['popularity'] });
  expect(contest(champion, blind).promote).toBe(true);
  const worse = contest(blind, champion);
  expect(worse.promote).toBe(false);
  expect(worse.difference.high).toBeLessThan(0);
});

test('a model trained on leaked labels looks great on its lessons and does not get through', () => {
  const random = createRandom('leak');
  const normal = randomNormal.source(random.uniform)();
  const features = lessons.features.slice();
  // Where it is trained, the mood of a candidate tells whether it was played.
  for (let row = 0; row < lessons.labels.length; row++) {
    features[row * numFeatures + 3] = 6 * lessons.labels[row]! + 0.5 * normal();
  }
  const leaked = { ...lessons, features };
  const challenger = trainRanker(tf, leaked, quick);
  const onLessons = meanOf(ndcgOf(tf, challenger, leaked));
  expect(onLessons).toBeGreaterThan(0.95);
  expect(challenger.metrics['ndcg@30']).toBeGreaterThan(0.95);
  const { promote, ndcg, reasons } = contest(challenger, champion);
  tell('NDCG@30 of a model with leaked labels', { lessons: onLessons, holdout: ndcg.challenger });
  expect(promote).toBe(false);
  expect(reasons[0]).toMatch(/^worse: /);
});

test('nor does it as the first model: it is no better than popularity', () => {
  const features = lessons.features.slice();
  for (let row = 0; row < lessons.labels.length; row++) {
    features[row * numFeatures + 3] = 6 * lessons.labels[row]!;
    features[row * numFeatures] = 0; // all that it could have learned is in the leak
  }
  const challenger = trainRanker(tf, { ...lessons, features }, quick);
  expect(contest(challenger, byFeature(champion, 'popularity')).promote).toBe(false);
});

test('a model trained on shuffled labels does not get through', () => {
  const random = createRandom('shuffle');
  const labels = Uint8Array.from(lessons.labels);
  for (let group = 0; group + 1 < lessons.groups.length; group++) {
    random.shuffle(labels.subarray(lessons.groups[group], lessons.groups[group + 1]));
  }
  // Passes enough to learn the noise by heart, and nothing held back that would stop it.
  const challenger = trainRanker(tf, { ...lessons, labels }, { ...quick, holdout: 0, l2: 0 });
  expect(challenger.trainedOn).toBeGreaterThan(0);
  const { promote, reasons } = contest(challenger, champion);
  expect(promote).toBe(false);
  expect(reasons[0]).toMatch(/^worse: /);
  expect(contest(challenger, byFeature(champion, 'popularity')).promote).toBe(false);
});

test('of 100 contests of trained models at most 5 are won by an equal, at least 90 by a better one', () => {
  let equal = 0;
  let better = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const taught = listeners(240, `lessons ${seed}`);
    const trained = (...without: string[]) =>
      trainRanker(tf, taught, { ...quick, seed, l2: 0, without });
    // Popularity and age are worth the same: each of the two lacks one, so they differ, alike good.
    const pair = [trained('popularity'), trained('age')] as const;
    const seeing = trained();
    for (let judge = 1; judge <= 10; judge++) {
      const judges = listeners(150, `judges ${seed} ${judge}`);
      const [challenger, rival] = judge % 2 === 0 ? pair : ([pair[1], pair[0]] as const);
      if (contest(challenger, rival, judges).promote) equal++;
      if (contest(seeing, rival, judges).promote) better++;
    }
  }
  tell('of 100 contests of trained models are won', {
    'by an equal': equal,
    'by a better': better,
  });
  expect(equal).toBeLessThanOrEqual(5);
  expect(better).toBeGreaterThanOrEqual(90);
});

test('the baseline orders by its feature alone', () => {
  const popularity = byFeature(champion, 'popularity');
  const byRanker = ndcgOf(tf, popularity, holdout);
  // The ranker clips what is five deviations out; no candidate here is.
  const scores = Float32Array.from(
    holdout.labels,
    (_, row) => holdout.features[row * numFeatures + 1]!,
  );
  expect([...byRanker]).toEqual([...ndcgByGroup(scores, holdout.labels, holdout.groups, 30)]);
  const random = meanOf(ndcgOfRandom(holdout));
  expect(meanOf(byRanker)).toBeGreaterThan(random);
  expect(meanOf(ndcgOf(tf, champion, holdout))).toBeGreaterThan(meanOf(byRanker));
  expect(() => byFeature(champion, 'tempo')).toThrow(
    'baseline: expected one of [taste, popularity, age, mood], got "tempo"',
  );
});
