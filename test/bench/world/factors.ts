import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeMatrix } from '../../../pipelines/matrix-file.ts';
import type { Sql } from '../../../pipelines/ports.ts';
import { noise } from './hash-noise.ts';

/** As the stage `factors` has them by default. */
export const numFactors = 32;

/** Listeners whose interactions are read at a time. */
const listenersAtOnce = 50_000;

/**
 * The four matrices of the stage `factors` with the structure of the world: a taste is a direction,
 * a scene is near its taste, an artist near the scene, a track near the artist, the longer the more
 * listeners it has; a listener is the sum of what they played. Tracks and artists that nobody
 * played are zero, as those that were trained are.
 *
 * Reads `artists`, `tracks`, `track_popularity` and the views `all_interactions` and
 * `all_artist_interactions`.
 */
export async function writeFactors(
  sql: Sql,
  folder: string,
  { numUsers, seed }: { numUsers: number; seed: number },
  progress: (done: number, total: number) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { artist_ix, taste, scene, listeners } = await sql.columns<
    'artist_ix' | 'taste' | 'scene' | 'listeners'
  >(
    `SELECT artist_ix, taste, scene, CAST(coalesce(listeners, 0) AS INTEGER) AS listeners
     FROM artists LEFT JOIN (SELECT artist_ix, count(*) AS listeners
                             FROM all_artist_interactions GROUP BY artist_ix) USING (artist_ix)
     ORDER BY artist_ix`,
  );
  const directions = new Float32Array(artist_ix.length * numFactors);
  for (let a = 0; a < artist_ix.length; a++) {
    for (let f = 0; f < numFactors; f++) {
      directions[a * numFactors + f] =
        noise(seed, taste[a]!, f) +
        0.7 * noise(seed + 1, scene[a]!, f) +
        0.6 * noise(seed + 2, a, f);
    }
    toLength(directions, a, 1);
  }
  const artists = directions.slice();
  for (let a = 0; a < artist_ix.length; a++) toLength(artists, a, lengthOf(listeners[a]!));

  const { artist_ix: artistOf, listeners: players } = await sql.columns<'artist_ix' | 'listeners'>(
    `SELECT artist_ix, coalesce(listeners, 0) AS listeners
     FROM tracks LEFT JOIN track_popularity USING (track_ix) ORDER BY track_ix`,
  );
  const tracks = new Float32Array(artistOf.length * numFactors);
  for (let t = 0; t < artistOf.length; t++) {
    const artist = artistOf[t]! * numFactors;
    for (let f = 0; f < numFactors; f++) {
      tracks[t * numFactors + f] = directions[artist + f]! + 0.1 * noise(seed + 3, t, f);
    }
    toLength(tracks, t, lengthOf(players[t]!));
  }

  const write = (name: string, rows: number, values: Float32Array) =>
    writeMatrix(join(folder, `${name}.matrix`), { rows, columns: numFactors, values });
  await write('artists', artist_ix.length, artists);
  await write('tracks', artistOf.length, tracks);
  const steps = 2 * Math.ceil(numUsers / listenersAtOnce);
  let step = 0;
  const tell = () => progress(++step, steps);
  const ofTracks = await sumsOf(sql, 'all_interactions', 'track_ix', numUsers, tracks, tell);
  await write('listeners-tracks', numUsers, ofTracks);
  const ofArtists = await sumsOf(
    ...([sql, 'all_artist_interactions', 'artist_ix', numUsers, artists, tell] as const),
  );
  await write('listeners-artists', numUsers, ofArtists);
}

/** What a listener's items add up to, each by the logarithm of its confidence. */
async function sumsOf(
  sql: Sql,
  view: string,
  item: string,
  numUsers: number,
  items: Float32Array,
  step: () => void,
): Promise<Float32Array> {
  const sums = new Float32Array(numUsers * numFactors);
  for (let from = 0; from < numUsers; from += listenersAtOnce) {
    const part = await sql.columns<'listener_ix' | 'item' | 'confidence'>(
      `SELECT listener_ix, ${item} AS item, confidence FROM ${view}
       WHERE listener_ix >= ${from} AND listener_ix < ${from + listenersAtOnce}
       ORDER BY listener_ix, item`,
    );
    const count = new Int32Array(listenersAtOnce);
    for (let n = 0; n < part.item.length; n++) {
      const to = part.listener_ix[n]! * numFactors;
      const at = part.item[n]! * numFactors;
      const weight = Math.log1p(20 * part.confidence[n]!);
      for (let f = 0; f < numFactors; f++) sums[to + f]! += weight * items[at + f]!;
      count[part.listener_ix[n]! - from]!++;
    }
    for (let n = 0; n < Math.min(listenersAtOnce, numUsers - from); n++) {
      if (count[n]! > 0) toLength(sums, from + n, 0.5 + 0.15 * Math.log1p(count[n]!));
    }
    step();
  }
  return sums;
}

function lengthOf(listeners: number): number {
  return listeners === 0 ? 0 : 0.25 + 0.12 * Math.log1p(listeners);
}

function toLength(values: Float32Array, row: number, length: number): void {
  const from = row * numFactors;
  let squares = 0;
  for (let f = from; f < from + numFactors; f++) squares += values[f]! ** 2;
  const scale = squares === 0 ? 0 : length / Math.sqrt(squares);
  for (let f = from; f < from + numFactors; f++) values[f]! *= scale;
}
