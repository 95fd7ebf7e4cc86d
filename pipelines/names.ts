import type { SourceName } from '../model/candidates/pool.ts';
import type { Sql } from './ports.ts';
import type { World } from './world.ts';

/** The tracks chosen for a listener, in playing order. */
export interface Chosen {
  readonly listener: number;
  /** Distinct candidates that the ranker saw. */
  readonly candidates: number;
  readonly tracks: readonly {
    readonly track: number;
    readonly source: SourceName;
    /**
     * Whom the reason names: a heard track (`factors`, `playlists`), an artist whom the listener
     * plays, or the track's own (`artists`, `text`), a place (`popularity`); -1: nobody.
     */
    readonly because: number;
    /** Whether the listener has played the lead artist. */
    readonly artistPlayed: boolean;
  }[];
}

export interface TrackNames {
  readonly track_ix: number;
  readonly track_id: string;
  readonly title: string;
  readonly artists: string[];
  readonly album: string | null;
  readonly length_s: number | null;
  readonly artist_ix: number;
  readonly artist_id: string;
  readonly artist: string;
}

/** What names the lists of some listeners need. */
export interface Names {
  readonly tracks: ReadonlyMap<number, TrackNames>;
  readonly artists: ReadonlyMap<number, string>;
  /** `${artist_ix} ${other}` -> the term that both are described by, and of which kind it is. */
  readonly shared: ReadonlyMap<string, { readonly term: string; readonly kind: string }>;
  readonly places: readonly string[];
}

/** Reads the names of chosen tracks, and of all that their reasons name. */
export async function readNames(sql: Sql, world: World, chosen: readonly Chosen[]): Promise<Names> {
  const tracks = new Set<number>();
  const artists = new Set<number>();
  const pairs = new Set<string>();
  for (const list of chosen) {
    for (const { track, source, because } of list.tracks) {
      tracks.add(track);
      if (because === -1) continue;
      if (source === 'factors' || source === 'playlists') tracks.add(because);
      if (source === 'artists' || source === 'text') artists.add(because);
      if (source === 'text') pairs.add(`${because} ${world.tracks.artist[track]}`);
    }
  }
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE needed_tracks (track_ix INTEGER);
     CREATE OR REPLACE TEMP TABLE needed_artists (artist_ix INTEGER);
     CREATE OR REPLACE TEMP TABLE needed_pairs (artist_ix INTEGER, neighbour_ix INTEGER);`,
  );
  await sql.append(
    'needed_tracks',
    Array.from(tracks, (track) => [track]),
  );
  await sql.append(
    'needed_artists',
    Array.from(artists, (artist) => [artist]),
  );
  await sql.append(
    'needed_pairs',
    Array.from(pairs, (pair) => pair.split(' ').map(Number)),
  );
  const trackRows = await sql.rows<TrackNames>(
    `SELECT track_ix, track_id, title, artists, album, length_s, artist_ix, artist_id, name AS artist
     FROM needed_tracks JOIN catalogue.tracks USING (track_ix) JOIN catalogue.artists USING (artist_ix)`,
  );
  const artistRows = await sql.rows<{ artist_ix: number; name: string }>(
    'SELECT artist_ix, name FROM needed_artists JOIN catalogue.artists USING (artist_ix)',
  );
  const sharedRows = await sql.rows<{ pair: string; term: string; kind: string }>(
    `SELECT n.artist_ix || ' ' || n.neighbour_ix AS pair, n.shared AS term,
            coalesce(min(t.kind), 'noun') AS kind
     FROM needed_pairs
     JOIN text.artist_neighbours n USING (artist_ix, neighbour_ix)
     LEFT JOIN text.artist_terms t ON t.artist_ix = n.artist_ix AND t.term = n.shared
     WHERE n.shared IS NOT NULL
     GROUP BY ALL`,
  );
  return {
    tracks: new Map(trackRows.map((row) => [row.track_ix, row])),
    artists: new Map(artistRows.map(({ artist_ix, name }) => [artist_ix, name])),
    shared: new Map(sharedRows.map(({ pair, term, kind }) => [pair, { term, kind }])),
    places: world.places,
  };
}
