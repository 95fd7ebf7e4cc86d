import { sourceNames, type SourceName } from '../model/candidates/pool.ts';
import type { ChosenList } from '../model/assembly/list-chooser.ts';

/** How many lists there are, and what they were made from. */
export interface ListCounts {
  lists: number;
  /** Distinct candidates that reached the ranker, of the listeners that have a list. */
  candidates: number;
  /** The least of any of them; 0 where there are no lists. */
  candidatesLeast: number;
  tracksBySource: Partial<Record<SourceName, number>>;
  /** Of the threads that made them, by step; empty where nobody looked at a clock. */
  seconds: Record<string, number>;
}

export function emptyCounts(): ListCounts {
  return { lists: 0, candidates: 0, candidatesLeast: 0, tracksBySource: {}, seconds: {} };
}

export function countLists(
  chosen: readonly Pick<ChosenList, 'candidates' | 'source'>[],
): ListCounts {
  const counts = emptyCounts();
  if (chosen.length === 0) return counts;
  counts.lists = chosen.length;
  counts.candidatesLeast = Infinity;
  for (const { candidates, source: sources } of chosen) {
    counts.candidates += candidates;
    counts.candidatesLeast = Math.min(counts.candidatesLeast, candidates);
    for (const number of sources) {
      const source = sourceNames[number]!;
      counts.tracksBySource[source] = (counts.tracksBySource[source] ?? 0) + 1;
    }
  }
  return counts;
}

export function addCounts(total: ListCounts, part: ListCounts): void {
  for (const [step, seconds] of Object.entries(part.seconds)) {
    total.seconds[step] = (total.seconds[step] ?? 0) + seconds;
  }
  if (part.lists === 0) return;
  total.candidatesLeast =
    total.lists === 0
      ? part.candidatesLeast
      : Math.min(total.candidatesLeast, part.candidatesLeast);
  total.lists += part.lists;
  total.candidates += part.candidates;
  for (const source of sourceNames) {
    const tracks = (total.tracksBySource[source] ?? 0) + (part.tracksBySource[source] ?? 0);
    total.tracksBySource[source] = tracks;
  }
}
