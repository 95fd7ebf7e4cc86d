import { noCounts, type SourceState, type VisitCounts } from './ports.ts';
import type { CrawlSource } from './sources-file.ts';

/** How a source's state goes on: pure, all instants in milliseconds since 1970. */

/** In a row; then a source is parked. */
export const failuresToPark = 8;
const hourMs = 3_600_000;
/** A parked source is tried again so rarely. */
export const parkedMs = 7 * 24 * hourMs;
/** Pauses between tries grow no longer than that. */
const longestPauseMs = 24 * hourMs;

/** The state to start a visit from: a source that is new, or has another address, starts anew. */
export function stateOf(known: SourceState | undefined, source: CrawlSource): SourceState {
  if (known !== undefined && known.configuredUrl === source.url) return known;
  return {
    name: source.name,
    configuredUrl: source.url,
    url: source.url,
    etag: null,
    lastModified: null,
    dueAt: 0,
    pagesAt: null,
    visitedAt: null,
    succeededAt: null,
    newestAt: known?.newestAt ?? null,
    failures: 0,
    parked: null,
    lastError: null,
    counts: known?.counts ?? noCounts,
  };
}

export function succeeded(state: SourceState, source: CrawlSource, now: number): SourceState {
  const dueAt = now + everyMs(source);
  return { ...state, dueAt, succeededAt: now, failures: 0, parked: null };
}

/** The next try comes after one interval, then two, four and so on, a day at most; or rarely. */
export function failed(
  state: SourceState,
  source: CrawlSource,
  now: number,
  reason: string,
  isGone: boolean,
): SourceState {
  const failures = state.failures + 1;
  const lastError = { at: now, reason };
  const common = { ...state, failures, lastError };
  if (isGone || failures >= failuresToPark) {
    const parked = { at: state.parked?.at ?? now, reason };
    return { ...common, parked, dueAt: now + Math.max(parkedMs, everyMs(source)) };
  }
  const pause = Math.min(everyMs(source) * 2 ** (failures - 1), longestPauseMs);
  return { ...common, dueAt: now + Math.max(pause, everyMs(source)) };
}

/** Its host asks for patience: no failure, but to be told. */
export function rests(state: SourceState, until: number, now: number, reason: string): SourceState {
  return { ...state, dueAt: until, lastError: { at: now, reason } };
}

/** A permanent redirect; marks of the old address are none of the new one. */
export function moved(state: SourceState, url: string): SourceState {
  return { ...state, url, etag: null, lastModified: null };
}

function everyMs({ everyMinutes }: CrawlSource): number {
  return everyMinutes * 60_000;
}

/** The sums of what two visits, or more, counted. */
export function added(one: VisitCounts, other: VisitCounts): VisitCounts {
  const sums = (Object.keys(noCounts) as (keyof VisitCounts)[]).map((what) => [
    what,
    one[what] + other[what],
  ]);
  return Object.fromEntries(sums) as VisitCounts;
}
