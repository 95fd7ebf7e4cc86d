import { join } from 'node:path';
import { checkInteractions, type Interactions } from '../model/interactions.ts';
import type { Popularity } from '../model/candidates/features.ts';
import type { Factors, Ragged } from '../model/candidates/listener.ts';
import { audioColumns, genresPerTrack, type TrackTable } from '../model/candidates/tracks.ts';
import { shareArray, shareArrays } from '../model/shared.ts';
import { readMatrix } from './matrix-file.ts';
import type { NumberColumn, Sql } from './ports.ts';
import { readAscendingRows } from './shared-rows.ts';

/**
 * Everything that candidate generation and ranking need at one cut-off, as columns over shared
 * memory: threads are sent all of it and none of it is copied. Read from the views of the inputs
 * `catalogue`, `snapshot`, `factors`, `embedding` and `text`, and of `trends` where there are
 * articles and `sounds` where there is sound.
 */
export interface WorldColumns {
  readonly tracks: TrackTable;
  readonly popularity: Popularity;
  /** [all listeners x tracks] confidence; rows of listeners unknown at the cut-off are empty. */
  readonly interactions: Interactions;
  readonly artistInteractions: Interactions;
  /** [listeners] zone and country of each as an index into `places`, -1 for none. */
  readonly zonePlace: Int32Array;
  readonly countryPlace: Int32Array;
  /** Listeners known at the cut-off, ascending. */
  readonly listeners: Int32Array;
  /** Names of the zones and countries, and `world`: what the evidence of popularity points to. */
  readonly places: readonly string[];
  /** For each place its tracks, the most popular first. */
  readonly placeTracks: Ragged;
  /** Each artist's tracks, the best known first. */
  readonly artistTracks: Ragged;
  /** What is near a track, in playlists and in the embedding learnt from them. */
  readonly trackNeighbours: Ragged;
  /** What is near an artist, in the words used for them. */
  readonly artistNeighbours: Ragged;
  /** What sounds like a track and was not played before the cut-off; empty where no sound is known. */
  readonly soundNeighbours: Ragged;
  /** Tracks that were played before the cut-off, ascending. */
  readonly played: Int32Array;
  /** All tracks that can be recommended, the most popular first. */
  readonly fallback: Int32Array;
  readonly listenersOfTracks: Factors;
  readonly trackFactors: Factors;
  readonly listenersOfArtists: Factors;
  readonly artistFactors: Factors;
}

/** Tracks whose neighbours are read at a time. */
const tracksAtOnce = 20_000;

/** @param folders - of the inputs whose files are not Parquet */
export async function readColumns(
  sql: Sql,
  folders: { factors: string },
  cutoff: string,
): Promise<WorldColumns> {
  // Shared piece by piece: what a piece was read into is free again when the next is read.
  const tracks = shareArrays(await readTracks(sql));
  const numListeners = await count(sql, 'catalogue.listeners');
  const interactions = shareArrays(await readInteractions(sql, numListeners, tracks));
  const artistTracks = await ragged(
    sql,
    `SELECT artist_ix AS row, track_ix AS item, CAST(0 AS FLOAT) AS value
     FROM snapshot.artist_tracks ORDER BY artist_ix, rank`,
    {
      numRows: tracks.numArtists,
      numItems: tracks.numTracks,
      capacity: await count(sql, 'snapshot.artist_tracks'),
    },
  );
  const places = shareArrays(await readPlaces(sql, numListeners, tracks.numTracks));
  const factors = shareArrays(await readFactors(folders.factors));
  // In ranges, so that grouping and sorting fit in memory however many tracks there are.
  const neighboursOf = (from: number) =>
    `SELECT n.track_ix AS row, n.neighbour_ix AS item,
            CAST(sum(CAST(n.similarity AS DECIMAL(18, 9))) / 2 AS FLOAT) AS value
     FROM (FROM embedding.track_neighbours UNION ALL FROM embedding.playlist_neighbours) n
     JOIN snapshot.eligible e ON e.track_ix = n.neighbour_ix
     WHERE n.track_ix >= ${from} AND n.track_ix < ${from + tracksAtOnce}
     GROUP BY n.track_ix, n.neighbour_ix
     ORDER BY row, value DESC, item`;
  const trackNeighbours = await ragged(
    sql,
    Array.from({ length: Math.ceil(tracks.numTracks / tracksAtOnce) }, (_, n) =>
      neighboursOf(n * tracksAtOnce),
    ),
    {
      numRows: tracks.numTracks,
      numItems: tracks.numTracks,
      capacity:
        (await count(sql, 'embedding.track_neighbours')) +
        (await count(sql, 'embedding.playlist_neighbours')),
    },
  );
  const artistNeighbours = await ragged(
    sql,
    `SELECT artist_ix AS row, neighbour_ix AS item, similarity AS value
     FROM text.artist_neighbours ORDER BY row, value DESC, item`,
    {
      numRows: tracks.numArtists,
      numItems: tracks.numArtists,
      capacity: await count(sql, 'text.artist_neighbours'),
    },
  );
  const { track_ix: fallback } = await sql.columns<'track_ix'>(
    `SELECT track_ix FROM snapshot.eligible
     ORDER BY score DESC, playlists DESC, catalogue_popularity DESC, track_ix`,
  );
  const { track_ix: played } = await sql.columns<'track_ix'>(
    'SELECT track_ix FROM snapshot.track_popularity ORDER BY track_ix',
  );
  return {
    tracks,
    popularity: shareArrays(await readPopularity(sql, tracks, artistTracks, cutoff)),
    ...interactions,
    ...places,
    artistTracks,
    trackNeighbours,
    artistNeighbours,
    soundNeighbours: await readSoundNeighbours(sql, tracks.numTracks),
    fallback: shareArray(Int32Array.from(fallback)),
    played: shareArray(Int32Array.from(played)),
    ...factors,
  };
}

