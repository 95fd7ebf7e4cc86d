import { setImmediate } from 'node:timers/promises';
import { fromLake } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { recordingMsidOf } from './listens-row.ts';

/** A recording as ListenBrainz names it: by MusicBrainz's id, by that of what was typed, or both. */
export interface RecordingId {
  /** Lower case. */
  readonly mbid: string | undefined;
  /** Of `recordingMsidOf`. */
  readonly msid: string | undefined;
}

export interface RecordingNames {
  readonly artist: string;
  readonly title: string;
}

export interface FeedbackWindow {
  /** Love (1) or hate (-1) only. */
  readonly score: 1 | -1 | undefined;
  readonly count: number;
  readonly offset: number;
}

/** What a listener last said of a track. */
export interface Opinion extends RecordingNames {
  /** Seconds since 1970. */
  readonly created: number;
  readonly kind: 'love' | 'hate';
  /** Of the newest listen of the track; null where there is none, or it told none. */
  readonly album: string | null;
  /** That the newest listen which had one was submitted with, lower case. */
  readonly mbid: string | null;
}

export interface Opinions {
  /** Of all windows, whatever the score. */
  readonly total: number;
  readonly opinions: readonly Opinion[];
}

/** The id of MusicBrainz that a listen was submitted with, or mapped to. */
const mbidOfListen = `CASE WHEN json_valid(info) THEN
  lower(coalesce(info ->> '$.recording_mbid', info ->> '$.mbid_mapping.recording_mbid')) END`;

/** Some 10 ms of hashing; between two such turns others are answered. */
const hashedAtOnce = 2000;

/**
 * What the listener's own listens call a recording, the newest first; undefined where none has the
 * id. MusicBrainz's id counts before the other.
 *
 * @param files - of the lake's `listens`: all that hold any of the listener
 */
export async function recordingOf(
  sql: Sql,
  files: readonly string[],
  listener: string,
  { mbid, msid }: RecordingId,
): Promise<RecordingNames | undefined> {
  const listens = `${fromLake('listens', files)} WHERE listener = $listener`;
  if (mbid !== undefined) {
    const [named] = await sql.rows<RecordingNames>(
      `SELECT artist, title FROM ${listens} AND ${mbidOfListen} = $mbid
       ORDER BY listened_at DESC, artist, title LIMIT 1`,
      { listener, mbid },
    );
    if (named !== undefined) return named;
  }
  if (msid === undefined) return undefined;
  const typed = await sql.rows<RecordingNames & { album: string | null }>(
    `SELECT artist, title, album FROM ${listens}
     GROUP BY ALL ORDER BY max(listened_at) DESC, artist, title, album`,
    { listener },
  );
  for (let from = 0; from < typed.length; from += hashedAtOnce) {
    const named = typed
      .slice(from, from + hashedAtOnce)
      .find(({ artist, title, album }) => recordingMsidOf(artist, title, album) === msid);
    if (named !== undefined) return named;
    await setImmediate();
  }
  return undefined;
}

/**
 * What the listener last said of each track, the newest first, case apart; of two words at one
 * instant the more careful one counts. What was taken back is not there.
 *
 * @param files - of the lake's `feedback`, and those of `listens` that hold any of the listener
 */
export async function opinionsOf(
  sql: Sql,
  files: { readonly feedback: readonly string[]; readonly listens: readonly string[] },
  listener: string,
  { score, count, offset }: FeedbackWindow,
): Promise<Opinions> {
  const opinions = `
    SELECT * FROM (
      SELECT happened_at, kind, artist, title FROM ${fromLake('feedback', files.feedback)}
      WHERE listener = $listener AND kind IN ('love', 'hate', 'none')
      QUALIFY row_number() OVER (
        PARTITION BY lower(artist), lower(title)
        ORDER BY happened_at DESC, CASE kind WHEN 'hate' THEN 0 WHEN 'none' THEN 1 ELSE 2 END,
                 artist, title) = 1
    ) WHERE kind <> 'none'`;
  const [{ total }] = (await sql.rows(`SELECT count(*) AS total FROM (${opinions})`, {
    listener,
  })) as [{ total: number }];
  if (total === 0 || count === 0) return { total, opinions: [] };
  const wanted = score === undefined ? '' : ` AND kind = '${score === 1 ? 'love' : 'hate'}'`;
  const rows = await sql.rows<Opinion>(
    `WITH page AS (
       ${opinions}${wanted} ORDER BY happened_at DESC, artist, title LIMIT ${count} OFFSET ${offset}
     ),
     heard AS (
       SELECT lower(l.artist) AS artist, lower(l.title) AS title,
              first(album ORDER BY listened_at DESC, l.artist, l.title, album) AS album,
              arg_max(mbid, (listened_at, mbid)) AS mbid
       FROM (
         SELECT *, ${mbidOfListen} AS mbid FROM ${fromLake('listens', files.listens)}
         WHERE listener = $listener
       ) l
       SEMI JOIN page p ON lower(p.artist) = lower(l.artist) AND lower(p.title) = lower(l.title)
       GROUP BY ALL
     )
     SELECT epoch(happened_at)::BIGINT AS created, kind, p.artist, p.title, album, mbid
     FROM page p
     LEFT JOIN heard h ON h.artist = lower(p.artist) AND h.title = lower(p.title)
     ORDER BY happened_at DESC, p.artist, p.title`,
    { listener },
  );
  return { total, opinions: rows };
}
