import { pairedBootstrap } from '../../model/evaluation/bootstrap.ts';
import {
  continuationDepth,
  continuationWays,
  PlaylistContinuation,
  type ContinuationWay,
} from '../../model/evaluation/continuation.ts';
import { fromTriples, type Interactions } from '../../model/interactions.ts';
import { clicks, meanOf, ndcgAt, orNull, recallAt, rPrecision } from '../../model/metrics.ts';
import { Mistake } from '../../model/mistake.ts';
import type { Sql } from '../ports.ts';

export const playlistMetrics = ['rPrecision', 'ndcg@500', 'clicks', 'recall@500'] as const;
export type PlaylistMetric = (typeof playlistMetrics)[number];

export interface PlaylistsAnswer {
  /** Playlists with contents at the cut-off that gained tracks after it. */
  readonly playlists: number;
  /** Those that gained tracks but were empty, or not known, at the cut-off: not evaluated. */
  readonly playlistsUnknownBefore: number;
  /** Pairs of playlist and track gained. */
  readonly additions: number;
  /** Of these, tracks that any playlist had held before the cut-off: only they can be found. */
  readonly additionsKnownBefore: number;
  readonly tracksKnownBefore: number;
  /** Against all tracks gained; those that nobody knew count as missed. */
  readonly all: PlaylistFigures;
  /** Against the tracks gained that were known before. */
  readonly known: PlaylistFigures & { readonly playlists: number };
}

export interface PlaylistFigures {
  readonly ways: Readonly<Record<ContinuationWay, Readonly<Record<PlaylistMetric, number | null>>>>;
  /** The blend less each other way: mean and 95 % interval by paired bootstrap over playlists. */
  readonly comparisons: readonly {
    readonly first: ContinuationWay;
    readonly second: ContinuationWay;
    readonly figures: Readonly<
      Record<
        string,
        { readonly mean: number | null; readonly low: number | null; readonly high: number | null }
      >
    >;
  }[];
}

/**
 * How well do the ways to go on with a playlist foretell what it gained? Each is trained on the
 * memberships dated before the cut-off; a track is in a playlist at the cut-off where it was added
 * before and not removed before. What was added from the cut-off on (within the horizon, where
 * there is one) and is not in the playlist then is to be found.
 *
 * Needs the views of a `catalogue`.
 *
 * @param cutoff - a day, `2021-01-01`
 * @param until - the day on which the horizon ends, not included; null: no end
 * @throws Mistake `SOURCE_EMPTY` where there is nothing before the cut-off or nothing to find
 */
export async function answerPlaylists(
  sql: Sql,
  cutoff: string,
  until: string | null,
  seed: number,
): Promise<PlaylistsAnswer> {
  await sql.run(
    `CREATE TEMP TABLE membership_state AS
     SELECT playlist_ix, track_ix, min(added) < CAST($cutoff AS DATE) AS known,
            bool_or(added < CAST($cutoff AS DATE)
                    AND (removed IS NULL OR removed >= CAST($cutoff AS DATE))) AS held,
            bool_or(added >= CAST($cutoff AS DATE)
                    AND (CAST($until AS DATE) IS NULL OR added < CAST($until AS DATE))) AS gained
     FROM catalogue.memberships
     GROUP BY playlist_ix, track_ix`,
    { cutoff, until },
  );
  const known = await matrixOf(sql, 'known');
  const current = await matrixOf(sql, 'held');
  const gained = await matrixOf(sql, 'gained AND NOT held');
  if (current.indices.length === 0 || gained.indices.length === 0) {
    const [span] = await sql.rows<{ first: Date | null; last: Date | null }>(
      'SELECT min(added) AS first, max(added) AS last FROM catalogue.memberships',
    );
    const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? 'none';
    throw new Mistake(
      'SOURCE_EMPTY',
      `--cutoff ${cutoff}: expected tracks in playlists before it and tracks added from it on` +
        `${until === null ? '' : ` to before ${until}`}, ` +
        `got memberships dated ${day(span!.first)} to ${day(span!.last)}`,
    );
  }
  const isKnown = new Uint8Array(known.numCols);
  for (const track of known.indices) isKnown[track] = 1;

  const continuation = new PlaylistContinuation(current, known, { minCount: 2, seed });
  const all = new Table();
  const findable = new Table();
  let unknown = 0;
  let additions = 0;
  let additionsKnown = 0;
  for (let playlist = 0; playlist < gained.numRows; playlist++) {
    const wanted = gained.indices.subarray(gained.indptr[playlist], gained.indptr[playlist + 1]);
    if (wanted.length === 0) continue;
    if (current.indptr[playlist] === current.indptr[playlist + 1]) {
      unknown++;
      continue;
    }
    const wantedKnown = wanted.filter((track) => isKnown[track] === 1);
    additions += wanted.length;
    additionsKnown += wantedKnown.length;
    const rankings = continuation.continue(playlist);
    all.add(rankings, new Set(wanted));
    findable.add(rankings, new Set(wantedKnown));
  }
  return {
    playlists: all.rows,
    playlistsUnknownBefore: unknown,
    additions,
    additionsKnownBefore: additionsKnown,
    tracksKnownBefore: isKnown.reduce((sum, one) => sum + one, 0),
    all: all.figures(seed),
    known: { ...findable.figures(seed), playlists: findable.rowsWithAny },
  };
}

