import type { NextLevel, NextMetric } from '../../model/evaluation/next.ts';
import type { Interval, SegmentSummary } from '../../model/evaluation/next-summary.ts';
import { number } from '../../pipelines/funnel.ts';
import type { CatalogueResult, NextResult } from '../evaluate-next.ts';

/** The result of `evaluate next` as tables for people; all of it is in the JSON. */
export function nextTables(result: NextResult): string {
  const { cutoffs, horizonDays, trainedOn, truth, results, seconds } = result;
  const first = cutoffs[0]!.slice(0, 10);
  const ignored =
    truth.ignoredBefore + truth.ignoredAfter === 0
      ? ''
      : `; not used: ${number(truth.ignoredBefore)} before the cut-off, ${number(truth.ignoredAfter)} after the horizon`;
  return [
    cutoffs.length === 1
      ? `cut-off ${first}, compared with the ${horizonDays} days after it`
      : `${cutoffs.length} weekly cut-offs, ${first} to ${cutoffs.at(-1)!.slice(0, 10)}, each compared with the ${horizonDays} days after it`,
    `${number(trainedOn.listens)} listens before the last, ${number(truth.listens)} from the first on${ignored}`,
    ...results.flatMap((one) => resultLines(one, result.rareBelow)),
    `\ndone in ${seconds.toFixed(1)} s`,
  ].join('\n');
}

function resultLines(
  { catalogue, counts, rankings, lists }: CatalogueResult,
  rareBelow: number,
): string[] {
  const of = { asof: 'sources dated before the cut-off only', all: 'sources whatever their dates' };
  const segments: readonly (readonly [string, SegmentSummary])[] = [
    ['rankings (before assembly), all listeners', rankings.all],
    ['rankings (before assembly), listeners with fewer than 5 listens', rankings.fewListens],
    ['lists (one track for an artist), all listeners', lists.all],
    ['lists (one track for an artist), listeners with fewer than 5 listens', lists.fewListens],
  ];
  return [
    `\ncatalogue ${catalogue}: ${of[catalogue]}`,
    `${number(counts.firstPlays)} first plays: ${number(counts.ofUnknownListeners)} by listeners who had played nothing before, ` +
      `${number(counts.notRecommendable)} of the others' of works that no source knew before`,
    ...segments.flatMap(([title, segment]) => segmentLines(title, segment, rareBelow)),
  ];
}

/** Columns of a table: under which heading, of which level, which figure. */
type Column = readonly [heading: string, level: NextLevel, metric: NextMetric];

const main: readonly Column[] = [
  ['R@30', 'track', 'recall@30'],
  ['NDCG@30', 'track', 'ndcg@30'],
  ['R-prec', 'track', 'rPrecision'],
  ['clicks', 'track', 'clicks'],
  ['hit', 'track', 'hit@30'],
  ['artist: R@30', 'artist', 'recall@30'],
  ['NDCG@30', 'artist', 'ndcg@30'],
  ['R-prec', 'artist', 'rPrecision'],
  ['clicks', 'artist', 'clicks'],
  ['hit', 'artist', 'hit@30'],
];

const apart: readonly Column[] = [
  ['new: tracks R@30', 'newArtistTrack', 'recall@30'],
  ['NDCG@30', 'newArtistTrack', 'ndcg@30'],
  ['artists R@30', 'newArtist', 'recall@30'],
  ['NDCG@30', 'newArtist', 'ndcg@30'],
  ['rare: tracks R@30', 'rareArtistTrack', 'recall@30'],
  ['NDCG@30', 'rareArtistTrack', 'ndcg@30'],
  ['artists R@30', 'rareArtist', 'recall@30'],
  ['NDCG@30', 'rareArtist', 'ndcg@30'],
];

/** Differences that are shown; the rest is in the JSON. */
const shown = ['track/ndcg@30', 'track/recall@30', 'artist/ndcg@30'] as const;
const shownForAblation = [
  'track/ndcg@30',
  'rareArtistTrack/ndcg@30',
  'rareArtist/ndcg@30',
] as const;

const nameWidth = 44;

function segmentLines(title: string, segment: SegmentSummary, rareBelow: number): string[] {
  const { pairs, listeners, ways, comparisons, bestSource } = segment;
  const ablations = comparisons.filter(({ second }) => second.startsWith('ablation/'));
  const others = comparisons.filter(({ second }) => !second.startsWith('ablation/'));
  return [
    `\n${title}: ${number(pairs)} pairs of ${number(listeners)} listeners and cut-offs`,
    ...figureLines('tracks; artists', ways, main),
    ...figureLines(`by artists new to the listener; with < ${rareBelow} listeners`, ways, apart),
    ...differenceLines('difference [95 % interval]', others, shown),
    ...(ablations.length === 0
      ? []
      : differenceLines('what a group adds [95 % interval]', ablations, shownForAblation)),
    `  best source in hindsight: ${bestSource ?? 'none'}`,
  ];
}

function figureLines(
  title: string,
  ways: SegmentSummary['ways'],
  columns: readonly Column[],
): string[] {
  const widths = columns.map(([heading]) => Math.max(9, heading.length + 2));
  const line = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(nameWidth)}${cells.map((cell, c) => cell.padStart(widths[c]!)).join('')}`;
  return [
    line(
      title,
      columns.map(([heading]) => heading),
    ),
    ...Object.entries(ways).map(([way, levels]) =>
      line(
        `  ${way}`,
        columns.map(([, level, metric]) => figure(levels[level][metric])),
      ),
    ),
  ];
}

function differenceLines(
  title: string,
  comparisons: SegmentSummary['comparisons'],
  figures: readonly string[],
): string[] {
  return [
    `  ${title.padEnd(nameWidth)}${figures.map((name) => name.padEnd(30)).join('')}`.trimEnd(),
    ...comparisons.map(({ first, second, figures: found }) => {
      const name = `    ${first} - ${second}`.padEnd(nameWidth + 2);
      return `${name}${figures.map((one) => interval(found[one]!).padEnd(30)).join('')}`.trimEnd();
    }),
  ];
}

function interval({ mean, low, high }: Interval): string {
  if (mean === null) return 'nothing to find';
  const signed = (value: number | null) => `${value! >= 0 ? '+' : ''}${value!.toFixed(4)}`;
  return `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}
