import { TopK, type Best } from '../nearest.ts';
import { Accumulator } from './accumulator.ts';
import { FactoredItems } from './factored-items.ts';
import { rowsThatHold, type Factors, type Listener, type Ragged } from './listener.ts';
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
  /** `match` of the first `count` tracks into `into`; left out, `match` is asked of each. */
  matches?(tracks: Int32Array, count: number, into: Float64Array): void;
  /**
   * Called with the listeners whom it will be asked to collect for next, in their order, by those
   * who know them: what can be found for many at once is found here.
   */
  prepare?(listeners: readonly Listener[]): void;
}

/** Fills `into` with what the source makes of the first `count` tracks. */
export function matchesOf(
  source: CandidateSource,
  tracks: Int32Array,
  count: number,
  into: Float64Array,
): void {
  if (source.matches !== undefined) source.matches(tracks, count, into);
  else for (let n = 0; n < count; n++) into[n] = source.match(tracks[n]!);
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
      offerTracksOf(found, undefined, listener, artistTracks, pool, source, limit);
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
  return neighboursSource('playlists', neighbours, numTracks);
}

/**
 * Tracks that nobody has played yet and that sound like what the listener played: the sum over
 * played tracks of confidence x similarity.
 *
 * @param neighbours - for each track the unplayed ones of the nearest sound, with their similarity
 */
export function audioSource(neighbours: Ragged, numTracks: number): CandidateSource {
  return neighboursSource('audio', neighbours, numTracks);
}

function neighboursSource(
  name: 'playlists' | 'audio',
  neighbours: Ragged,
  numTracks: number,
): CandidateSource {
  const source = sourceId(name);
  const sum = new Accumulator(numTracks);
  return {
    name,
    match: (track) => sum.valueOf(track),
    matches(tracks, count, into) {
      for (let n = 0; n < count; n++) into[n] = sum.valueOf(tracks[n]!);
    },
    collect(listener, pool, limit) {
      sum.clear();
      sum.addNeighbours(listener.tracks, listener.trackConfidence, neighbours);
      // To ask whether a track may enter is dear: the best are asked first, then all.
      let found = admissible(pool, sum, sum.greatest(2 * limit));
      if (found.length < limit) found = admissible(pool, sum, sum.greatest(sum.numTouched));
      const { indices, scores } = bestOf(sum, found, limit);
      for (let n = 0; n < indices.length; n++) {
        pool.offer(source, indices[n]!, scores[n]!, sum.because(indices[n]!));
      }
    },
  };
}

/**
 * Artists of whom similar things are written, as the ones whom the listener plays; then each
 * artist's best-known tracks. The last sixth of the offers is for artists about whom more is written
 * than usual, those first who are like what the listener plays: evidence is the artist itself.
 *
 * @param neighbours - for each artist the nearest by text, with the similarity
 * @param trends - [numArtists] how much more than usual is written, >= 0; left out, nobody is in trend
 */
export function textSource(
  neighbours: Ragged,
  artistTracks: Ragged,
  numArtists: number,
  artistOf: Int32Array,
  trends: Float32Array = new Float32Array(0),
): CandidateSource {
  const source = sourceId('text');
  const sum = new Accumulator(numArtists);
  const inTrend = artistsInTrend(trends, artistTracks);
  return {
    name: 'text',
    match: (track) => sum.valueOf(artistOf[track]!),
    matches(tracks, count, into) {
      for (let n = 0; n < count; n++) into[n] = sum.valueOf(artistOf[tracks[n]!]!);
    },
    collect(listener, pool, limit) {
      sum.clear();
      sum.addNeighbours(listener.artists, listener.artistConfidence, neighbours);
      const best = bestOf(sum, sum.greatest(limit), limit);
      if (inTrend.length === 0) {
        offerTracksOf(best, sum, listener, artistTracks, pool, source, limit);
        return;
      }
      const forTrends = Math.ceil(limit / trendShare);
      offerTracksOf(best, sum, listener, artistTracks, pool, source, limit - forTrends);
      const until = Math.min(limit, pool.offeredBy(source) + forTrends);
      // Some of them are offered as neighbours already.
      const written = new TopK(4 * forTrends);
      for (const artist of inTrend) {
        written.push(artist, trends[artist]! * (1 + Math.log1p(sum.valueOf(artist))));
      }
      offerTracksInTrend(written.sorted(), sum, artistTracks, pool, source, until);
    },
  };
}

/** One offer in so many of the source `text` is for artists in trend. */
const trendShare = 6;
/** Artists in trend that are looked at for each listener, those most in trend. */
const mostInTrend = 500;

