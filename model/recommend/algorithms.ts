import { als } from './als.ts';
import { autoencoder } from './autoencoder.ts';
import { blend } from './blend.ts';
import { cosine } from './cosine.ts';
import { ease } from './ease.ts';
import { graphFilter } from './graph-filter.ts';
import { popularity } from './popularity.ts';
import type { Algorithm } from './recommender.ts';

/** All ways to recommend, by name, in the order in which the help lists them. */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map(
  [popularity, cosine, graphFilter, ease, als, autoencoder, blend].map((algorithm: Algorithm) => [
    algorithm.name,
    algorithm,
  ]),
);

/** What the product uses, and `evaluate` without `--model`. */
export const defaultAlgorithm = 'blend';