async function matrixOf(sql: Sql, condition: string): Promise<Interactions> {
  const [size] = await sql.rows<{ playlists: number; tracks: number }>(
    `SELECT (SELECT count(*) FROM catalogue.playlists) AS playlists,
            (SELECT count(*) FROM catalogue.tracks) AS tracks`,
  );
  const { playlist_ix, track_ix } = await sql.columns<'playlist_ix' | 'track_ix'>(
    `SELECT playlist_ix, track_ix FROM membership_state WHERE ${condition} ORDER BY ALL`,
  );
  return fromTriples(playlist_ix, track_ix, undefined, size!.playlists, size!.tracks);
}

/** Figures of every way, playlist by playlist. */
class Table {
  rows = 0;
  /** Playlists with something to find. */
  rowsWithAny = 0;
  readonly #columns = new Map<string, number[]>();

  add(rankings: Record<ContinuationWay, Int32Array>, wanted: ReadonlySet<number>): void {
    this.rows++;
    if (wanted.size > 0) this.rowsWithAny++;
    for (const way of continuationWays) {
      const ranking = rankings[way];
      this.#push(way, 'rPrecision', rPrecision(ranking, wanted));
      this.#push(way, 'ndcg@500', ndcgAt(continuationDepth, ranking, wanted));
      this.#push(way, 'clicks', clicks(ranking, wanted));
      this.#push(way, 'recall@500', recallAt(continuationDepth, ranking, wanted));
    }
  }

  figures(seed: number): PlaylistFigures {
    const [first, ...others] = continuationWays;
    return {
      ways: Object.fromEntries(
        continuationWays.map((way) => [
          way,
          Object.fromEntries(
            playlistMetrics.map((metric) => [metric, orNull(meanOf(this.#column(way, metric)))]),
          ),
        ]),
      ) as PlaylistFigures['ways'],
      comparisons: others.map((second) => ({
        first,
        second,
        figures: Object.fromEntries(
          playlistMetrics.map((metric) => {
            const one = this.#column(first, metric);
            const other = this.#column(second, metric);
            const { mean, low, high } = pairedBootstrap(
              one.map((value, row) => value - other[row]!),
              { seed },
            );
            return [metric, { mean: orNull(mean), low: orNull(low), high: orNull(high) }];
          }),
        ),
      })),
    };
  }

  #push(way: ContinuationWay, metric: PlaylistMetric, value: number): void {
    const column = this.#columns.get(`${way}/${metric}`);
    if (column === undefined) this.#columns.set(`${way}/${metric}`, [value]);
    else column.push(value);
  }

  #column(way: ContinuationWay, metric: PlaylistMetric): readonly number[] {
    return this.#columns.get(`${way}/${metric}`) ?? [];
  }
}
