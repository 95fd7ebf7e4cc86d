import { z } from 'zod';

const figure = z.number();

/** All that the page of a model version shows. */
export const modelReport = z.object({
  format: z.literal(1),
  version: z.string().min(1),
  state: z.enum(['candidate', 'champion', 'retired']),
  parent: z.string().optional(),
  /** Week of which it was the challenger. */
  week: z.string(),
  /** Nothing played from this instant on was learned from (ISO 8601, UTC). */
  cutoff: z.iso.datetime(),
  seed: z.number(),
  commit: z.string().optional(),
  trainedAt: z.iso.datetime().optional(),
  /** The gate's; undefined where no gate has judged. */
  decision: z.object({ promote: z.boolean(), reasons: z.array(z.string()) }).optional(),
  /** Listeners with their cut-offs in the holdout, and listeners. */
  holdout: z.object({ groups: z.int(), listeners: z.int() }),
  /** A figure of several models on the same holdout, such as `NDCG@30`: this one first. */
  metrics: z.array(
    z.object({
      name: z.string(),
      models: z.array(z.object({ model: z.string(), value: figure })).min(1),
    }),
  ),
  /** This model less others, with the interval of the paired bootstrap. */
  differences: z.array(
    z.object({
      against: z.string(),
      figure: z.string(),
      mean: figure,
      low: figure,
      high: figure,
      level: figure,
    }),
  ),
  guardrails: z.array(
    z.object({
      name: z.string(),
      champion: figure,
      challenger: figure,
      limit: figure,
      bound: z.enum(['least', 'most']),
      holds: z.boolean(),
    }),
  ),
  calibration: z.array(
    z.object({
      bin: z.int(),
      candidates: z.int(),
      predicted: figure,
      played: figure,
      low: figure,
      high: figure,
    }),
  ),
  importance: z.array(z.object({ feature: z.string(), drop: figure, low: figure, high: figure })),
  /** How far each source reaches, counted over listeners. */
  coverage: z.array(
    z.object({
      source: z.string(),
      offered: z.int(),
      onlyBySource: z.int(),
      listed: z.int(),
      listedOnlyBySource: z.int(),
    }),
  ),
  examples: z.array(
    z.object({
      user: z.string(),
      heard: z.array(z.object({ title: z.string(), artist: z.string() })),
      tracks: z.array(
        z.object({
          title: z.string(),
          artists: z.array(z.string()).min(1),
          reason: z.string(),
          source: z.string(),
        }),
      ),
    }),
  ),
});
export type ModelReport = z.infer<typeof modelReport>;
