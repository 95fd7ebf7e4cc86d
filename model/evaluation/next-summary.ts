import { meanOf, orNull } from '../metrics.ts';
import { differencesOf, pairedBootstrap, type Difference } from './bootstrap.ts';
import {
  nextLevels,
  nextMetrics,
  type NextFigure,
  type NextFigures,
  type NextLevel,
  type NextMetric,
} from './next.ts';

/** Figures that differences are given of. */
const comparedFigures: readonly NextFigure[] = [
  'track/ndcg@30',
  'track/recall@30',
  'artist/ndcg@30',
  'artist/recall@30',
  'newArtistTrack/recall@30',
  'rareArtistTrack/recall@30',
  'rareArtistTrack/ndcg@30',
  'rareArtist/recall@30',
  'rareArtist/ndcg@30',
];

/** The means of one way to rank: by level, then by metric; null where nothing was to be found. */
export type WaySummary = Readonly<Record<NextLevel, Readonly<Record<NextMetric, number | null>>>>;

/** How one way compares with another, figure by figure: above 0, the first is better. */
export interface Comparison {
  readonly first: string;
  readonly second: string;
  readonly figures: Readonly<Record<string, Interval>>;
}

/** A mean difference and its interval; null where nothing was to be found. */
export interface Interval {
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Of all listeners, or of those with few listens. */
export interface SegmentSummary {
  /** Pairs of listener and cut-off. */
  readonly pairs: number;
  readonly listeners: number;
  readonly ways: Readonly<Record<string, WaySummary>>;
  /**
   * The single source with the highest mean `track/ndcg@30` on these very pairs: the strictest
   * choice, as it is made in hindsight. Of equal ones the first; undefined without sources.
   */
  readonly bestSource: string | undefined;
  readonly comparisons: readonly Comparison[];
}

export interface SummaryOptions {
  /** The way that is compared with sources and baselines. */
  readonly pipeline: string;
  /** The way that ablations are compared with. */
  readonly reference: string;
  /** Only pairs with fewer listens before the cut-off than this. Default: all. */
  readonly listensBelow?: number;
  /** Names the random streams of the bootstrap. */
  readonly seed: number;
  readonly resamples?: number;
}

/**
 * Means and comparisons over pairs of listener and cut-off. The pipeline is compared with every
 * `source/` and `baseline/`, the reference with every `ablation/`: mean difference, and 95 %
 * interval by paired bootstrap over listeners, each drawn with all of their pairs.
 */
export function summarizeNext(figures: NextFigures, options: SummaryOptions): SegmentSummary {
  const { pipeline, reference, listensBelow = Infinity, seed, resamples } = options;
  const chosen = figures.listens.flatMap((listens, pair) => (listens < listensBelow ? [pair] : []));
  const column = (way: string, figure: NextFigure): Float64Array => {
    const values = figures.of(way, figure);
    return Float64Array.from(chosen, (pair) => values[pair]!);
  };
  const clusters = chosen.map((pair) => figures.listeners[pair]!);
  const compare = (first: string, second: string): Comparison => ({
    first,
    second,
    figures: Object.fromEntries(
      comparedFigures.map((figure) => {
        const differences = differencesOf(column(first, figure), column(second, figure), figure);
        const bootstrap = { clusters, seed, ...(resamples === undefined ? {} : { resamples }) };
        return [figure, intervalOf(pairedBootstrap(differences, bootstrap))];
      }),
    ),
  });
  const ways = Object.fromEntries(
    figures.ways.map((way) => [way, meansOf((figure) => meanOf(column(way, figure)))]),
  );
  const sources = figures.ways.filter((way) => way.startsWith('source/'));
  const ndcg = (way: string) => ways[way]!.track['ndcg@30'] ?? 0;
  const bestSource = sources.reduce<string | undefined>(
    (best, way) => (best === undefined || ndcg(way) > ndcg(best) ? way : best),
    undefined,
  );
  const others = figures.ways.filter((way) => /^(source|baseline)\//.test(way));
  const ablations = figures.ways.filter((way) => way.startsWith('ablation/') && way !== reference);
  return {
    pairs: chosen.length,
    listeners: new Set(clusters).size,
    ways,
    bestSource,
    comparisons: [
      ...others.map((way) => compare(pipeline, way)),
      ...ablations.map((way) => compare(reference, way)),
    ],
  };
}

function meansOf(mean: (figure: NextFigure) => number): WaySummary {
  return Object.fromEntries(
    nextLevels.map((level) => [
      level,
      Object.fromEntries(nextMetrics.map((metric) => [metric, orNull(mean(`${level}/${metric}`))])),
    ]),
  ) as unknown as WaySummary;
}

function intervalOf({ mean, low, high }: Difference): Interval {
  return { mean: orNull(mean), low: orNull(low), high: orNull(high) };
}
