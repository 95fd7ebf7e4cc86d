import { Unavailable } from '../pipelines/delivery/ports.ts';
import type { ListNames } from '../pipelines/listed.ts';
import type { TrackName } from '../pipelines/lists.ts';
import type { Clock } from '../pipelines/ports.ts';
import { gather, type Lookup } from './gather.ts';
import { Recent } from './recent.ts';

/** Where names are looked up that are not at hand; what is not there is absent. */
export interface NameSource {
  tracks(ids: readonly string[]): Promise<ReadonlyMap<string, TrackName>>;
  artists(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Names of tracks that are stored, in any order. */
  anyTracks(limit: number): AsyncIterable<TrackName>;
  /** Ids and names of artists that are stored, in any order. */
  anyArtists(limit: number): AsyncIterable<readonly [id: string, name: string]>;
}

export interface NameCacheOptions {
  readonly clock: Clock;
  /** Names of each kind that are kept at most. Default 250,000: some 100 MB. */
  readonly size?: number;
  /** After so long a name is looked up again, in milliseconds. Default an hour. */
  readonly keepMs?: number;
}

/** Names of some tracks and artists: those used last are at hand in this process. */
export interface NameCache {
  /**
   * Asks once for all that is missing, of several lists together where they are read at once.
   *
   * @throws Unavailable where some are not stored: then the list cannot be told
   */
  named(ids: {
    readonly tracks: readonly string[];
    readonly artists: readonly string[];
  }): Promise<ListNames>;
  /**
   * Fills half of the cache with names that are stored: after a start the first listeners would wait
   * for names. Stops with the signal.
   */
  fill(signal: AbortSignal): Promise<void>;
}

export function openNameCache(
  source: NameSource,
  { clock, size = 250_000, keepMs = 3_600_000 }: NameCacheOptions,
): NameCache {
  const lookTracks = gather((ids) => source.tracks(ids));
  const lookArtists = gather((ids) => source.artists(ids));
  const tracks = new Recent<TrackName>(size);
  const artists = new Recent<string>(size);

  async function find<Name>(
    kind: 'tracks' | 'artists',
    ids: readonly string[],
    recent: Recent<Name>,
    look: Lookup<Name>,
  ): Promise<ReadonlyMap<string, Name>> {
    const now = clock();
    const found = new Map<string, Name>();
    const missing = new Set<string>();
    for (const id of ids) {
      const name = recent.get(id, now);
      if (name === undefined) missing.add(id);
      else found.set(id, name);
    }
    if (missing.size === 0) return found;
    const looked = await look([...missing]);
    for (const id of missing) {
      const name = looked.get(id);
      if (name === undefined) {
        throw new Unavailable(
          `names: expected those of all ${kind} of the list, got none of ${id}; npx mondaymix reconcile stores them again`,
        );
      }
      recent.set(id, name, now + keepMs);
      found.set(id, name);
    }
    return found;
  }

  return {
    async named(ids) {
      const [ofTracks, ofArtists] = await Promise.all([
        find('tracks', ids.tracks, tracks, lookTracks),
        find('artists', ids.artists, artists, lookArtists),
      ]);
      return { track: (id) => ofTracks.get(id), artist: (id) => ofArtists.get(id) };
    },
    async fill(signal) {
      const some = Math.floor(size / 2);
      for await (const name of source.anyTracks(some)) {
        if (signal.aborted) return;
        tracks.set(name.trackId, name, clock() + keepMs);
      }
      for await (const [id, name] of source.anyArtists(some)) {
        if (signal.aborted) return;
        artists.set(id, name, clock() + keepMs);
      }
    },
  };
}
