import { listSize, rankingDepth, type RankedTracks } from '../../model/evaluation/next.ts';
import type { Listener } from '../../model/candidates/listener.ts';
import { CandidatePool, type SourceName } from '../../model/candidates/pool.ts';
import type { CandidateSource } from '../../model/candidates/sources.ts';
import { neighboursOf, neighboursOfItem, type Neighbours } from '../../model/cooccurrence.ts';
import { TopK } from '../../model/nearest.ts';
import type { Sql } from '../ports.ts';
import type { World } from '../world.ts';

/** Neighbours of a track that the baseline looks at. */
const cosineNeighbours = 200;

/** What a way to rank proposes to a listener: tracks, best first, and under the rules of a list. */
export interface Proposal {
  /** Up to `rankingDepth` tracks, no work twice. */
  readonly ranking: RankedTracks;
  /** The list that begins it: `listSize` tracks, a lead artist and an album once; then the rest. */
  readonly list: RankedTracks;
}

/**
 * Rankings of tracks under the same exclusions for all: no work that the listener has heard, no
 * work twice. Where a way ends early, popular tracks follow, so that nobody has fewer places.
 */
export class Rankings {
  readonly #world: World;
  readonly #pool: CandidatePool;
  readonly #cosine: Neighbours;
  readonly #zoneTracks: ReadonlyMap<number, Int32Array>;
  readonly #sums: Float64Array;

  private constructor(world: World, zoneTracks: ReadonlyMap<number, Int32Array>) {
    const { tracks, interactions } = world;
    this.#world = world;
    this.#zoneTracks = zoneTracks;
    this.#pool = new CandidatePool(tracks.work, tracks.numWorks, 2 * rankingDepth);
    const values = new Float32Array(interactions.values.length).fill(1);
    this.#cosine = neighboursOf({ ...interactions, values }, { k: cosineNeighbours });
    this.#sums = new Float64Array(tracks.numTracks);
  }

  /** Reads `snapshot.place_popularity` for the baseline of the zones. */
  static async open(sql: Sql, world: World): Promise<Rankings> {
    const { listener_ix, track_ix } = await sql.columns<'listener_ix' | 'track_ix'>(
      `SELECT f.listener_ix, p.track_ix
       FROM (SELECT zone, min(listener_ix) AS listener_ix FROM snapshot.listeners GROUP BY zone) f
       JOIN snapshot.place_popularity p ON p.kind = 'zone' AND p.place = f.zone
       ORDER BY f.listener_ix, p.rank`,
    );
    const byPlace = new Map<number, number[]>();
    for (let n = 0; n < listener_ix.length; n++) {
      const place = world.zonePlace[listener_ix[n]!]!;
      const found = byPlace.get(place);
      if (found === undefined) byPlace.set(place, [track_ix[n]!]);
      else found.push(track_ix[n]!);
    }
    const zoneTracks = new Map(
      Array.from(byPlace, ([place, tracks]) => [place, Int32Array.from(tracks)] as const),
    );
    return new Rankings(world, zoneTracks);
  }

  /** A single source by its own rank: as far as the pipeline asks it, then as far as it goes. */
  ofSource(
    source: CandidateSource,
    quota: number,
    listener: Listener,
    heard: ReadonlySet<number>,
  ): Proposal {
    return this.proposal([this.#offers(source, quota, listener, heard)], heard, () => [
      this.#offers(source, rankingDepth, listener, heard),
    ]);
  }

  /** Tracks that most listeners have played lately. */
  popularity(heard: ReadonlySet<number>): Proposal {
    return this.proposal([], heard);
  }

