import { artistKey, isOneName, knownArtists, parseCredits, titleKeys } from '../model/matching.ts';
import { nameColumns, nameRow, spellingColumns, spellingRow } from './keyed-rows.ts';
import type { Sql } from './ports.ts';
import type { StageContext } from './stage.ts';
import { createTable } from './tables.ts';

/** Rows that are keyed in JavaScript at a time. */
const chunkRows = 50_000;

type IsKnown = (name: string) => boolean;

/**
 * Artists that a source other than the listens names, and those whom at least three listeners play
 * under a name that could not be two.
 */
export async function readKnownArtists(sql: Sql): Promise<IsKnown> {
  const named = await sql.rows<{ name: string }>(
    `SELECT DISTINCT unnest(artists) AS name FROM lake.recordings
     UNION SELECT artist FROM lake.texts
     ORDER BY name`,
  );
  const played = await sql.rows<{ name: string }>(
    `SELECT artist AS name FROM lake.listens
     GROUP BY artist HAVING count(DISTINCT (source, listener)) >= 3 ORDER BY name`,
  );
  const typed = await sql.rows<{ name: string; people: number }>(
    `SELECT artist AS name, count(DISTINCT (source, listener)) AS people
     FROM (SELECT artist, source, listener FROM lake.artist_plays
           UNION ALL SELECT artist, source, listener FROM lake.artist_tags)
     GROUP BY artist ORDER BY artist`,
  );
  return knownArtists(
    [...named, ...played.filter(({ name }) => isOneName(name))].map(({ name }) => name),
    typed,
  );
}

/** Fills `distinct_names` and `name_keys`: every name that a recording, text, play or tag gives. */
export async function keyNames(context: StageContext, isKnown: IsKnown): Promise<void> {
  const { sql } = context;
  const parts = partsOf(context, 'names');
  const { all, keyed } = partTables(parts, ['name'], nameColumns);
  await sql.run(`
    CREATE TEMP TABLE distinct_names AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS ix, name
    FROM ${
      parts.length > 0
        ? `(SELECT DISTINCT name FROM ${all})`
        : `(SELECT unnest(artists) AS name FROM lake.recordings
            UNION SELECT artist FROM lake.texts
            UNION SELECT artist FROM lake.artist_plays
            UNION SELECT artist FROM lake.artist_tags)`
    };
    ${createTable('name_keys', { ix: 'INTEGER', ...nameColumns })}
    INSERT INTO name_keys SELECT ix, ${Object.keys(nameColumns).join(', ')}
    FROM distinct_names JOIN ${keyed} USING (name);
    CREATE TEMP TABLE open_names AS
    SELECT ix AS name_ix, name, CAST(row_number() OVER () - 1 AS INTEGER) AS ix
    FROM distinct_names ANTI JOIN name_keys USING (ix)`);
  type Row = { name_ix: number; name: string };
  for await (const rows of chunks<Row>(context, 'open_names')) {
    await sql.append(
      'name_keys',
      rows.map(({ name_ix, name }) => [name_ix, ...nameRow(parseCredits(name, '', isKnown))]),
    );
  }
}

/**
 * Fills `distinct_spellings` and `spelling_keys`: every pair of artist and title that a recording,
 * a listen or a listener's word gives.
 */
export async function keySpellings(context: StageContext, isKnown: IsKnown): Promise<void> {
  const { sql, report } = context;
  const parts = partsOf(context, 'spellings');
  const { all, keyed } = partTables(parts, ['artist', 'title'], spellingColumns);
  await sql.run(`
    CREATE TEMP TABLE distinct_spellings AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS ix, *
    FROM (SELECT artist, title, CAST(sum(recordings) AS BIGINT) AS recordings,
                 CAST(sum(listens) AS BIGINT) AS listens, CAST(sum(liked) AS BIGINT) AS liked
          FROM (${
            parts.length > 0
              ? `SELECT artist, title, recordings, listens, 0 AS liked FROM ${all}`
              : `SELECT artists[1] AS artist, title, count(*) AS recordings, 0 AS listens, 0 AS liked
                 FROM lake.recordings GROUP BY ALL
                 UNION ALL
                 SELECT artist, title, 0, count(*), 0 FROM lake.listens GROUP BY ALL`
          }
                UNION ALL
                SELECT artist, title, 0, 0, count(*) FILTER (likes)
                FROM (SELECT artist, title, kind = 'love' AS likes FROM lake.feedback
                      UNION ALL
                      SELECT artist, name, coalesce(saved, true) FROM lake.saves
                      WHERE scope = 'track'
                      UNION ALL
                      SELECT artist, name, false FROM lake.blocks WHERE scope = 'track'
                      UNION ALL
                      SELECT artist, title, change = 'add' FROM lake.playlist_changes
                      WHERE change IN ('add', 'remove'))
                WHERE artist IS NOT NULL AND title IS NOT NULL GROUP BY ALL)
          GROUP BY artist, title);
    ${createTable('spelling_keys', { ix: 'INTEGER', ...spellingColumns })}
    INSERT INTO spelling_keys SELECT ix, ${Object.keys(spellingColumns).join(', ')}
    FROM distinct_spellings JOIN ${keyed} USING (artist, title);
    CREATE TEMP TABLE open_spellings AS
    SELECT ix AS spelling_ix, artist, title, CAST(row_number() OVER () - 1 AS INTEGER) AS ix
    FROM distinct_spellings ANTI JOIN spelling_keys USING (ix)`);
  type Row = { spelling_ix: number; artist: string; title: string };
  for await (const rows of chunks<Row>(context, 'open_spellings')) {
    await sql.append(
      'spelling_keys',
      rows.map(({ spelling_ix, artist, title }) => [
        ...[spelling_ix, ...spellingRow(parseCredits(artist, title, isKnown))],
      ]),
    );
  }
  if (parts.length > 0) report.figure('spellingsKeyedNow', await count(sql, 'open_spellings'));
}

