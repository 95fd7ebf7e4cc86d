import { z } from 'zod';
import type { Interactions } from '../interactions.ts';
import { als, alsRecommenderOptions, type AlsRecommenderOptions } from './als.ts';
import { autoencoder } from './autoencoder.ts';
import { graphFilter, graphFilterOptions } from './graph-filter.ts';
import { popularity } from './popularity.ts';
import { withRecency } from './recency.ts';
import type { Algorithm, FittedModel, Means } from './recommender.ts';

const graphShape = graphFilterOptions.shape;
const alsShape = alsRecommenderOptions.shape;
const weight = z.number().min(-10).max(10);

export const blendOptions = z.strictObject({
  /** Of the graph filter. */
  source: graphShape.source,
  target: graphShape.target,
  listener: graphShape.listener,
  recency: graphShape.recency,
  /** Of the factors. */
  factors: alsShape.factors.default(128),
  iterations: alsShape.iterations,
  /** Regularization / sqrt(alpha): what is best of it grows about so, and each has a best of its own. */
  strength: z.number().nonnegative().default(0.0026),
  alpha: alsShape.alpha,
  alsRecency: alsShape.recency,
  /** Factorizations, each from a start of its own, of which the mean counts: 1 to 8. */
  models: z.int().min(1).max(8).default(2),
  /** The same of autoencoders. */
  autoencoders: z.int().min(1).max(8).default(3),
  /** What the factors and popularity count beside the graph filter, which counts 1. */
  alsWeight: weight.default(0.5),
  /** The same of the autoencoder, with its own defaults; 0: there is none. */
  autoencoderWeight: weight.default(0),
  popularityWeight: weight.default(0),
});
export type BlendOptions = z.infer<typeof blendOptions>;

/** A part of the blend: what it is, with its options, and what it counts. */
export interface BlendPart {
  /** Prefix of its arrays. */
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly options: unknown;
  readonly weight: number;
  /** Added to the seed. */
  readonly start: number;
}

/** The options of the factors. */
export function factorsOf(
  options: Pick<BlendOptions, 'factors' | 'iterations' | 'strength' | 'alpha' | 'alsRecency'>,
): AlsRecommenderOptions {
  const { factors, iterations, strength, alpha, alsRecency: recency } = options;
  const regularization = Number((strength * Math.sqrt(alpha)).toPrecision(3));
  return alsRecommenderOptions.parse({ factors, iterations, regularization, alpha, recency });
}

/** The parts, the graph filter first, popularity last. */
export function partsOf(options: BlendOptions): BlendPart[] {
  const { source, target, listener, recency } = options;
  return [
    {
      name: 'graph',
      algorithm: graphFilter,
      options: graphFilter.options.parse({ source, target, listener, recency }),
      weight: 1,
      start: 0,
    },
    ...Array.from({ length: options.alsWeight === 0 ? 0 : options.models }, (_, start) => ({
      name: `als-${start}`,
      algorithm: als,
      options: factorsOf(options),
      weight: options.alsWeight / options.models,
      start,
    })),
    ...(options.autoencoderWeight === 0
      ? []
      : Array.from({ length: options.autoencoders }, (_, start) => ({
          name: `autoencoder-${start}`,
          algorithm: autoencoder,
          options: autoencoder.options.parse({}),
          weight: options.autoencoderWeight / options.autoencoders,
          start,
        }))),
    {
      name: 'popularity',
      algorithm: popularity,
      options: popularity.options.parse({}),
      weight: options.popularityWeight,
      start: 0,
    },
  ];
}

/** Fits one part, from its own start. */
export async function fitPart(
  { algorithm, options, start }: BlendPart,
  train: Interactions,
  means: Means,
): Promise<FittedModel> {
  const known = algorithm.weighsValues === true ? train : withRecency(train, 0);
  return algorithm.fit(known, options, { ...means, seed: means.seed + start });
}

/** Histories as a part reads them. */
export function historiesFor({ algorithm }: BlendPart, histories: Interactions): Interactions {
  return algorithm.weighsValues === true ? histories : withRecency(histories, 0);
}

/**
 * Adds a listener's scores, standardized over all items; nothing where all are alike.
 *
 * @param scores - [numItems], as `into`
 */
export function addStandardized(scores: Float32Array, weight: number, into: Float32Array): void {
  const { mean, deviation } = spread(scores);
  if (deviation === 0) return;
  const factor = weight / deviation;
  for (let j = 0; j < scores.length; j++) into[j]! += factor * (scores[j]! - mean);
}

/** Mean and standard deviation; a deviation that rounding alone could make counts as 0. */
function spread(scores: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  for (let j = 0; j < scores.length; j++) sum += scores[j]!;
  const mean = sum / scores.length;
  let squares = 0;
  for (let j = 0; j < scores.length; j++) squares += (scores[j]! - mean) ** 2;
  const deviation = Math.sqrt(squares / scores.length);
  return { mean, deviation: deviation > 1e-6 * Math.abs(mean) ? deviation : 0 };
}

/** The model of one part within that of the blend. */
export function ownPart(fitted: FittedModel, { name, algorithm, options }: BlendPart): FittedModel {
  const prefix = `${name}/`;
  const arrays = Object.entries(fitted.arrays)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, array]) => [key.slice(prefix.length), array] as const);
  return {
    name: algorithm.name,
    numItems: fitted.numItems,
    options,
    arrays: Object.fromEntries(arrays),
  };
}
