import { moodOf, readMood, spokenMoods, type MoodCounts } from '../model/text/mood.ts';
import type { StageContext } from './stage.ts';
import { createTable, textTables } from './tables.ts';

const countColumns = [
  ...spokenMoods.map((mood) => `${mood}_words`),
  'valence',
  'valued',
  'telling',
  'total',
] as const;

/**
 * Writes `playlist_moods`, for every playlist of the table `known_playlists`. Titles of tracks are
 * read once each and added up by SQL over `known_memberships`.
 */
export async function writePlaylistMoods(
  context: Pick<StageContext, 'sql' | 'save' | 'report' | 'signal'>,
): Promise<void> {
  const { sql, report } = context;
  await readTrackTitles(context);
  const sums = countColumns.map((c) => `CAST(sum(${c}) AS INTEGER) AS ${c}`).join(', ');
  await sql.run(
    `CREATE TEMP TABLE playlist_words AS
     SELECT playlist_ix, ${sums}
     FROM known_memberships JOIN track_moods USING (track_ix) GROUP BY playlist_ix`,
  );
  const [all] = await sql.rows<Record<string, number>>(
    `SELECT ${countColumns.map((c) => `CAST(coalesce(sum(${c}), 0) AS DOUBLE) AS ${c}`).join(', ')}
     FROM playlist_words`,
  );
  const typical = spokenMoods.map((mood) => all![`${mood}_words`]! / Math.max(1, all!['total']!));

  const found: [number, string, number, number][] = [];
  const playlists = sql.stream<
    Record<string, number> & { name: string | null; description: string | null }
  >(
    `SELECT p.playlist_ix, p.name, p.description,
            ${countColumns.map((c) => `coalesce(w.${c}, 0) AS ${c}`).join(', ')}
     FROM known_playlists p LEFT JOIN playlist_words w USING (playlist_ix) ORDER BY p.playlist_ix`,
  );
  for await (const rows of playlists) {
    for (const row of rows) {
      const { mood, valence, confidence } = moodOf(
        readMood(row.name ?? ''),
        readMood(row.description ?? ''),
        countsOf(row),
        typical,
      );
      found.push([row['playlist_ix']!, mood, valence, confidence]);
    }
  }
  await sql.run(createTable('playlist_moods', textTables.playlist_moods));
  await sql.append('playlist_moods', found);
  report.rowsIn(found.length);
  report.rowsOut(
    await context.save('playlist_moods', '(SELECT * FROM playlist_moods ORDER BY playlist_ix)'),
  );
}

/** Makes `track_moods`: what each track's title says, as counts. */
async function readTrackTitles({
  sql,
  signal,
}: Pick<StageContext, 'sql' | 'signal'>): Promise<void> {
  await sql.run(
    `CREATE TEMP TABLE track_moods (track_ix INTEGER, ${countColumns.map((c) => `${c} INTEGER`).join(', ')})`,
  );
  const read: number[][] = [];
  const titles = sql.stream<{ track_ix: number; title: string }>(
    `SELECT track_ix, title FROM catalogue.tracks
     WHERE track_ix IN (SELECT track_ix FROM known_memberships) ORDER BY track_ix`,
  );
  for await (const rows of titles) {
    signal.throwIfAborted();
    for (const { track_ix, title } of rows) {
      const { words, valence, valued, telling, total } = readMood(title);
      read.push([track_ix, ...words, valence, valued, telling, total]);
    }
  }
  await sql.append('track_moods', read);
}

function countsOf(row: Record<string, number>): MoodCounts {
  return {
    words: spokenMoods.map((mood) => row[`${mood}_words`]!),
    valence: row['valence']!,
    valued: row['valued']!,
    telling: row['telling']!,
    total: row['total']!,
  };
}
