import { featureNames } from '../../../model/candidates/features.ts';
import { createRandom } from '../../../model/random.ts';
import { shapeOf } from '../../../model/ranker/members.ts';
import { weightShapes } from '../../../model/ranker/network.ts';
import { rankerMetrics, rankerOptions, type Ranker } from '../../../model/ranker/ranker.ts';
import { numInputs } from '../../../model/ranker/standardize.ts';

/** A ranker of the default shape that learned nothing: its weights are drawn. */
export function benchRanker(): Ranker {
  const random = createRandom(1, 'bench ranker');
  const drawn = (size: number, low: number, high: number): Float32Array =>
    Float32Array.from({ length: size }, () => low + (high - low) * random.uniform());
  const options = rankerOptions.parse({ members: 3 });
  const standardization = {
    mean: drawn(featureNames.length, 0, 1),
    scale: drawn(featureNames.length, 0.2, 2),
    indicators: (['genre match', 'audio distance', 'age'] as const).map((name) =>
      featureNames.indexOf(name),
    ),
  };
  const shapes = weightShapes(shapeOf(options, numInputs(standardization)));
  const none = Object.keys(rankerMetrics.shape).map((key) => [key, key === 'bestFeature' ? '' : 0]);
  return {
    featureNames,
    options,
    standardization,
    weights: shapes.map(({ rows, columns }) => drawn(rows * columns, -0.3, 0.3)),
    trainedOn: 0,
    metrics: rankerMetrics.parse(Object.fromEntries(none)),
  };
}
