import type { SourceState } from '../crawl/ports.ts';
import type { CrawlSource } from '../crawl/sources-file.ts';

/** How a source of data is: an importer's, the log, or a source of the crawler. Instants are ISO 8601. */
export interface SourceStatus {
  readonly name: string;
  readonly kind: 'import' | 'log' | 'crawl';
  /** When its newest row is of; null: it has none, or none with a time. */
  readonly newest: string | null;
  readonly ageSeconds: number | null;
  /** Of the log: what the broker has and the lake has not. Null where that cannot be asked. */
  readonly lag: LogLag | null;
  /** Rows in the lake. */
  readonly rows: number;
  /** Rows by table; of the crawler, what its visits counted. */
  readonly counts: Readonly<Record<string, number>>;
  readonly lastError: { readonly at: string | null; readonly reason: string } | null;
  /** Why it is tried rarely, null where it is not. */
  readonly parked: string | null;
  /** Null: it is never stale. */
  readonly staleAfterHours: number | null;
  readonly isStale: boolean;
}

export interface LogLag {
  /** Messages, each of one request or more. */
  readonly entries: number;
  /** Since the oldest of them arrived; 0 where there is none. */
  readonly seconds: number;
}

/** What the lake has of a source. */
export interface LakeSource {
  readonly source: string;
  readonly rows: number;
  readonly tables: Readonly<Record<string, number>>;
  /** Milliseconds since 1970, null where no row has a time. */
  readonly newest: number | null;
}

export interface KnownSources {
  /** By name; that of the log is among them once it has brought something. */
  readonly lake: readonly LakeSource[];
  readonly logName: string;
  /** Articles in the lake, by source of the crawler. */
  readonly articles: ReadonlyMap<string, number>;
  readonly lag: LogLag | null;
  /** Why `lag` is null. */
  readonly lagError: string | null;
  readonly crawled: readonly { readonly source: CrawlSource; readonly state: SourceState }[];
  /** By name, before what a source says of itself. */
  readonly staleAfterHours: Readonly<Record<string, number>>;
}

/** The log is stale when the lake is so far behind it. */
const logStaleAfterHours = 0.25;
const hourMs = 3_600_000;

/**
 * All sources: importers, the log, what is crawled; by kind, then by name.
 *
 * - An importer's source is stale when its newest row is older than its threshold; without one,
 *   never: files are as old as they are.
 * - The log is stale when something waits for the lake for longer than its threshold, a quarter of
 *   an hour by default: nobody has to listen at night.
 * - What is crawled is stale when it is parked, or brought no article for its threshold, or none at
 *   all since it was first visited.
 *
 * @param now - milliseconds since 1970
 */
export function sourceStatuses(known: KnownSources, now: number): SourceStatus[] {
  const { lake, logName, crawled } = known;
  const imports = lake.filter(({ source }) => source !== logName);
  const log = lake.find(({ source }) => source === logName);
  return [
    ...imports.map((one) => importStatus(one, known, now)),
    logStatus(log, known, now),
    ...crawled.map(({ source, state }) => crawlStatus(source, state, known, now)),
  ].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

const order: readonly SourceStatus['kind'][] = ['import', 'log', 'crawl'];

function importStatus(one: LakeSource, known: KnownSources, now: number): SourceStatus {
  const staleAfterHours = known.staleAfterHours[one.source] ?? null;
  const isOld = one.newest === null || now - one.newest > (staleAfterHours ?? Infinity) * hourMs;
  return {
    ...{ name: one.source, kind: 'import', lag: null, lastError: null, parked: null },
    ...freshness(one.newest, now),
    rows: one.rows,
    counts: one.tables,
    staleAfterHours,
    isStale: staleAfterHours !== null && isOld,
  };
}

function logStatus(one: LakeSource | undefined, known: KnownSources, now: number): SourceStatus {
  const { lag, lagError, logName } = known;
  const staleAfterHours = known.staleAfterHours[logName] ?? logStaleAfterHours;
  return {
    ...{ name: logName, kind: 'log', lag, parked: null, staleAfterHours },
    ...freshness(one?.newest ?? null, now),
    rows: one?.rows ?? 0,
    counts: one?.tables ?? {},
    lastError: lagError === null ? null : { at: null, reason: lagError },
    isStale: lag !== null && lag.seconds > staleAfterHours * 3600,
  };
}

function crawlStatus(
  source: CrawlSource,
  state: SourceState,
  known: KnownSources,
  now: number,
): SourceStatus {
  const { name } = source;
  const { newestAt, parked, lastError, visitedAt } = state;
  const staleAfterHours = known.staleAfterHours[name] ?? source.staleAfterHours;
  const isOld = newestAt === null ? visitedAt !== null : now - newestAt > staleAfterHours * hourMs;
  return {
    ...{ name, kind: 'crawl', lag: null, staleAfterHours, isStale: parked !== null || isOld },
    ...freshness(newestAt, now),
    rows: known.articles.get(name) ?? 0,
    counts: { ...state.counts },
    lastError:
      lastError === null
        ? null
        : { at: new Date(lastError.at).toISOString(), reason: lastError.reason },
    parked: parked?.reason ?? null,
  };
}

function freshness(newest: number | null, now: number) {
  return newest === null
    ? { newest: null, ageSeconds: null }
    : {
        newest: new Date(newest).toISOString(),
        ageSeconds: Math.max(0, Math.round((now - newest) / 1000)),
      };
}
