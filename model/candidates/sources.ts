import { TopK, type Best } from '../nearest.ts';
import { Accumulator } from './accumulator.ts';
import { FactoredItems } from './factored-items.ts';
import type { Factors, Listener, Ragged } from './listener.ts';
import { sourceNames, type CandidatePool, type SourceName } from './pool.ts';

/**
 * A source of candidates. All have this one interface, none needs retraining for a new listener,
 * and each remembers the evidence (`because`) where it has it at hand.
 */
export interface CandidateSource {
  readonly name: SourceName;
  /** Offers up to `limit` admissible candidates, the best first; ties by track index. */
  collect(listener: Listener, pool: CandidatePool, limit: number): void;
  /**
   * What the source makes of any track for the listener whom it collected for last, whether it
   * offered the track or not: >= 0, in the unit of its scores; 0 where it knows nothing.
   */
  match(track: number): number;
}

const sourceId = (name: SourceName): number => sourceNames.indexOf(name);

/** How many of an artist's best-known tracks a source that thinks in artists offers. */
const tracksPerArtist = 3;
/** And of an artist whom the listener plays: what they play next is most often one more of theirs. */
const tracksPerPlayedArtist = 10;

/**
 * Matrix factorization: the inner product of listener and track factors, over the tracks that were
 * played before the cut-off.
 *
 * @param played - the tracks with factors, ascending
 */
export function factorsSource(
  listeners: Factors,
  tracks: Factors,
  played: Int32Array,
): CandidateSource {
  const source = sourceId('factors');
  const items = new FactoredItems(tracks, played);
  return {
    name: 'factors',
    match: (track) => Math.max(0, items.score(track)),
    collect(listener, pool, limit) {
      const scores = items.scores(listeners, listener.index);
      if (scores === undefined) return;
      const best = new TopK(limit);
      for (let n = 0; n < scores.length; n++) {
        const score = scores[n]!;
        if (score <= 0 || score < best.threshold) continue;
        const track = items.rows[n]!;
        if (pool.admits(track)) best.push(track, score);
      }
      const found = best.sorted();
      for (let n = 0; n < found.indices.length; n++) {
        pool.offer(source, found.indices[n]!, found.scores[n]!, -1);
      }
    },
  };
}

/**
 * Matrix factorization where tracks are too sparse: the inner product of listener and artist
 * factors, then each artist's best-known tracks.
 *
 * @param artistTracks - each artist's tracks, the best known first
 */
export function artistsSource(
  listeners: Factors,
  artists: Factors,
  artistTracks: Ragged,
  artistOf: Int32Array,
): CandidateSource {
  const source = sourceId('artists');
  const items = new FactoredItems(artists, rowsThatHold(artistTracks));
  return {
    name: 'artists',
    match: (track) => Math.max(0, items.score(artistOf[track]!)),
    collect(listener, pool, limit) {
      const scores = items.scores(listeners, listener.index);
      if (scores === undefined) return;
      const best = new TopK(limit);
      for (let n = 0; n < scores.length; n++) {
        if (scores[n]! > 0) best.push(items.rows[n]!, scores[n]!);
      }
      const found = best.sorted();
      offerTracksOf(found, () => -1, listener, artistTracks, pool, source, limit);
    },
  };
}

/**
 * Tracks that are near, in the embedding learnt from playlists, to what the listener played: the
 * sum over played tracks of confidence x similarity.
 *
 * @param neighbours - for each track its nearest ones with their similarity
 */
export function playlistsSource(neighbours: Ragged, numTracks: number): CandidateSource {
  const source = sourceId('playlists');
  const sum = new Accumulator(numTracks);
  return {
    name: 'playlists',
    match: (track) => sum.value[track]!,
    collect(listener, pool, limit) {
      sum.clear();
      sum.addNeighbours(listener.tracks, listener.trackConfidence, neighbours);
      const best = new TopK(limit);
      for (const track of sum.touched) {
        if (pool.admits(track)) best.push(track, sum.value[track]!);
      }
      const { indices, scores } = best.sorted();
      for (let n = 0; n < indices.length; n++) {
        pool.offer(source, indices[n]!, scores[n]!, sum.because[indices[n]!]!);
      }
    },
  };
}

/**
 * Artists of whom similar things are written, as the ones whom the listener plays; then each
 * artist's best-known tracks.
 *
 * @param neighbours - for each artist the nearest by text, with the similarity
 */
export function textSource(
  neighbours: Ragged,
  artistTracks: Ragged,
  numArtists: number,
  artistOf: Int32Array,
): CandidateSource {
  const source = sourceId('text');
  const sum = new Accumulator(numArtists);
  return {
    name: 'text',
    match: (track) => sum.value[artistOf[track]!]!,
    collect(listener, pool, limit) {
      sum.clear();
      sum.addNeighbours(listener.artists, listener.artistConfidence, neighbours);
      const best = new TopK(limit);
      for (const artist of sum.touched) best.push(artist, sum.value[artist]!);
      const because = (artist: number) => sum.because[artist]!;
      offerTracksOf(best.sorted(), because, listener, artistTracks, pool, source, limit);
    },
  };
}

/**
 * What is popular where the listener lives: in the zone, then in the country, then in the world.
 * The score is the place's, so that places of different size compare: 1 for the first, 1 / (1 +
 * log2(rank)) below.
 *
 * @param places - for each place its tracks, the most popular first
 */
export function popularitySource(places: Ragged, world: number): CandidateSource {
  const source = sourceId('popularity');
  const ofWorld = new Map<number, number>();
  if (world !== -1) {
    for (let n = places.start[world]!; n < places.start[world + 1]!; n++) {
      ofWorld.set(places.indices[n]!, 1 / (1 + Math.log2(n - places.start[world]! + 1)));
    }
  }
  return {
    name: 'popularity',
    match: (track) => ofWorld.get(track) ?? 0,
    collect(listener, pool, limit) {
      const order = [listener.zonePlace, listener.countryPlace, world];
      const shares = [0.5, 0.75, 1];
      for (let p = 0; p < order.length; p++) {
        const place = order[p]!;
        if (place === -1) continue;
        const until = Math.ceil(limit * shares[p]!);
        const from = places.start[place]!;
        const to = places.start[place + 1]!;
        for (let n = from; n < to && pool.offeredBy(source) < until; n++) {
          pool.offer(source, places.indices[n]!, 1 / (1 + Math.log2(n - from + 1)), place);
        }
      }
    },
  };
}

function offerTracksOf(
  artists: Best,
  because: (artist: number) => number,
  listener: Listener,
  artistTracks: Ragged,
  pool: CandidatePool,
  source: number,
  limit: number,
): void {
  const played = new Set(listener.artists);
  for (let n = 0; n < artists.indices.length && pool.offeredBy(source) < limit; n++) {
    const artist = artists.indices[n]!;
    const most = played.has(artist) ? tracksPerPlayedArtist : tracksPerArtist;
    const to = artistTracks.start[artist + 1]!;
    let taken = 0;
    for (let t = artistTracks.start[artist]!; t < to && taken < most; t++) {
      if (pool.offeredBy(source) === limit) return;
      const track = artistTracks.indices[t]!;
      if (pool.offer(source, track, artists.scores[n]!, because(artist))) taken++;
    }
  }
}

function rowsThatHold(rows: Ragged): Int32Array {
  const found: number[] = [];
  for (let r = 0; r + 1 < rows.start.length; r++) {
    if (rows.start[r + 1]! > rows.start[r]!) found.push(r);
  }
  return Int32Array.from(found);
}
