import { idKeys, idOf } from '../model/ids.ts';
import type { StoredTracks } from '../model/listed-tracks.ts';
import { Unavailable } from '../pipelines/delivery/ports.ts';
import { nameTracks } from '../pipelines/listed.ts';
import type { ListedTrack, TrackName } from '../pipelines/lists.ts';
import type { Clock } from '../pipelines/ports.ts';
import { gather, type Lookup } from './gather.ts';
import { RecentKeys } from './recent-keys.ts';

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
   * A stored list with its names. Asks once for all that is missing, of several lists together where
   * they are read at once.
   *
   * @throws Unavailable where some are not stored: then the list cannot be told
   * @throws RangeError for bytes that are no list
   */
  named(stored: StoredTracks): Promise<ListedTrack[]>;
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
  const tracks = new RecentKeys<TrackName>(size);
  const artists = new RecentKeys<string>(size);

  async function find<Name>(
    kind: 'tracks' | 'artists',
    ids: ReadonlySet<string>,
    recent: RecentKeys<Name>,
    look: Lookup<Name>,
    found: Map<string, Name>,
  ): Promise<void> {
    if (ids.size === 0) return;
    const looked = await look([...ids]);
    const until = clock() + keepMs;
    for (const id of ids) {
      const name = looked.get(id);
      if (name === undefined) {
        throw new Unavailable(
          `names: expected those of all ${kind} of the list, got none of ${id}; npx mondaymix reconcile stores them again`,
        );
      }
      keep(recent, id, name, until);
      found.set(id, name);
    }
  }

  return {
    async named(stored) {
      // What was looked up for this list: it may be dropped again before the list is named.
      const found = { tracks: new Map<string, TrackName>(), artists: new Map<string, string>() };
      for (;;) {
        const now = clock();
        const missing = { tracks: new Set<string>(), artists: new Set<string>() };
        const listed = nameTracks(stored, {
          track(low, high) {
            const name = tracks.get(low, high, now);
            if (name !== undefined) return name;
            const id = idOf('track', low, high);
            return found.tracks.get(id) ?? (missing.tracks.add(id), unnamed);
          },
          artist(low, high) {
            const name = artists.get(low, high, now);
            if (name !== undefined) return name;
            const id = idOf('artist', low, high);
            return found.artists.get(id) ?? (missing.artists.add(id), '');
          },
        });
        if (missing.tracks.size + missing.artists.size === 0) return listed;
        await Promise.all([
          find('tracks', missing.tracks, tracks, lookTracks, found.tracks),
          find('artists', missing.artists, artists, lookArtists, found.artists),
        ]);
      }
    },
    async fill(signal) {
      const some = Math.floor(size / 2);
      for await (const name of source.anyTracks(some)) {
        if (signal.aborted) return;
        keep(tracks, name.trackId, name, clock() + keepMs);
      }
      for await (const [id, name] of source.anyArtists(some)) {
        if (signal.aborted) return;
        keep(artists, id, name, clock() + keepMs);
      }
    },
  };
}

/** In place of a name that is still to be looked up. */
const unnamed: TrackName = { trackId: '', title: '', artists: [''], artistId: '' };

function keep<Name>(recent: RecentKeys<Name>, id: string, name: Name, until: number): void {
  const { low, high } = idKeys([id]);
  recent.set(low[0]!, high[0]!, name, until);
}