/** Those who have tracks, the most in trend first, ties by index; the first ones, ascending. */
function artistsInTrend(trends: Float32Array, { start }: Ragged): Int32Array {
  const best = new TopK(mostInTrend);
  for (let artist = 0; artist < trends.length; artist++) {
    if (trends[artist]! > 0 && start[artist + 1]! > start[artist]!) {
      best.push(artist, trends[artist]!);
    }
  }
  return best.sorted().indices.sort();
}

/** The best-known tracks of artists in trend; the score is that of their likeness, as of the others. */
function offerTracksInTrend(
  artists: Best,
  likeness: Accumulator,
  artistTracks: Ragged,
  pool: CandidatePool,
  source: number,
  until: number,
): void {
  for (let n = 0; n < artists.indices.length && pool.offeredBy(source) < until; n++) {
    const artist = artists.indices[n]!;
    const to = Math.min(
      artistTracks.start[artist]! + tracksPerArtist,
      artistTracks.start[artist + 1]!,
    );
    for (let t = artistTracks.start[artist]!; t < to && pool.offeredBy(source) < until; t++) {
      pool.offer(source, artistTracks.indices[t]!, likeness.valueOf(artist), artist);
    }
  }
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
  const ofPlace = placeScores(places);
  const ofWorld = new Float64Array(highest(places, world) + 1);
  if (world !== -1) {
    for (let n = places.start[world]!; n < places.start[world + 1]!; n++) {
      ofWorld[places.indices[n]!] = ofPlace[n - places.start[world]!]!;
    }
  }
  return {
    name: 'popularity',
    match: (track) => ofWorld[track] ?? 0,
    matches(tracks, count, into) {
      for (let n = 0; n < count; n++) {
        const track = tracks[n]!;
        into[n] = track < ofWorld.length ? ofWorld[track]! : 0;
      }
    },
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
          pool.offer(source, places.indices[n]!, ofPlace[n - from]!, place);
        }
      }
    },
  };
}

/** The greatest sums of some places, by index. */
function bestOf({ touched, sums }: Accumulator, places: Int32Array, count: number): Best {
  const best = new TopK(Math.min(count, places.length));
  for (let n = 0; n < places.length; n++) best.push(touched[places[n]!]!, sums[places[n]!]!);
  return best.sorted();
}

/** The places of tracks that may enter, in place of those given. */
function admissible(pool: CandidatePool, { touched }: Accumulator, places: Int32Array): Int32Array {
  let count = 0;
  for (let n = 0; n < places.length; n++) {
    const place = places[n]!;
    if (pool.admits(touched[place]!)) places[count++] = place;
  }
  return places.subarray(0, count);
}

/** [longest list] score of the tracks of a place, by rank. */
function placeScores({ start }: Ragged): Float64Array {
  let longest = 0;
  for (let p = 0; p + 1 < start.length; p++) {
    longest = Math.max(longest, start[p + 1]! - start[p]!);
  }
  return Float64Array.from({ length: longest }, (_, n) => 1 / (1 + Math.log2(n + 1)));
}

/** The highest track of a place; -1 where there is none. */
function highest({ start, indices }: Ragged, place: number): number {
  let most = -1;
  if (place === -1) return most;
  for (let n = start[place]!; n < start[place + 1]!; n++) most = Math.max(most, indices[n]!);
  return most;
}

/**
 * Offers the best-known tracks of artists, the best artist first.
 *
 * @param evidence - whom the offers name; left out: nobody
 */
export function offerTracksOf(
  artists: Best,
  evidence: Accumulator | undefined,
  listener: Listener,
  artistTracks: Ragged,
  pool: CandidatePool,
  source: number,
  limit: number,
): void {
  for (let n = 0; n < artists.indices.length && pool.offeredBy(source) < limit; n++) {
    const artist = artists.indices[n]!;
    const score = artists.scores[n]!;
    const because = evidence?.because(artist) ?? -1;
    const most = holds(listener.artists, artist) ? tracksPerPlayedArtist : tracksPerArtist;
    const to = artistTracks.start[artist + 1]!;
    let taken = 0;
    for (let t = artistTracks.start[artist]!; t < to && taken < most; t++) {
      if (pool.offeredBy(source) === limit) return;
      if (pool.offer(source, artistTracks.indices[t]!, score, because)) taken++;
    }
  }
}

/** Whether a value is among ascending ones. */
function holds(ascending: Int32Array, value: number): boolean {
  let from = 0;
  let to = ascending.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ascending[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from < ascending.length && ascending[from] === value;
}
