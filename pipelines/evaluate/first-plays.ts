import type { FirstPlay } from '../../model/evaluation/next.ts';
import type { Sql } from '../ports.ts';

/** What the listeners known at a cut-off played for the first time after it. */
export interface FirstPlays {
  /** By `listener_ix`, ascending; the works in the order of their index. */
  readonly byListener: ReadonlyMap<number, readonly FirstPlay[]>;
  readonly counts: FirstPlayCounts;
}

export interface FirstPlayCounts {
  /** Pairs of listener and work. */
  readonly firstPlays: number;
  /** Of these by listeners without a listen before the cut-off: not evaluated. */
  readonly ofUnknownListeners: number;
  /** Of the others, works that could not be recommended: no source knew them before the cut-off. */
  readonly notRecommendable: number;
}

/**
 * Reads what is to be found: works played from the cut-off on, within the horizon, that the
 * listener had not played in any version before. Works and artists that our catalogue does not know
 * have indices of their own beyond it: they can not be found, and count as missed.
 *
 * Needs the views `catalogue`, `snapshot`, and `truth`: the catalogue of a lake that holds the
 * listens before and after the cut-off. Ids of tracks and artists are hashes of their names, so
 * both catalogues mean the same by them.
 *
 * @param rareBelow - listeners before the cut-off that an artist has at least who is not rare
 */
export async function readFirstPlays(
  sql: Sql,
  cutoff: string,
  horizonDays: number,
  rareBelow: number,
): Promise<FirstPlays> {
  const rows = await sql.rows<{
    listener_ix: number | null;
    work: number;
    artist: number;
    new_artist: boolean;
    rare_artist: boolean;
    recommendable: boolean;
  }>(
    `WITH sizes AS (
       SELECT (SELECT coalesce(max(work_ix) + 1, 0) FROM catalogue.tracks) AS works,
              (SELECT count(*) FROM catalogue.artists) AS artists
     ), known_works AS (
       SELECT t.work_ix AS truth_work, min(c.work_ix) AS work_ix
       FROM truth.tracks t JOIN catalogue.tracks c USING (track_id) GROUP BY t.work_ix
     ), known_artists AS (
       SELECT t.artist_ix AS truth_artist, c.artist_ix
       FROM truth.artists t JOIN catalogue.artists c USING (artist_id)
     ), known_listeners AS (
       SELECT t.listener_ix AS truth_listener, s.listener_ix
       FROM truth.listeners t
       JOIN catalogue.listeners c USING (listener)
       JOIN snapshot.listeners s ON s.listener_ix = c.listener_ix
     ), plays AS (
       SELECT l.listener_ix AS truth_listener, t.work_ix AS truth_work, t.artist_ix AS truth_artist,
              min(l.listened_at) AS first_play
       FROM truth.listens l
       ANTI JOIN truth.skipped_listens USING (listener_ix, track_ix, listened_at)
       JOIN truth.tracks t USING (track_ix)
       GROUP BY ALL
     ), first AS (
       SELECT listener_ix, truth_listener,
              coalesce(w.work_ix, works + truth_work) AS work,
              coalesce(a.artist_ix, artists + truth_artist) AS artist
       FROM plays
       CROSS JOIN sizes
       LEFT JOIN known_listeners USING (truth_listener)
       LEFT JOIN known_works w USING (truth_work)
       LEFT JOIN known_artists a USING (truth_artist)
       WHERE first_play >= CAST($cutoff AS TIMESTAMP)
         AND first_play < CAST($cutoff AS TIMESTAMP) + CAST($days AS INTEGER) * INTERVAL 1 DAY
         AND NOT EXISTS (FROM snapshot.heard h
                         WHERE h.listener_ix = known_listeners.listener_ix
                           AND h.work_ix = w.work_ix)
     )
     SELECT f.listener_ix, CAST(f.work AS INTEGER) AS work,
            CAST(min(f.artist) AS INTEGER) AS artist,
            bool_and(own.artist_ix IS NULL) AS new_artist,
            bool_and(coalesce(p.listeners, 0) < CAST($rare AS INTEGER)) AS rare_artist,
            bool_or(e.work_ix IS NOT NULL) AS recommendable
     FROM first f
     LEFT JOIN snapshot.artist_interactions own
       ON own.listener_ix = f.listener_ix AND own.artist_ix = f.artist
     LEFT JOIN (SELECT artist_ix, count(*) AS listeners
                FROM snapshot.artist_interactions GROUP BY artist_ix) p ON p.artist_ix = f.artist
     LEFT JOIN (SELECT DISTINCT work_ix FROM snapshot.eligible) e ON e.work_ix = f.work
     GROUP BY f.listener_ix, f.truth_listener, f.work
     ORDER BY f.listener_ix, f.truth_listener, f.work`,
    { cutoff: cutoff.replace('Z', ''), days: horizonDays, rare: rareBelow },
  );
  const byListener = new Map<number, FirstPlay[]>();
  let ofUnknownListeners = 0;
  let notRecommendable = 0;
  for (const { listener_ix, work, artist, new_artist, rare_artist, recommendable } of rows) {
    if (listener_ix === null) {
      ofUnknownListeners++;
      continue;
    }
    if (!recommendable) notRecommendable++;
    const plays = byListener.get(listener_ix) ?? [];
    plays.push({ work, artist, newArtist: new_artist, rareArtist: rare_artist });
    byListener.set(listener_ix, plays);
  }
  return {
    byListener,
    counts: { firstPlays: rows.length, ofUnknownListeners, notRecommendable },
  };
}
