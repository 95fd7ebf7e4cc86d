import { Mistake } from '../mistake.ts';
import { MISSING, type FeatureRows } from './examples.ts';
import type { Ranker } from './ranker.ts';

/** A ranker that knows fewer of its features than this share is refused. */
const leastShare = 0.5;

/**
 * The rows as a ranker wants them that was trained on other features than there are today: found by
 * name, in its order. What is not there any more is missing, and so counts as its mean in training;
 * what has come since is left out. Where the names are the same, the rows are given back.
 *
 * @param where - names the ranker in errors
 * @throws Mistake `ARTIFACT_CORRUPT` where fewer than half of its features are there
 */
export function alignFeatures(
  { featureNames: wanted }: Pick<Ranker, 'featureNames'>,
  rows: FeatureRows,
  where = 'ranker',
): FeatureRows {
  const { featureNames, features } = rows;
  if (
    wanted.length === featureNames.length &&
    wanted.every((name, at) => featureNames[at] === name)
  ) {
    return rows;
  }
  const from = columnsIn(wanted, featureNames, where);
  const numRows = features.length / featureNames.length;
  const aligned = new Float32Array(numRows * wanted.length);
  for (let row = 0; row < numRows; row++) {
    const first = row * featureNames.length;
    from.forEach((column, to) => {
      aligned[row * wanted.length + to] = column < 0 ? MISSING : features[first + column]!;
    });
  }
  return { featureNames: wanted, features: aligned };
}

/**
 * Where each feature is found among others, -1 where it is not.
 *
 * @throws Mistake `ARTIFACT_CORRUPT` where fewer than half are found
 */
export function columnsIn(
  wanted: readonly string[],
  featureNames: readonly string[],
  where = 'ranker',
): number[] {
  const from = wanted.map((name) => featureNames.indexOf(name));
  const found = from.filter((column) => column >= 0).length;
  if (found < leastShare * wanted.length) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `${where}: expected at least half of its ${wanted.length} features, ` +
        `got ${found} of them among [${featureNames.join(', ')}]`,
    );
  }
  return from;
}