async function readTracks(sql: Sql): Promise<TrackTable> {
  const genreRows = await sql.rows<{ genre: string }>(
    'SELECT DISTINCT unnest(genres) AS genre FROM catalogue.tracks ORDER BY genre',
  );
  const genreNames = genreRows.map(({ genre }) => genre);
  const numTracks = await count(sql, 'catalogue.tracks');
  const scaled = audioColumns.map((column) =>
    // Not least(): it passes over NULL, and an unknown tempo must stay unknown.
    column === 'tempo' ? 'CASE WHEN tempo > 200 THEN 1 ELSE tempo / 200 END' : column,
  );
  const nan = "CAST('nan' AS FLOAT)";
  const columns = await sql.columns(
    `SELECT artist_ix, work_ix,
            CASE WHEN album IS NULL THEN -1
                 ELSE CAST(dense_rank() OVER (ORDER BY artist_ix, album) AS INTEGER) END AS album,
            CAST(coalesce(popularity, 0) AS FLOAT) AS popularity,
            coalesce(CAST(date_diff('day', DATE '1970-01-01', released) AS FLOAT), ${nan}) AS released,
            ${scaled.map((column, n) => `coalesce(CAST(${column} AS FLOAT), ${nan}) AS audio${n}`).join(',\n            ')}
     FROM catalogue.tracks ORDER BY track_ix`,
  );
  const genreColumns = await sql.columns<'track_ix' | 'position' | 'genre'>(
    `WITH names AS (
       SELECT genre, CAST(row_number() OVER (ORDER BY genre) - 1 AS INTEGER) AS id
       FROM (SELECT DISTINCT unnest(genres) AS genre FROM catalogue.tracks)
     ), listed AS (
       SELECT track_ix, unnest(genres) AS genre, generate_subscripts(genres, 1) - 1 AS position
       FROM catalogue.tracks
     )
     SELECT track_ix, CAST(position AS INTEGER) AS position, id AS genre
     FROM listed JOIN names USING (genre)
     WHERE position < ${genresPerTrack} ORDER BY track_ix, position`,
  );
  const genres = new Int32Array(numTracks * genresPerTrack).fill(-1);
  for (let n = 0; n < genreColumns.track_ix.length; n++) {
    const at = genreColumns.track_ix[n]! * genresPerTrack + genreColumns.position[n]!;
    genres[at] = genreColumns.genre[n]!;
  }
  const audio = new Float32Array(numTracks * audioColumns.length);
  for (let a = 0; a < audioColumns.length; a++) {
    const column = columns[`audio${a}`]!;
    for (let t = 0; t < numTracks; t++) audio[t * audioColumns.length + a] = column[t]!;
  }
  return {
    numTracks,
    numArtists: await count(sql, 'catalogue.artists'),
    numWorks: 1 + maximum(columns['work_ix']!),
    genreNames,
    artist: Int32Array.from(columns['artist_ix']!),
    work: Int32Array.from(columns['work_ix']!),
    album: Int32Array.from(columns['album']!),
    genres,
    audio,
    cataloguePopularity: Float32Array.from(columns['popularity']!),
    releasedDay: Float32Array.from(columns['released']!),
  };
}

