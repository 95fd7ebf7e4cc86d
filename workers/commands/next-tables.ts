import { nextMetrics, type NextLevel } from '../../model/evaluation/next.ts';
import type { Comparison, Interval, SegmentSummary } from '../../model/evaluation/next-summary.ts';
import { number } from '../../pipelines/funnel.ts';
import type { CatalogueResult, NextResult } from '../evaluate-next.ts';

/** The result of `evaluate next` as tables for people. */
export function nextTables(result: NextResult): string {
  const { cutoffs, horizonDays, trainedOn, truth, results, seconds } = result;
  const ignored =
    truth.ignoredBefore + truth.ignoredAfter === 0
      ? ''
      : `; not used: ${number(truth.ignoredBefore)} before the cut-off, ${number(truth.ignoredAfter)} after the horizon`;
  return [
    `${cutoffs.length} cut-offs, ${cutoffs[0]!.slice(0, 10)} to ${cutoffs.at(-1)!.slice(0, 10)}, ${horizonDays} days each`,
    `trained on ${number(trainedOn.listens)} listens before the last; compared with ${number(truth.listens)}${ignored}`,
    ...results.flatMap((one) => resultLines(one, result.rareBelow)),
    `done in ${seconds.toFixed(1)} s`,
  ].join('\n');
}

function resultLines(
  { catalogue, counts, rankings, lists }: CatalogueResult,
  rareBelow: number,
): string[] {
  const of = { asof: 'sources dated before the cut-off only', all: 'sources whatever their dates' };
  return [
    '',
    `== catalogue ${catalogue}: ${of[catalogue]}`,
    `${number(counts.firstPlays)} first plays: ${number(counts.ofUnknownListeners)} by listeners unknown before, ` +
      `${number(counts.notRecommendable)} of works that no source knew before`,
    ...segmentLines('Rankings before assembly, all listeners', rankings.all, rareBelow),
    ...segmentLines(
      'Rankings before assembly, fewer than 5 listens',
      rankings.fewListens,
      rareBelow,
    ),
    ...segmentLines('Lists, all listeners', lists.all, rareBelow),
    ...segmentLines('Lists, fewer than 5 listens', lists.fewListens, rareBelow),
  ];
}

function segmentLines(title: string, segment: SegmentSummary, rareBelow: number): string[] {
  const level = (name: NextLevel, said: string) => [
    `  ${said.padEnd(34)}${nextMetrics.map((metric) => metric.padStart(11)).join('')}`,
    ...Object.entries(segment.ways).map(
      ([way, levels]) =>
        `    ${way.padEnd(32)}${nextMetrics.map((metric) => figure(levels[name][metric]).padStart(11)).join('')}`,
    ),
  ];
  const compared = Object.keys(segment.comparisons[0]?.figures ?? {});
  return [
    '',
    `${title}: ${number(segment.pairs)} pairs of ${number(segment.listeners)} listeners`,
    ...level('track', 'tracks'),
    ...level('artist', 'artists'),
    ...level('newArtistTrack', 'tracks of artists new to the listener'),
    ...level('rareArtistTrack', `tracks of artists with < ${rareBelow} listeners`),
    `  differences, 95 % intervals by listener; best source: ${segment.bestSource ?? 'none'}`,
    ...compared.flatMap((name) => [
      `    ${name}`,
      ...segment.comparisons.map((one) => comparisonLine(one, name)),
    ]),
  ];
}

function comparisonLine({ first, second, figures }: Comparison, name: string): string {
  return `      ${`${first} - ${second}`.padEnd(44)}${interval(figures[name]!)}`;
}

function interval({ mean, low, high }: Interval): string {
  if (mean === null) return 'nothing to find';
  const signed = (value: number | null) => `${value! >= 0 ? '+' : ''}${value!.toFixed(4)}`;
  return `${signed(mean)}  [${signed(low)}, ${signed(high)}]`;
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}