/** Views of the inputs that hold spellings of a part of the lake; none where all is to be keyed. */
function partsOf({ inputNames }: StageContext, table: string): string[] {
  return inputNames
    .filter((name) => name.startsWith('spellings-'))
    .map((name) => `"${name}".${table}`);
}

/** The rows of all parts, and once each of those that have keys: a part keys as another does. */
function partTables(
  parts: readonly string[],
  names: readonly string[],
  columns: Readonly<Record<string, string>>,
): { all: string; keyed: string } {
  const none = [
    ...names.map((name) => `CAST(NULL AS VARCHAR) AS ${name}`),
    ...Object.entries(columns).map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`),
  ];
  const all =
    parts.length === 0
      ? `(SELECT ${none.join(', ')} WHERE false)`
      : `(${parts.map((view) => `FROM ${view}`).join(' UNION ALL ')})`;
  const keys = Object.keys(columns);
  // Of an artist without a second script `other_key` is null, so the first row is taken, not any value.
  const firsts = keys.map((name) => `first(${name}) AS ${name}`);
  return {
    all,
    keyed: `(SELECT ${[...names, ...firsts].join(', ')} FROM ${all}
             WHERE lead IS NOT NULL GROUP BY ${names.join(', ')})`,
  };
}

/**
 * Fills what `catalogue-words.sql` asks for, after `catalogue.sql`. A word names an artist as
 * whatever a source gives does; a search does where it is an artist's name and nothing else. Words
 * only find artists: they make none, and join no two.
 */
export async function keyWords(context: StageContext, isKnown: IsKnown): Promise<void> {
  const { sql } = context;
  await sql.run(`
    CREATE TEMP TABLE said_names AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS ix, name
    FROM (SELECT artist AS name FROM lake.blocks WHERE scope <> 'track'
          UNION SELECT artist FROM lake.saves WHERE scope <> 'track'
          UNION SELECT query FROM lake.searches);
    CREATE TEMP TABLE said_keys (ix INTEGER, artist_key VARCHAR)`);
  for await (const rows of chunks<{ ix: number; name: string }>(context, 'said_names')) {
    const keyOf = (name: string) => artistKey(parseCredits(name, '', isKnown).lead);
    await sql.append(
      'said_keys',
      rows.map(({ ix, name }) => [ix, keyOf(name)]),
    );
  }
  await sql.run(`
    CREATE TEMP TABLE said_artists AS
    SELECT n.name, a.artist_ix
    FROM said_names n
    JOIN said_keys k USING (ix)
    LEFT JOIN aliases o ON o.other_key = k.artist_key
    JOIN artists a ON a.artist_key = coalesce(o.artist_key, k.artist_key);
    CREATE TEMP TABLE albums_said AS
    SELECT DISTINCT artist, name
    FROM (SELECT artist, name FROM lake.blocks WHERE scope = 'album'
          UNION SELECT artist, name FROM lake.saves WHERE scope = 'album')
    WHERE name IS NOT NULL;
    CREATE TEMP TABLE held_albums AS
    WITH leads AS (
      SELECT DISTINCT artist_ix FROM albums_said s JOIN said_artists a ON a.name = s.artist
    ), held AS (
      SELECT artist_key, track_key, album FROM matched_recordings WHERE album IS NOT NULL
      UNION ALL
      SELECT s.artist_key, s.track_key, l.album
      FROM lake.listens l JOIN spellings s USING (artist, title) WHERE l.album IS NOT NULL
    )
    SELECT DISTINCT artist_ix, album, track_ix
    FROM leads JOIN artists USING (artist_ix) JOIN held USING (artist_key)
    JOIN track_keys USING (artist_key, track_key);
    CREATE TEMP TABLE distinct_albums AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS ix, name
    FROM (SELECT name FROM albums_said UNION SELECT album FROM held_albums);
    CREATE TEMP TABLE album_keys (name VARCHAR, album_key VARCHAR)`);
  for await (const rows of chunks<{ name: string }>(context, 'distinct_albums')) {
    // Editions of an album are one, as remasters of a track are.
    await sql.append(
      'album_keys',
      rows.map(({ name }) => [name, titleKeys(name).track]),
    );
  }
}

/** The rows of a table with a dense `ix`, a chunk at a time; other statements may run in between. */
async function* chunks<Row>(context: StageContext, table: string): AsyncIterable<Row[]> {
  const { sql, report, signal } = context;
  const total = await count(sql, table);
  for (let from = 0; from < total; from += chunkRows) {
    signal.throwIfAborted();
    yield await sql.rows<Row>(
      `SELECT * FROM ${table}
       WHERE ix >= CAST($from AS INTEGER) AND ix < CAST($to AS INTEGER) ORDER BY ix`,
      { from, to: from + chunkRows },
    );
    report.progress(Math.min(from + chunkRows, total), total);
  }
}

async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row!.count;
}