async function readInteractions(
  sql: Sql,
  numListeners: number,
  tracks: TrackTable,
): Promise<Pick<WorldColumns, 'interactions' | 'artistInteractions' | 'listeners'>> {
  const { listener_ix: listeners } = await sql.columns<'listener_ix'>(
    'SELECT listener_ix FROM snapshot.listeners ORDER BY listener_ix',
  );
  return {
    interactions: await readMatrixOf(
      sql,
      'interactions',
      'track_ix',
      numListeners,
      tracks.numTracks,
    ),
    artistInteractions: await readMatrixOf(
      sql,
      'artist_interactions',
      'artist_ix',
      numListeners,
      tracks.numArtists,
    ),
    listeners: Int32Array.from(listeners),
  };
}

/** The stage `snapshot` writes them by listener, then by item. */
async function readMatrixOf(
  sql: Sql,
  table: 'interactions' | 'artist_interactions',
  item: string,
  numRows: number,
  numCols: number,
): Promise<Interactions> {
  const rows = await readAscendingRows(sql, {
    queries: [
      `SELECT listener_ix AS row, ${item} AS item, confidence AS value FROM snapshot.${table}`,
    ],
    capacity: await count(sql, `snapshot.${table}`),
    numRows,
    numItems: numCols,
    hasValues: true,
  });
  const { start: indptr, indices, values } = rows;
  return checkInteractions({ numRows, numCols, indptr, indices, values });
}

