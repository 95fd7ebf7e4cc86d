import { featureNames, numFeatures } from './features.ts';
import { sourceNames, type SourceName } from './pool.ts';

/** How far a source reaches: candidates counted over listeners, a track once for each. */
export interface Reach {
  readonly source: SourceName;
  /** Candidates that it offered. */
  readonly offered: number;
  /** Those that no other source offered. */
  readonly onlyBySource: number;
  /** Listed tracks that it offered, and those that no other source did. */
  readonly listed: number;
  readonly listedOnlyBySource: number;
}

/** The candidates of one listener, and which of them are listed. */
export interface ReachedCandidates {
  /** [candidates x featureNames], row-major. */
  readonly features: Float32Array;
  /** Rows that are on the list. */
  readonly listed: Iterable<number>;
}

const rankColumn = Object.fromEntries(
  sourceNames.map((source) => [source, featureNames.indexOf(`${source} rank`)]),
) as Record<SourceName, number>;

/** 1-based rank of a candidate within a source, undone from its feature; 0 where not offered. */
export function rankWithin(features: Float32Array, row: number, source: SourceName): number {
  const feature = features[row * numFeatures + rankColumn[source]]!;
  return feature > 0 ? Math.round(2 ** (1 / feature) - 1) : 0;
}

/** The reach of every source, in the order of `sourceNames`; all 0 where there is no candidate. */
export function reachOf(lists: Iterable<ReachedCandidates>): Reach[] {
  const reach = sourceNames.map((source) => ({
    source,
    offered: 0,
    onlyBySource: 0,
    listed: 0,
    listedOnlyBySource: 0,
  }));
  for (const { features, listed } of lists) {
    const onList = new Set(listed);
    for (let row = 0; row * numFeatures < features.length; row++) {
      const offering = reach.filter(({ source }) => rankWithin(features, row, source) > 0);
      const alone = offering.length === 1 ? 1 : 0;
      for (const source of offering) {
        source.offered++;
        source.onlyBySource += alone;
        if (!onList.has(row)) continue;
        source.listed++;
        source.listedOnlyBySource += alone;
      }
    }
  }
  return reach;
}