  /** The same among the listeners of the zone, then of the world. */
  popularityByZone(listener: Listener, heard: ReadonlySet<number>): Proposal {
    return this.proposal([this.#zoneTracks.get(listener.zonePlace) ?? new Int32Array(0)], heard);
  }

  /**
   * Tracks played by the same listeners as the tracks heard: sum of cosines over the latter, each
   * with its 200 nearest (Sarwar et al. 2001).
   */
  cosine(listener: Listener, heard: ReadonlySet<number>): Proposal {
    const { work } = this.#world.tracks;
    const sums = this.#sums;
    const touched: number[] = [];
    for (const track of listener.tracks) {
      const { indices, similarities } = neighboursOfItem(this.#cosine, track);
      for (let n = 0; n < indices.length; n++) {
        if (sums[indices[n]!] === 0) touched.push(indices[n]!);
        sums[indices[n]!]! += similarities[n]!;
      }
    }
    const best = new TopK(2 * rankingDepth);
    for (const track of touched) if (!heard.has(work[track]!)) best.push(track, sums[track]!);
    for (const track of touched) sums[track] = 0;
    return this.proposal([best.sorted().indices], heard);
  }

  /** The pipeline: its candidates by score, and the list that was assembled from them. */
  ofPipeline(
    track: Int32Array,
    score: Float32Array,
    assembled: readonly number[],
    heard: ReadonlySet<number>,
  ): Proposal {
    const places = Int32Array.from(track, (_, c) => c).sort(
      (a, b) => score[b]! - score[a]! || track[a]! - track[b]!,
    );
    const ranked = places.map((c) => track[c]!);
    return {
      ranking: this.#withNames(this.#rank([ranked], heard)),
      list: this.#withNames(this.#rank([assembled, ranked], heard)),
    };
  }

  /**
   * @param orders - tracks, best first, one order after the other
   * @param further - what follows where they have fewer than `rankingDepth` works
   */
  proposal(
    orders: readonly ArrayLike<number>[],
    heard: ReadonlySet<number>,
    further: () => readonly ArrayLike<number>[] = () => [],
  ): Proposal {
    const ranked = this.#rank([...orders, ...further()], heard);
    const list = this.#underListRules([ranked, this.#world.fallback], heard);
    return {
      ranking: this.#withNames(ranked),
      list: this.#withNames(this.#rank([list, ranked], heard)),
    };
  }

  #offers(
    source: CandidateSource,
    limit: number,
    listener: Listener,
    heard: ReadonlySet<number>,
  ): Int32Array {
    this.#pool.begin(heard);
    source.collect(listener, this.#pool, limit);
    return this.#pool.track.slice(0, this.#pool.size);
  }

  #rank(orders: readonly ArrayLike<number>[], heard: ReadonlySet<number>): number[] {
    const { work } = this.#world.tracks;
    const seen = new Set<number>();
    const ranked: number[] = [];
    for (const order of [...orders, this.#world.fallback]) {
      for (let n = 0; n < order.length && ranked.length < rankingDepth; n++) {
        const track = order[n]!;
        const of = work[track]!;
        if (heard.has(of) || seen.has(of)) continue;
        seen.add(of);
        ranked.push(track);
      }
    }
    return ranked;
  }

  #underListRules(orders: readonly ArrayLike<number>[], heard: ReadonlySet<number>): number[] {
    const { work, artist, album } = this.#world.tracks;
    const works = new Set<number>();
    const artists = new Set<number>();
    const albums = new Set<number>([-1]);
    const list: number[] = [];
    for (const order of orders) {
      for (let n = 0; n < order.length && list.length < listSize; n++) {
        const track = order[n]!;
        if (heard.has(work[track]!) || works.has(work[track]!)) continue;
        if (artists.has(artist[track]!)) continue;
        if (album[track] !== -1 && albums.has(album[track]!)) continue;
        works.add(work[track]!);
        artists.add(artist[track]!);
        albums.add(album[track]!);
        list.push(track);
      }
    }
    return list;
  }

  #withNames(tracks: readonly number[]): RankedTracks {
    const { work, artist } = this.#world.tracks;
    return {
      works: Int32Array.from(tracks, (track) => work[track]!),
      artists: Int32Array.from(tracks, (track) => artist[track]!),
    };
  }
}

/** Name of a way to rank that is one of our sources alone. */
export function sourceWay(name: SourceName): string {
  return `source/${name}`;
}