async function readPlaces(
  sql: Sql,
  numListeners: number,
  numTracks: number,
): Promise<{
  places: string[];
  placeTracks: Ragged;
  zonePlace: Int32Array;
  countryPlace: Int32Array;
}> {
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE places AS
     SELECT CAST(row_number() OVER (ORDER BY kind, place) - 1 AS INTEGER) AS place_ix, kind, place
     FROM (SELECT DISTINCT kind, place FROM snapshot.place_popularity)`,
  );
  const names = await sql.rows<{ place: string }>('SELECT place FROM places ORDER BY place_ix');
  const placeTracks = await ragged(
    sql,
    `SELECT place_ix AS row, track_ix AS item, score AS value
     FROM snapshot.place_popularity JOIN places USING (kind, place) ORDER BY place_ix, rank`,
    {
      numRows: names.length,
      numItems: numTracks,
      capacity: await count(sql, 'snapshot.place_popularity'),
    },
  );
  const where = await sql.columns<'listener_ix' | 'zone' | 'country'>(
    `SELECT listener_ix, coalesce(z.place_ix, -1) AS zone, coalesce(c.place_ix, -1) AS country
     FROM snapshot.listeners l
     LEFT JOIN places z ON z.kind = 'zone' AND z.place = l.zone
     LEFT JOIN places c ON c.kind = 'country' AND c.place = l.country`,
  );
  const zonePlace = new Int32Array(numListeners).fill(-1);
  const countryPlace = new Int32Array(numListeners).fill(-1);
  for (let n = 0; n < where.listener_ix.length; n++) {
    zonePlace[where.listener_ix[n]!] = where.zone[n]!;
    countryPlace[where.listener_ix[n]!] = where.country[n]!;
  }
  return { places: names.map(({ place }) => place), placeTracks, zonePlace, countryPlace };
}

async function readPopularity(
  sql: Sql,
  tracks: TrackTable,
  artistTracks: Ragged,
  cutoff: string,
): Promise<Popularity> {
  const byTrack = await sql.columns<'track_ix' | 'listeners' | 'playlists'>(
    'SELECT track_ix, listeners, playlists FROM snapshot.eligible',
  );
  const placeOfArtist = new Float32Array(tracks.numTracks);
  for (let artist = 0; artist < tracks.numArtists; artist++) {
    const from = artistTracks.start[artist]!;
    for (let n = from; n < artistTracks.start[artist + 1]!; n++) {
      placeOfArtist[artistTracks.indices[n]!] = n - from + 1;
    }
  }
  const byArtist = await sql.columns<'artist_ix' | 'listeners'>(
    `SELECT artist_ix, CAST(count(*) AS INTEGER) AS listeners
     FROM snapshot.artist_interactions GROUP BY artist_ix`,
  );
  return {
    trackListeners: scatter(byTrack.track_ix, byTrack.listeners, tracks.numTracks),
    trackPlaylists: scatter(byTrack.track_ix, byTrack.playlists, tracks.numTracks),
    placeOfArtist,
    artistListeners: scatter(byArtist.artist_ix, byArtist.listeners, tracks.numArtists),
    ...(await readTrends(sql, tracks.numArtists)),
    cutoffDay: Date.parse(cutoff) / 86_400_000,
  };
}

/** What articles say of artists; nothing where the input is not there. */
async function readTrends(
  sql: Sql,
  numArtists: number,
): Promise<Pick<Popularity, 'artistTrend' | 'artistSentiment'>> {
  const isThere = await count(
    sql,
    "information_schema.tables WHERE table_schema = 'trends' AND table_name = 'artist_trends'",
  );
  if (isThere === 0) return {};
  const { artist_ix, trend, sentiment } = await sql.columns<'artist_ix' | 'trend' | 'sentiment'>(
    'SELECT artist_ix, trend, sentiment FROM trends.artist_trends ORDER BY artist_ix',
  );
  return {
    artistTrend: scatter(artist_ix, trend, numArtists),
    artistSentiment: scatter(artist_ix, sentiment, numArtists),
  };
}

/** Tracks near in sound; none where the input is not there. */
async function readSoundNeighbours(sql: Sql, numTracks: number): Promise<Ragged> {
  const isThere = await count(
    sql,
    "information_schema.tables WHERE table_schema = 'sounds' AND table_name = 'sound_neighbours'",
  );
  if (isThere === 0) {
    return {
      start: shareArray(new Int32Array(numTracks + 1)),
      indices: shareArray(new Int32Array(0)),
      values: shareArray(new Float32Array(0)),
    };
  }
  return ragged(
    sql,
    `SELECT n.track_ix AS row, n.neighbour_ix AS item, n.similarity AS value
     FROM sounds.sound_neighbours n
     JOIN snapshot.eligible e ON e.track_ix = n.neighbour_ix
     ANTI JOIN snapshot.track_popularity p ON p.track_ix = n.neighbour_ix
     ORDER BY row, value DESC, item`,
    {
      numRows: numTracks,
      numItems: numTracks,
      capacity: await count(sql, 'sounds.sound_neighbours'),
    },
  );
}

type FactorColumns = Pick<
  WorldColumns,
  'listenersOfTracks' | 'trackFactors' | 'listenersOfArtists' | 'artistFactors'
>;

async function readFactors(folder: string): Promise<FactorColumns> {
  const read = async (name: string): Promise<Factors> => {
    const { rows, columns, values } = await readMatrix(join(folder, `${name}.matrix`));
    return { numRows: rows, numFactors: columns, values };
  };
  return {
    listenersOfTracks: await read('listeners-tracks'),
    trackFactors: await read('tracks'),
    listenersOfArtists: await read('listeners-artists'),
    artistFactors: await read('artists'),
  };
}

/** From queries of (row, item, value) that together are ordered by row. */
async function ragged(
  sql: Sql,
  queries: string | readonly string[],
  { numRows, numItems, capacity }: { numRows: number; numItems: number; capacity: number },
): Promise<Ragged> {
  const { start, indices, values } = await readAscendingRows(sql, {
    queries: typeof queries === 'string' ? [queries] : queries,
    capacity,
    numRows,
    numItems,
    hasValues: true,
  });
  return { start: new Int32Array(start.buffer), indices, values };
}

async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row!.count;
}

function maximum(column: NumberColumn): number {
  let most = -1;
  for (const value of column) most = Math.max(most, value);
  return most;
}

function scatter(index: NumberColumn, value: NumberColumn, size: number): Float32Array {
  const into = new Float32Array(size);
  for (let n = 0; n < index.length; n++) into[index[n]!] = value[n]!;
  return into;
}
